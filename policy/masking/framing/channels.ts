// The events of a streamed answer under a mask. A text comes in pieces over many events, several texts at once: each choice has its
// content, its reasoning, its tool calls. Every one of them has a masker of its own here, and an event goes on with what that masker
// released in the place of the piece that it brought. What stands where is said by the protocol, event by event.
import type { Masker } from '../masker.ts'
import { Counts } from './counts.ts'
import { JsonRewriter } from './json-rewriter.ts'
import { maskJson } from './json-text.ts'
import { countPlaces, maskEverywhere, type Place, type Start, type StringPlace, type TextAt } from './place.ts'
import { fillPieces } from './pieces.ts'
import { applySplices, endsInHalf, TextSink } from './sink.ts'

export interface Channel {
  readonly choice: string
  /** Content, refusal, the arguments of one tool call ... */
  readonly name: string
}

export interface StreamEvent {
  /** JSON. Anything else is masked as plain text. */
  readonly text: string
  /** What the text came in, such as a raw server-sent event; handed back with events that are made after this one. */
  readonly frame: string
}

export interface EventPlan {
  /** Made of the set's `piece` and `whole` for what belongs to a channel; the rest as the protocol knows it. */
  readonly places: Place
  /**
   * Texts that get no more pieces after this event: of a choice, or one channel of it. A piece that comes all the same begins a new text,
   * which ends as the first one did; nothing of it is put together with what has left.
   */
  readonly ends: Endings
  /**
   * What an event that is made after this one keeps of it, besides the held text: `instead` for what must not be said twice, such as
   * reasons to finish, usage and numbers of events. Absent: all of it.
   */
  readonly held?: Place
}

export type Endings = 'All' | readonly { readonly choice: string; readonly name?: string }[]

/** Text that was held until its channel ended, as an event like the one that brought the last piece. */
export interface HeldEvent extends StreamEvent {
  readonly channel: Channel
  /** The held text alone, for protocols that write their own event. */
  readonly held: string
}

export interface MaskedEvent {
  /** To be sent first. */
  readonly before: readonly HeldEvent[]
  readonly text: string
  /** It brought pieces, and nothing of them may leave yet. */
  readonly isSilent: boolean
  /** All that it brought is one piece of a text that goes on. */
  readonly single?: SinglePiece
}

/** For events that differ from this one in their piece alone, and need not be read again. */
export interface SinglePiece {
  /** Of its first unit in the text that goes on. */
  readonly at: number
  /** What went on in its place. */
  readonly released: string
  /** The next piece of the text; gives what goes on. Good until the set masks another event. */
  readonly push: (text: string) => string
}

interface OpenChannel {
  readonly channel: Channel
  readonly masker: Masker
  /** Half of a surrogate pair, which cannot be sent alone. */
  half: string
  /** The event that brought the last piece, as it went on. */
  sent: Sent | undefined
}

interface Sent {
  readonly event: StreamEvent
  readonly pieces: readonly Piece[]
  readonly held: Place | undefined
}

interface Piece {
  readonly open: OpenChannel
  /** Of its first unit in the text of the event. */
  readonly at: number
}

/** One event while it is rewritten. */
interface Work {
  readonly sink: TextSink
  readonly ends: Endings
  readonly pieces: Piece[]
  /** How many pieces of a channel that ends are still to come. */
  readonly left: Map<string, number>
  released: string
}

/** What a masker for each channel and for all other texts is made with. */
export interface ChannelStarts {
  /**
   * The same for the pieces of a text and for the whole of it, so that both agree. Where the first piece stood, or the whole; good as long
   * as the masker is.
   */
  readonly channel: (channel: Channel, at: TextAt) => Masker
  readonly other: Start
}

/** More than any stream has open at once, in channels and in units of the events that they keep. Of channels beyond that nothing goes on. */
const maxOpen = 1_024
const maxKept = 16_777_216

/** A larger event is kept for a channel only when it has no other. */
const maxEvent = 262_144

export class ChannelSet {
  readonly #starts: ChannelStarts
  readonly #open = new Map<string, OpenChannel>()
  readonly #places = new Map<Place, string>()
  readonly #counts = new Counts()
  #work: Work = startWork([])

  constructor(starts: ChannelStarts) {
    this.#starts = starts
  }

  /**
   * The place of a string that continues a channel's text. Anything else there is a text like others. Good for one event. A pointer that
   * leads here decides how the whole text is masked, if it does so with its first piece. `at` is where findings are said to stand;
   * absent: where the first piece stands in its event.
   */
  piece(channel: Channel, at?: TextAt): Place {
    return this.#piece(channel, (there) => this.#starts.channel(channel, at ?? there))
  }

