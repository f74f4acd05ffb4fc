// Answers of OpenAI's Responses under a mask, whole or as typed events. A text is told up to four times: in pieces, as a whole, in its
// item, in the last event. Each of its wholes is masked as its pieces were together, so that all of them agree.
import { parseJson } from '../../../../policy/plain-keys.ts'
import type { ChannelSet, Endings, EventPlan, HeldEvent } from '../../../../policy/masking/framing/channels.ts'
import type { Place } from '../../../../policy/masking/framing/place.ts'
import type { TextMasks } from '../../../../policy/masking/text-masks.ts'
import type { JsonObject } from '../../../../policy/model.ts'
import type { PlannedEvent, SsePlans, WrittenEvent } from '../../framing/sse-mask.ts'
import { isJsonObject } from '../../json/strict-json.ts'
import type { AnswerMasking } from '../answer.ts'
import { Numbering } from './numbering.ts'
import { toPieces, type Pieces } from './pieces.ts'
import { Places, withFields } from './place.ts'
import {
  growsInItem,
  partTexts,
  toDelta,
  toGrowing,
  toPart,
  toTold,
  type Growing,
  type Told,
} from './response-growth.ts'
import { maskedEvent, maskedItem, maskedPart, maskedResponse, unfinishedResponse } from './response-shapes.ts'

export const responseMasking: AnswerMasking = {
  whole: ({ start }) => new Places(start).of(maskedResponse),
  plans: (masks) => new ResponsePlans(masks),
}

const lasts: ReadonlySet<string> = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
  'response.cancelled',
  'error',
])

/** More than any answer has. Of one that has more, no text goes on. */
const maxRemembered = 1_024

class ResponsePlans implements SsePlans {
  readonly marks: ReadonlySet<string> = new Set(['[DONE]'])
  readonly #places: Places
  readonly #numbering: Numbering
  /** Texts that have ended, and items. */
  readonly #over = new Set<string>()
  /** Of each item, what events that nobody knows are about. */
  readonly #strange = new Map<string, Set<string>>()
  #isAllOver = false

  constructor({ start }: TextMasks) {
    this.#places = new Places(start)
    this.#numbering = new Numbering('sequence_number', start)
  }

  readonly plan = ({ said, event, isAfterMark }: PlannedEvent, set: ChannelSet): EventPlan => {
    if (!isJsonObject(said)) return { places: set.other, ends: [] }
    this.#numbering.see(said['sequence_number'])
    this.#isAllOver ||= isAfterMark
    const told = toTold(said, event)
    const plan = this.#planEvent(told, said, set)
    this.#note(plan.ends)
    return plan
  }

  /** An item that begins anew in the events would be another item. */
  readonly write = ({ channel, held, text, frame }: HeldEvent): WrittenEvent => {
    const said = parseJson(text)
    if (!isJsonObject(said) || toTold(said, frame).phase !== 'added') return { event: frame, data: text }
    const delta = { ...toDelta(channel.name, said, held), ...this.#numbering.field }
    return { event: frame === '' ? '' : delta.type, data: JSON.stringify(delta) }
  }

  get finish(): (data: string, origin: 'Came' | 'Made') => string {
    return this.#numbering.finish
  }

  #planEvent(told: Told, said: JsonObject, set: ChannelSet): EventPlan {
    const { type, name } = told
    if (type === '') return { places: this.#places.of(maskedResponse), ends: [] }
    if (lasts.has(type)) return { places: this.#with({}), ends: 'All' }
    const growing = toGrowing(told, said)
    if (growing !== undefined) return this.#planText(told, growing, said, set)
    const part = toPart(told, said)
    if (part !== undefined) return this.#planPart(told, part, said, set)
    if (name === 'response.output_item') return this.#planItem(told, said, set)
    if (name === 'response.output_text.annotation') return { places: this.#with({}), ends: [] }
    if (!isJsonObject(said['response'])) return this.#planStrange(told, said, set)
    return { places: this.#with({ response: this.#places.of(unfinishedResponse) }), ends: [] }
  }

  #planText({ phase, item }: Told, { path, field }: Growing, { delta }: JsonObject, set: ChannelSet): EventPlan {
    const whole = { [field]: this.#places.of('Text') }
    if (phase === 'done') return { places: this.#with(whole), ends: [{ choice: item, name: path }] }
    return {
      places: this.#with({ ...whole, delta: toPieces(delta, 'Text', path, this.#piecesOf(item, set)) }),
      ends: [],
    }
  }

  #planPart({ phase, item }: Told, path: string, { part }: JsonObject, set: ChannelSet): EventPlan {
    if (phase === 'done') {
      return { places: this.#with({}), ends: partTexts.map((text) => ({ choice: item, name: `${path}/${text}` })) }
    }
    const pieces = { ...this.#piecesOf(item, set), grows: growsInItem }
    return { places: this.#with({ part: toPieces(part, maskedPart, path, pieces) }), ends: [] }
  }

  #planItem({ phase, item }: Told, said: JsonObject, set: ChannelSet): EventPlan {
    if (phase === 'done') {
      const ends = [item, ...(this.#strange.get(item) ?? [])].map((choice) => ({ choice }))
      return { places: this.#with({}), ends }
    }
    const pieces = { ...this.#piecesOf(item, set), grows: growsInItem }
    return { places: this.#with({ item: toPieces(said['item'], maskedItem, '', pieces) }), ends: [] }
  }

  /** Any text in it may be a piece of one. */
  #planStrange({ type, name, phase, item }: Told, said: JsonObject, set: ChannelSet): EventPlan {
    const about = ['item_id', 'content_index', 'command_index'].map((key) => JSON.stringify(said[key] ?? null))
    const choice = [item, name, ...about].join('/')
    if (phase === 'done') return { places: this.#with({}), ends: [{ choice }] }
    this.#remember(item, choice)
    const shape = type === 'response.audio.delta' ? { ...maskedEvent, delta: 'Opaque' as const } : maskedEvent
    return { places: toPieces(said, shape, '', this.#piecesOf(choice, set)), ends: [] }
  }

  #with(places: Readonly<Record<string, Place>>): Place {
    return withFields(this.#places.of(maskedEvent), places)
  }

  #piecesOf(choice: string, set: ChannelSet): Pieces {
    const isOver = (path: string): boolean =>
      this.#isAllOver || this.#over.has(choice) || this.#over.has(`${choice}/${path}`)
    return { set, places: this.#places, choice, isOver }
  }

  #remember(item: string, choice: string): void {
    const known = this.#strange.get(item) ?? new Set()
    if (known.size >= maxRemembered || this.#strange.size >= maxRemembered) return
    this.#strange.set(item, known.add(choice))
  }

  #note(ends: Endings): void {
    if (ends === 'All' || this.#over.size >= maxRemembered) this.#isAllOver = true
    else for (const { choice, name } of ends) this.#over.add(name === undefined ? choice : `${choice}/${name}`)
  }
}
