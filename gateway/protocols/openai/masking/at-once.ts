// A text that cannot be judged piece by piece: whether it is a word of the protocol, or a binary, shows when all of it is known.
import type { Masker } from '../../../../policy/masking/masker.ts'
import type { Start, TextAt } from '../../../../policy/masking/framing/place.ts'

/** Masks as the policies want it. */
export type MaskText = (text: string) => string

export function atOnce(start: Start, mask: (text: string, maskText: MaskText, at: TextAt) => string): Start {
  return (at) => {
    let held = ''
    let masker: Masker | undefined
    const maskText = (text: string): string => {
      masker = start(at)
      return masker.push(text) + masker.end()
    }
    return {
      push: (text) => {
        held += text
        return ''
      },
      end: () => (held === '' ? '' : mask(held, maskText, at)),
      counts: () => masker?.counts() ?? {},
    }
  }
}

export function unlessWord(start: Start, words: ReadonlySet<string>): Start {
  return atOnce(start, (text, maskText) => (words.has(text) ? text : maskText(text)))
}

/** What names a thing for programs: no blanks, not long. */
const plainName = /^[\w.:/@+-]{1,256}$/u

export function unlessName(start: Start): Start {
  return atOnce(start, (text, maskText) => (plainName.test(text) ? text : maskText(text)))
}
