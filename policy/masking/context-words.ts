// Words that speak for or against a candidate when they stand before it: "ssn", "date of birth", "order id". Whole words, whatever
// their case, seen through the fold map; `ip` is not found in `recipient`.
import { contextWindow, type Detector } from './detector.ts'
import { foldText } from './fold.ts'

/** What a detector asks of the words before a candidate. All folded, in lower case. */
export interface ContextRule {
  /** One of these must be there; none when nothing is required. */
  readonly required: readonly string[]
  /** None of these may be there, but beside one of `speakingFor`. */
  readonly against: readonly string[]
  readonly speakingFor: readonly string[]
}

/** Whose lower case is of another length, or depends on what stands beside it. */
const unsteady = /[\u0130\u03a3\ud800-\udfff]/

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

interface Occurrence {
  readonly start: number
  readonly end: number
  /** Whether what stands beside it ends a word; where the window of a candidate ends, it does in any case. */
  readonly opens: boolean
  readonly closes: boolean
}

/** Units that are searched at once, beyond the window of the first candidate. */
export const ahead = 512

/** The same as isInContext for candidates in their order, searching text once for many of them. Offsets are of the whole text. */
export class ContextFinder {
  #from = 0
  #to = -1
  #text = ''
  readonly #found = new Map<readonly string[], readonly Occurrence[]>()

  /** Whether candidates that begin at an offset are answered for by the text taken last. */
  covers(start: number): boolean {
    return start <= this.#to && start - contextWindow >= this.#from
  }

  /** Text from a window before a candidate at `start`. False: its offsets change when it is folded. */
  take(text: string, start: number): boolean {
    this.#found.clear()
    this.#to = -1
    const folded = foldText(text)
    if (folded.length !== text.length || unsteady.test(folded)) return false
    this.#text = folded.toLowerCase()
    this.#from = start - contextWindow
    this.#to = this.#from + text.length
    return true
  }

  isInContext(start: number, { required, against, speakingFor }: ContextRule): boolean {
    if (required.length > 0) return this.#has(start, required) && !this.#has(start, against)
    return !this.#has(start, against) || this.#has(start, speakingFor)
  }

  /** False: no candidate that begins at an offset or behind it, and before another, has what it requires. */
  mayBeInContext(start: number, end: number, { required }: ContextRule): boolean {
    if (end > this.#to) return true
    return this.#occurrences(required).some((word) => word.start >= start - contextWindow && word.end <= end)
  }

  #has(start: number, words: readonly string[]): boolean {
    return this.#occurrences(words).some(
      (word) =>
        word.start >= start - contextWindow &&
        word.end <= start &&
        (word.opens || word.start === start - contextWindow) &&
        (word.closes || word.end === start),
    )
  }

  #occurrences(words: readonly string[]): readonly Occurrence[] {
    const known = this.#found.get(words)
    if (known !== undefined) return known
    const occurrences = words.flatMap((word) => this.#occurrencesOf(word))
    this.#found.set(words, occurrences)
    return occurrences
  }

  #occurrencesOf(word: string): readonly Occurrence[] {
    const text = this.#text
    const occurrences: Occurrence[] = []
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
      const end = at + word.length
      const opens = !wordCharacter.test(text.charAt(at - 1))
      const closes = !wordCharacter.test(text.charAt(end))
      occurrences.push({ start: this.#from + at, end: this.#from + end, opens, closes })
    }
    return occurrences
  }
}
