// A masker that is easy to reason about: literal words, each with what stands for it. It holds back what may become a word, and so
// meets every difficulty of a real one.
import type { Masker } from '../../policy/masking/masker.ts'

export type Words = Readonly<Record<string, string>>

export function startWords(words: Words): Masker {
  const found: Record<string, number> = {}
  let held = ''
  const take = (text: string, isLast: boolean): string => {
    let out = ''
    let at = 0
    for (; at < text.length;) {
      const word = Object.keys(words).find((each) => text.startsWith(each, at))
      if (word === undefined && !isLast && mayBegin(words, text, at)) break
      out += word === undefined ? text.slice(at, at + 1) : words[word]
      if (word !== undefined) found[word] = (found[word] ?? 0) + 1
      at += word?.length ?? 1
    }
    held = text.slice(at)
    return out
  }
  return { push: (text) => take(held + text, false), end: () => take(held, true), counts: () => found }
}

export function maskWords(text: string, words: Words): string {
  const masker = startWords(words)
  return masker.push(text) + masker.end()
}

function mayBegin(words: Words, text: string, at: number): boolean {
  return Object.keys(words).some((word) => text.length - at < word.length && word.startsWith(text.slice(at)))
}
