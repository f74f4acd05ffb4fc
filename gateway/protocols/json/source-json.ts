// Parts of a body as JSON again, with the digits of every number as they were sent: an account number beyond 2^53 must not be
// rounded before it is judged. Strings are written in one way, so that no escape hides a word.
import type { Json } from '../../../policy/model.ts'
import { parseJson } from '../../../policy/plain-keys.ts'

declare global {
  // Known to the engine, not yet to TypeScript's library.
  interface JSON {
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown
    rawJSON(text: string): unknown
  }
}

export type JsonPath = readonly (string | number)[]

/** A number that may not be written as it was read. */
const delicate = /\d{15}|\de[+-]?\d|null/u

export class SourceJson {
  readonly #text: string
  #exact: unknown

  /** The text is known to be valid JSON. */
  constructor(text: string) {
    this.#text = text
  }

  /** `value` is what stands at `path` in the text. */
  write(value: Json, path: JsonPath): string {
    const plain = JSON.stringify(value)
    if (!delicate.test(plain)) return plain
    this.#exact ??= parseJson(this.#text, (_key, one, { source }) =>
      typeof one === 'number' && source !== undefined ? JSON.rawJSON(source) : one,
    )
    return JSON.stringify(path.reduce(step, this.#exact))
  }
}

function step(from: unknown, key: string | number): unknown {
  if (typeof from !== 'object' || from === null) return undefined
  return Object.getOwnPropertyDescriptor(from, key)?.value
}
