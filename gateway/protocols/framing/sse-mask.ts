// A stream of server-sent events under a mask: one event in, what goes on out. What stands where in an event is said by the protocol;
// here is what all of them have in common: every text that comes in pieces has a masker of its own, what is held leaves before the
// event that ends it, and nothing passes beside the data.
import { parseJson } from '../../../policy/plain-keys.ts'
import { ChannelSet, type Channel, type EventPlan, type HeldEvent } from '../../../policy/masking/framing/channels.ts'
import { nowhere, type TextAt } from '../../../policy/masking/framing/place.ts'
import { replaceSseData } from '../../../policy/masking/framing/sse-data.ts'
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import type { Json } from '../../../policy/model.ts'
import type { StreamMask } from '../protocol.ts'
import { toRepeatedEvent, type RepeatedEvent } from './repeated-event.ts'
import { SseReader, type SseEvent } from './sse.ts'

/** One for each stream: it may remember what it has seen. */
export interface SsePlans {
  /**
   * What is masked in one event, and which channels end with it. `choice` and `name` of a channel make the path that findings in it are
   * told by, `/choice/name`; the last name in that path is the field that holds the text.
   */
  readonly plan: (event: PlannedEvent, set: ChannelSet) => EventPlan
  /** Data that is no JSON and ends every text, such as `[DONE]`. Other data that is no JSON is masked as text. */
  readonly marks?: ReadonlySet<string>
  /** How the protocol says text that was held until its channel ended. Absent: in the event that brought its last piece, once more. */
  readonly write?: (held: HeldEvent) => WrittenEvent
  /** What is planned for an event depends neither on the texts in it nor on how many events came like it. */
  readonly isSteady?: boolean
  /** Sees the data of every event in the order in which they leave, with the mask applied; what it gives is sent. */
  readonly finish?: (data: string, origin: 'Came' | 'Made') => string
}

export interface PlannedEvent {
  readonly said: Json
  /** Empty: the event has no name of its own. */
  readonly event: string
  /** Every text has ended. */
  readonly isAfterMark: boolean
}

export interface WrittenEvent {
  /** Empty: none. */
  readonly event: string
  readonly data: string
}

export function openSseMask(masks: TextMasks, plans: SsePlans): StreamMask {
  const { push, again, end } = new SseMask(masks, plans)
  return { push, again, end }
}

class SseMask implements StreamMask {
  readonly #masks: TextMasks
  readonly #plans: SsePlans
  readonly #set: ChannelSet
  readonly #reader = new SseReader()
  readonly #lines: MaskedLines
  /** The last event has no blank line: what comes next would become part of it. */
  #isOpen = false
  #isAfterMark = false
  #repeated: RepeatedEvent | undefined

  constructor(masks: TextMasks, plans: SsePlans) {
    this.#masks = masks
    this.#plans = plans
    this.#lines = new MaskedLines(masks)
    this.#set = new ChannelSet({ channel: (channel) => masks.start(toTextAt(channel)), other: masks.start })
  }

