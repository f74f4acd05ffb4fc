// Which texts of one set stand, in the main, in another: attacks are copied from forum to forum, so a set that was collected elsewhere
// is not all new. Pure.

const length = 8

/** The runs of eight words of a text; of a shorter one all of it. */
function toRuns(text: string): readonly string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
  const count = Math.max(1, words.length - length + 1)
  return Array.from({ length: count }, (_, i) => words.slice(i, i + length).join(' '))
}

/** Tells of a text whether at least `share` of its runs of words are in `texts`. */
export function makeKnown(texts: readonly string[], share: number): (text: string) => boolean {
  const known = new Set(texts.flatMap(toRuns))
  return (text) => {
    const runs = toRuns(text)
    return runs.filter((run) => known.has(run)).length >= share * runs.length
  }
}

const commonWords = new Set([
  'the',
  'and',
  'you',
  'to',
  'of',
  'a',
  'is',
  'in',
  'that',
  'it',
  'for',
  'i',
  'your',
  'with',
  'be',
  'as',
])

/** Whether a text has as few of the commonest words as no English text has. */
export function isHardlyEnglish(text: string): boolean {
  const words = text.toLowerCase().match(/[\p{L}]+/gu) ?? []
  return words.filter((word) => commonWords.has(word)).length < 0.1 * words.length
}
