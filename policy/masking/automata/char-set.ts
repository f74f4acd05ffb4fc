// Sets of characters as patterns write them. A character belongs to a range when it, or what it folds to, lies within; so a negated
// set keeps out the full-width quote together with the plain one.

export type PointRange = readonly [first: number, last: number]

export interface CharItem {
  readonly ranges: readonly PointRange[]
  readonly negated: boolean
}

export interface CharSet {
  readonly items: readonly CharItem[]
  readonly negated: boolean
}

const digits: readonly PointRange[] = [[0x30, 0x39]]
const words: readonly PointRange[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]
const spaces: readonly PointRange[] = [
  [9, 13],
  [0x20, 0x20],
]

const shorthands: Readonly<Record<string, CharItem>> = {
  d: { ranges: digits, negated: false },
  D: { ranges: digits, negated: true },
  w: { ranges: words, negated: false },
  W: { ranges: words, negated: true },
  s: { ranges: spaces, negated: false },
  S: { ranges: spaces, negated: true },
}

/** The set behind \d, \w, \s and their opposites. */
export function shorthand(letter: string): CharItem | undefined {
  return shorthands[letter]
}

/** Ranges beyond this size are taken as written: nobody means the case of half of Unicode. */
const largestCasedRange = 2048

/** The other case of a character, where that is one character. */
function otherCases(point: number): readonly PointRange[] {
  const character = String.fromCodePoint(point)
  return [character.toLowerCase(), character.toUpperCase()]
    .filter((other) => other !== character && String.fromCodePoint(other.codePointAt(0) ?? 0) === other)
    .map((other) => other.codePointAt(0) ?? point)
    .map((other) => [other, other])
}

export function withBothCases(ranges: readonly PointRange[]): readonly PointRange[] {
  const both = [...ranges]
  for (const [first, last] of ranges) {
    if (last - first > largestCasedRange) continue
    let point = first
    while (point <= last) {
      both.push(...otherCases(point))
      point += 1
    }
  }
  return both
}

function isWithin(ranges: readonly PointRange[], point: number): boolean {
  return ranges.some(([first, last]) => point >= first && point <= last)
}

export function hasPoint(set: CharSet, point: number, folded: number): boolean {
  const inside = set.items.some(
    ({ ranges, negated }) => (isWithin(ranges, point) || (folded !== point && isWithin(ranges, folded))) !== negated,
  )
  return inside !== set.negated
}

export function isWordPoint(point: number): boolean {
  return isWithin(words, point)
}

/** Equal keys, equal sets; unequal keys may still be equal sets. */
export function toSetKey(set: CharSet): string {
  const items = set.items.map(({ ranges, negated }) => `${negated ? '^' : ''}${ranges.join(';')}`)
  return `${set.negated ? '^' : ''}${items.join('|')}`
}
