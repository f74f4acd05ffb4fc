// The numbers of the events of a stream, which must go up by every event: an event that the mask adds moves all that follow.
import { maskJson } from '../../../../policy/masking/framing/json-text.ts'
import { fields, instead, keep, type Start } from '../../../../policy/masking/framing/place.ts'
import { applySplices } from '../../../../policy/masking/framing/sink.ts'
import type { Json } from '../../../../policy/model.ts'

export class Numbering {
  readonly #key: string
  readonly #start: Start
  /** Of the event that comes now. */
  #came: number | undefined
  #last: number | undefined
  #added = 0

  /** `start` for data that turns out to be no JSON. */
  constructor(key: string, start: Start) {
    this.#key = key
    this.#start = start
  }

  /** An event comes; those that are made before it leave first. */
  see(number: Json | undefined): void {
    this.#came = typeof number === 'number' ? number : undefined
  }

  /** A field for an event that is made; none in a stream without numbers. */
  get field(): Readonly<Record<string, number>> {
    return this.#last === undefined ? {} : { [this.#key]: this.#last }
  }

  readonly finish = (data: string, origin: 'Came' | 'Made'): string => {
    if (origin === 'Made') {
      if (this.#last === undefined) return data
      this.#added += 1
      this.#last += 1
      return this.#write(data, this.#last)
    }
    if (this.#came === undefined) return data
    this.#last = this.#came + this.#added
    return this.#added === 0 ? data : this.#write(data, this.#last)
  }

  #write(data: string, number: number): string {
    const place = fields({ [this.#key]: instead(String(number)) }, keep)
    return applySplices(data, maskJson(data, place, this.#start).splices)
  }
}
