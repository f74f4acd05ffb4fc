// Words that must stand before a candidate for it to count: "ssn", "date of birth". Whole words, whatever their case, seen through
// the fold map; `ip` is not found in `recipient`.
import { foldText } from './fold.ts'

const wordCharacter = /[\p{L}\p{N}_]/u

/** As text is folded before it is searched. */
export function toContextWord(word: string): string {
  return foldText(word).toLowerCase()
}

/** `words` come from toContextWord. */
export function hasContextWord(before: string, words: readonly string[]): boolean {
  const text = foldText(before).toLowerCase()
  return words.some((word) => hasWord(text, word))
}

function hasWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const before = text.charAt(at - 1)
    const after = text.charAt(at + word.length)
    if (!wordCharacter.test(before) && !wordCharacter.test(after)) return true
  }
  return false
}
