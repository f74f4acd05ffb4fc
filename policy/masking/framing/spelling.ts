// How text is written anew: inside of a JSON string, or as it is.
import type { Speller } from './aligned-text.ts'
import { endsInHalf } from './sink.ts'

export const asItIs: Speller = { spell: (text) => text, end: () => '' }

/** As JSON.stringify does: the shortest escapes, and half of a surrogate pair as an escape, since it cannot be sent otherwise. */
export class JsonSpeller implements Speller {
  #half = ''

  spell(text: string): string {
    if (text === '') return ''
    const all = this.#half + text
    const whole = endsInHalf(all) ? all.length - 1 : all.length
    this.#half = all.slice(whole)
    return toJsonString(all.slice(0, whole))
  }

  end(): string {
    const half = this.#half
    this.#half = ''
    return toJsonString(half)
  }
}

function toJsonString(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}