  readonly push = (bytes: Uint8Array): Uint8Array => {
    const again = this.again(bytes)
    if (again !== undefined) return again
    // All are whole, but for the last one of a stream that breaks off.
    const events = [...this.#reader.push(bytes), ...this.#reader.end()]
    return encoder.encode(events.map((event) => this.#take(event)).join(''))
  }

  readonly again = (event: Uint8Array): Uint8Array | undefined => this.#repeated?.take(event)

  readonly end = (): Uint8Array => {
    this.#repeated = undefined
    return encoder.encode(this.#send(this.#writeHeld(this.#set.end())))
  }

  #take(event: SseEvent): string {
    this.#repeated = undefined
    const raw = this.#lines.mask(decoder.decode(event.raw))
    return this.#send(this.#maskData(raw, event))
  }

  #maskData(raw: string, { data, event }: SseEvent): string {
    if (data === undefined || data === '') return raw
    if (this.#plans.marks?.has(data) === true) {
      this.#isAfterMark = true
      return this.#writeHeld(this.#set.end()) + raw
    }
    const { places, ends } = this.#plan(data, event)
    const { before, text, single } = this.#set.mask(
      { text: data, frame: event },
      { places: this.#masks.over(places), ends },
    )
    if (single !== undefined && this.#plans.isSteady === true && this.#plans.finish === undefined) {
      this.#repeated = toRepeatedEvent({ raw, data, masked: text, single })
    }
    return this.#writeHeld(before) + replaceSseData(raw, this.#finish(text, 'Came'))
  }

  #plan(data: string, event: string): EventPlan {
    const said = parse(data)
    if (said === undefined) return { places: this.#set.other, ends: [] }
    return this.#plans.plan({ said, event, isAfterMark: this.#isAfterMark }, this.#set)
  }

  #writeHeld(held: readonly HeldEvent[]): string {
    return held
      .map((one) => {
        const { event, data } = this.#plans.write?.(one) ?? { event: one.frame, data: one.text }
        return writeSseEvent({ event: this.#lines.maskName(event), data: this.#finish(data, 'Made') })
      })
      .join('')
  }

  #finish(data: string, origin: 'Came' | 'Made'): string {
    return this.#plans.finish?.(data, origin) ?? data
  }

  #send(events: string): string {
    if (events === '') return ''
    const sent = this.#isOpen ? `\n\n${events}` : events
    this.#isOpen = !endsInBlankLine.test(events)
    return sent
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

const endsInBlankLine = /(?:^|\r\n|\r|\n)(?:\r\n|\r|\n)$/u

function writeSseEvent({ event, data }: WrittenEvent): string {
  const name = event === '' ? '' : `event: ${event}\n`
  return `${name}${data
    .split(/\r\n|\r|\n/u)
    .map((line) => `data: ${line}\n`)
    .join('')}\n`
}

/** Names that look like the names programs give to fields are told; anything else may be data. */
const plainStep = /^(?:[A-Za-z_]{1,32}|\d{1,6})$/u

function toTextAt({ choice, name }: Channel): TextAt {
  const steps = [choice, name].flatMap((part) => part.split('/')).filter((step) => step !== '')
  return {
    key: steps.findLast((step) => !/^\d/u.test(step)),
    path: () => steps.map((step) => `/${plainStep.test(step) ? step : '*'}`).join(''),
  }
}

/** Undefined: no JSON. */
function parse(data: string): Json | undefined {
  try {
    return parseJson(data)
  } catch {
    return undefined
  }
}

/** What stands beside the data: names and ids as the texts that they may be; what no client is to see is left out. */
class MaskedLines {
  readonly #masks: TextMasks
  /** Few, and the same in every event. */
  readonly #names = new Map<string, string>()
  #isFirst = true

  constructor(masks: TextMasks) {
    this.#masks = masks
  }

  /** `raw` is one event. Its data is as it was. */
  mask(raw: string): string {
    const text = this.#isFirst && raw.startsWith('\ufeff') ? raw.slice(1) : raw
    this.#isFirst = false
    return text.replaceAll(/[^\r\n]*(?:\r\n|\r|\n|$)/gu, (line) => this.#maskLine(line))
  }

  maskName(name: string): string {
    const known = this.#names.get(name)
    if (known !== undefined) return known
    const masked = this.#maskText(name)
    if (this.#names.size < maxNames) this.#names.set(name, masked)
    return masked
  }

  #maskLine(line: string): string {
    const { name, colon, value, end } = splitLine(line)
    if (name === 'data' || line === end) return line
    const masked = this.#maskField(name, value)
    if (masked === undefined) return ''
    return masked === value ? line : `${name}${masked === '' ? ':' : colon}${masked}${end}`
  }

  /** Undefined: the line is left out. */
  #maskField(name: string, value: string): string | undefined {
    switch (name) {
      // A comment keeps a connection alive, whatever it says.
      case '':
        return ''
      case 'event':
        return this.maskName(value)
      case 'id':
        return this.#maskText(value)
      case 'retry':
        return /^\d{1,6}$/u.test(value) ? value : undefined
      default:
        return undefined
    }
  }

  #maskText(text: string): string {
    const masker = this.#masks.start(nowhere)
    return `${masker.push(text)}${masker.end()}`.replaceAll(/[\r\n]+/gu, ' ')
  }
}

const maxNames = 64

const lineParts = /^([^:\r\n]*)(:[ ]?)?([^\r\n]*)(\r\n|\r|\n|)$/u

function splitLine(line: string): {
  readonly name: string
  readonly colon: string
  readonly value: string
  readonly end: string
} {
  const [, name = '', colon = '', value = '', end = ''] = lineParts.exec(line) ?? []
  return { name, colon, value, end }
}
