// The places of one value of a stream, in which a text goes on where the value before it ended: every string has a channel of its own, told
// by where it stands.
import type { Channel, ChannelSet } from '../../../policy/masking/framing/channels.ts'
import { fields, items, type Place } from '../../../policy/masking/framing/place.ts'
import type { Json, JsonObject } from '../../../policy/model.ts'
import { isJsonObject } from '../json/strict-json.ts'

export interface PieceOptions {
  readonly set: ChannelSet
  /** What is no string, and the names of fields. */
  readonly data: Place
  /** For members that are no piece of any text. Undefined: they are. */
  readonly known?: (key: string, value: Json) => Place | undefined
}

/** One for each stream. */
export class PiecePlaces {
  readonly #strange = new Map<string, string>()

  /** Depth is bounded by who has read the value. */
  of(value: Json, options: PieceOptions, channel: Channel = wholeValue): Place {
    const { set, data } = options
    if (typeof value === 'string') return set.piece(channel)
    if (Array.isArray(value)) {
      const places = value.map((item: Json, i) => this.of(item, options, this.#enter(channel, String(i))))
      return items((i) => places[i] ?? data, data)
    }
    return isJsonObject(value) ? this.#ofObject(value, options, channel) : data
  }

  /** Channels are told apart by this, and shown to people: a name that may be data is a number there. */
  step(key: string): string {
    if (plainStep.test(key)) return key
    const known = this.#strange.get(key) ?? `*${this.#strange.size + 1}`
    this.#strange.set(key, known)
    return known
  }

  #ofObject(value: JsonObject, options: PieceOptions, channel: Channel): Place {
    const places = Object.entries(value).map(([key, item]): [string, Place] => {
      const known = options.known?.(key, item)
      return [key, known ?? this.of(item, options, this.#enter(channel, key))]
    })
    return fields(Object.fromEntries(places), options.data)
  }

  #enter({ choice, name }: Channel, key: string): Channel {
    const step = this.step(key)
    return { choice, name: name === '' ? step : `${name}/${step}` }
  }
}

const wholeValue: Channel = { choice: '', name: '' }
const plainStep = /^(?:[A-Za-z_]{1,32}|\d{1,6})$/u