  /** The place of a string that repeats a channel's whole text. */
  whole(channel: Channel, at?: TextAt): Place {
    return { kind: 'String', start: (there) => this.#starts.channel(channel, at ?? there), otherwise: this.other }
  }

  /** For what the protocol does not know. */
  get other(): Place {
    return maskEverywhere(this.#starts.other)
  }

  #piece(channel: Channel, start: Start): StringPlace {
    const place: StringPlace = {
      kind: 'String',
      start: (at) => this.#startPiece(channel, start, at),
      otherwise: this.other,
      startedBy: (other) => this.#piece(channel, other),
    }
    this.#places.set(place, toKey(channel))
    return place
  }

  mask(event: StreamEvent, plan: EventPlan): MaskedEvent {
    const work = startWork(plan.ends)
    this.#work = work
    // A channel ends after its last piece, and which one that is must be known before.
    if (plan.ends.length > 0) this.#countPieces(event.text, plan.places)
    this.#places.clear()
    const rewriter = new JsonRewriter(plan.places, this.#starts.other, work.sink)
    rewriter.push(event.text)
    rewriter.end()
    this.#counts.add(rewriter.counts())
    const text = work.sink.takeAll()
    const sent: Sent = { event: { text, frame: event.frame }, pieces: work.pieces, held: plan.held }
    for (const { open } of work.pieces) {
      if (text.length <= maxEvent || open.sent === undefined) open.sent = sent
    }
    const before = this.#end(({ channel }) => hasEnded(plan.ends, channel))
    const single = plan.ends.length === 0 ? toSinglePiece(work) : undefined
    return { before, text, isSilent: work.pieces.length > 0 && work.released === '', ...(single && { single }) }
  }

  /** Also of a stream that breaks off: what is held goes out before the error does. */
  end(): readonly HeldEvent[] {
    return this.#end(() => true)
  }

  counts(): Readonly<Record<string, number>> {
    return this.#counts.sum()
  }

  #countPieces(text: string, places: Place): void {
    for (const [place, count] of countPlaces(text, places)) {
      const key = this.#places.get(place)
      if (key !== undefined) this.#work.left.set(key, (this.#work.left.get(key) ?? 0) + count)
    }
  }

  #startPiece(channel: Channel, start: Start, at: TextAt): Masker {
    const key = toKey(channel)
    const open = this.#open.get(key) ?? this.#openChannel(channel, start, at)
    if (open === undefined) return swallow
    const work = this.#work
    work.pieces.push({ open, at: work.sink.length })
    return {
      push: (text) => note(work, takeWhole(open, open.masker.push(text))),
      end: () => {
        const left = (work.left.get(key) ?? 1) - 1
        work.left.set(key, left)
        if (left > 0 || !hasEnded(work.ends, channel)) return ''
        this.#open.delete(key)
        return note(work, open.half + open.masker.end())
      },
      // Counted with the channel.
      counts: () => ({}),
    }
  }

  /** Undefined: there are too many. */
  #openChannel(channel: Channel, start: Start, at: TextAt): OpenChannel | undefined {
    if (this.#open.size >= maxOpen || this.#kept() > maxKept) return undefined
    // The reader of this event moves on; what the masker finds, it may find events later.
    const path = at.path()
    const masker = this.#counts.track(start({ key: at.key, path: () => path }))
    const open: OpenChannel = { channel, masker, half: '', sent: undefined }
    this.#open.set(toKey(channel), open)
    return open
  }

  #kept(): number {
    return this.#open.values().reduce((units, { sent }) => units + (sent?.event.text.length ?? 0), 0)
  }

  #end(isWanted: (open: OpenChannel) => boolean): readonly HeldEvent[] {
    const events: HeldEvent[] = []
    for (const [key, open] of this.#open) {
      if (!isWanted(open)) continue
      this.#open.delete(key)
      const held = open.half + open.masker.end()
      if (held !== '' && open.sent !== undefined) events.push(this.#toHeldEvent(open, open.sent, held))
    }
    return events
  }

  #toHeldEvent({ channel }: OpenChannel, { event, pieces, held: place }: Sent, held: string): HeldEvent {
    const first = pieces.find(({ open }) => toKey(open.channel) === toKey(channel))
    const texts = pieces.map((piece) => ({ at: piece.at, text: piece === first ? held : '' }))
    const copy = fillPieces(event.text, texts)
    const text = place === undefined ? copy : applySplices(copy, maskJson(copy, place, this.#starts.other).splices)
    return { channel, held, text, frame: event.frame }
  }
}

const swallow: Masker = { push: () => '', end: () => '', counts: () => ({}) }

function startWork(ends: Endings): Work {
  return { sink: new TextSink(), ends, pieces: [], left: new Map(), released: '' }
}

function toSinglePiece({ pieces, released }: Work): SinglePiece | undefined {
  const [only] = pieces
  if (only === undefined || pieces.length > 1) return undefined
  const { open, at } = only
  return { at, released, push: (text) => takeWhole(open, open.masker.push(text)) }
}

function toKey({ choice, name }: Channel): string {
  return `${choice.length} ${choice}${name}`
}

function hasEnded(ends: Endings, channel: Channel): boolean {
  if (ends === 'All') return true
  return ends.some(({ choice, name }) => choice === channel.choice && (name === undefined || name === channel.name))
}

function note(work: Work, released: string): string {
  work.released += released
  return released
}

function takeWhole(open: OpenChannel, released: string): string {
  if (released === '') return ''
  const all = open.half + released
  const whole = endsInHalf(all) ? all.length - 1 : all.length
  open.half = all.slice(whole)
  return all.slice(0, whole)
}
