// The places of one value of a stream, in which a text goes on where the value before it ended: every string has a channel of its own, told
// by where it stands.
import type { ChannelSet } from '../../../policy/masking/framing/channels.ts'
import {
  enter,
  isKnownName,
  items,
  nowhere,
  settle,
  type Place,
  type Start,
} from '../../../policy/masking/framing/place.ts'
import type { Json, JsonObject } from '../../../policy/model.ts'
import { isJsonObject } from '../json/strict-json.ts'

export interface PieceOptions {
  readonly set: ChannelSet
  /** For members that are no piece of any text. Undefined: they are. */
  readonly known?: (key: string, value: Json) => Place | undefined
}

interface Standing {
  readonly value: Json
  /** What the value would be under if it were a document of its own. */
  readonly data: Place
  readonly steps: readonly string[]
}

/** One for each stream. */
export class PiecePlaces {
  readonly #strange = new Map<string, string>()

  /** Depth is bounded by who has read the value. */
  of(value: Json, data: Place, options: PieceOptions): Place {
    return this.#of({ value, data, steps: [] }, options)
  }

  #of({ value, data, steps }: Standing, options: PieceOptions): Place {
    if (typeof value === 'string') return this.#ofText({ data, steps }, options)
    if (Array.isArray(value)) {
      const places = value.map((item: Json, i) => this.#of(this.#enter({ value: item, data, steps }, i), options))
      return items((i) => places[i] ?? data, data)
    }
    return isJsonObject(value) ? this.#ofObject(value, { data, steps }, options) : data
  }

  #ofText({ data, steps }: Omit<Standing, 'value'>, { set }: PieceOptions): Place {
    const settled = settle(data, true)
    if (settled.kind !== 'Mask' && settled.kind !== 'String') return data
    const isWhole = steps.length === 0
    const place = set.piece({ choice: '', name: isWhole ? wholeValue : steps.join('/') })
    const start: Start = isWhole ? () => settled.start(nowhere) : settled.start
    return place.kind === 'String' ? (place.startedBy?.(start) ?? place) : place
  }

  /** Names are masked as those of any data: what stands in this value alone does not make them known. */
  #ofObject(object: JsonObject, { data, steps }: Omit<Standing, 'value'>, options: PieceOptions): Place {
    const known = new Map<string, Place>()
    const places = new Map<string, Place>()
    for (const [key, value] of Object.entries(object)) {
      const place = options.known?.(key, value)
      if (place !== undefined) known.set(key, place)
      places.set(key, place ?? this.#of(this.#enter({ value, data, steps }, key), options))
    }
    return {
      kind: 'Over',
      enter: (step) => (typeof step === 'string' ? places.get(step) : undefined) ?? enter(data, step),
      settle: (isString) => settle(data, isString),
      knows: (name) => known.has(name) || isKnownName(data, name),
    }
  }

  #enter({ value, data, steps }: Standing, key: string | number): Standing {
    return { value, data: enter(data, key), steps: [...steps, this.#toStep(String(key))] }
  }

  /** Channels are told apart by this, and shown to people: a name that may be data is a number there. */
  #toStep(key: string): string {
    if (plainStep.test(key)) return key
    const known = this.#strange.get(key) ?? `*${this.#strange.size + 1}`
    this.#strange.set(key, known)
    return known
  }
}

/** No step is called this. */
const wholeValue = '*0'
const plainStep = /^(?:[A-Za-z_]{1,32}|\d{1,6})$/u
