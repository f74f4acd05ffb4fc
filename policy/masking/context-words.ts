// Words that speak for or against a candidate when they stand before it: "ssn", "date of birth", "order id". Whole words, whatever
// their case, seen through the fold map; `ip` is not found in `recipient`.
import type { Detector } from './detector.ts'
import { foldText } from './fold.ts'

/** What a detector asks of the words before a candidate. All folded, in lower case. */
export interface ContextRule {
  /** One of these must be there; none when nothing is required. */
  readonly required: readonly string[]
  /** None of these may be there, but beside one of `speakingFor`. */
  readonly against: readonly string[]
  readonly speakingFor: readonly string[]
}

const wordCharacter = /[\p{L}\p{N}_]/u

export function toContextRule({ context, unless }: Detector): ContextRule | undefined {
  if (context?.required !== true && unless === undefined) return undefined
  const words = context?.words.map(toContextWord) ?? []
  const against = unless?.words.map(toContextWord) ?? []
  return { required: context?.required === true ? words : [], against, speakingFor: words }
}

/** As text is folded before it is searched. */
function toContextWord(word: string): string {
  return foldText(word).toLowerCase()
}

export function isInContext(before: string, { required, against, speakingFor }: ContextRule): boolean {
  const text = foldText(before).toLowerCase()
  if (required.length > 0) return hasAnyWord(text, required) && !hasAnyWord(text, against)
  return !hasAnyWord(text, against) || hasAnyWord(text, speakingFor)
}

function hasAnyWord(text: string, words: readonly string[]): boolean {
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
