// The characters of all detectors of an engine, put into as few classes as they tell apart: one table lookup per UTF-16 unit does
// folding and classing at once. The automata know classes only.
import { folds, ignorable, isLookalike } from '../fold.ts'
import { hasPoint, isWordPoint, type CharSet } from './char-set.ts'

/** Table entries that are no class. */
export const ignorableUnit = 0xffff
export const surrogateUnit = 0xfffe

export interface Alphabet {
  /** Class of each UTF-16 unit; surrogates and ignorable ones apart. */
  readonly table: Uint16Array
  readonly size: number
  /** The same for tables of moves, where what is no class has the column behind the last one. */
  readonly columns: Uint16Array
  /** Per class: a word character for \b, where it stands beside a candidate; a look-alike or an underscore is none there. */
  readonly outside: Uint8Array
  /** Per class: a word character for \b, where it is part of a candidate. */
  readonly inside: Uint8Array
  /** Per set, in the order given: which classes belong to it. */
  readonly members: readonly Uint8Array[]
  /** Class of a character beyond the basic plane, or ignorableUnit. */
  readonly classOfPoint: (point: number) => number
}

/** Part of names in programs, where values are glued to it: `card_4111…`, `apollo_backup`. */
const underscore = 0x5f

/** One character of each class, by what it is and what it folds to. */
interface Kind {
  readonly point: number
  readonly folded: number
  readonly lookalike: boolean
}

/** The class of the character at an offset, or ignorableUnit; half of a surrogate pair is a character when it stands alone. */
export function symbolAt({ table, classOfPoint }: Alphabet, text: string, at: number): number {
  const symbol = table[text.charCodeAt(at)] ?? 0
  return symbol === surrogateUnit ? classOfPoint(text.codePointAt(at) ?? 0) : symbol
}

/** One for all but a pair of surrogates. */
export function widthAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
}

export function buildAlphabet(sets: readonly CharSet[]): Alphabet {
  const starts = elementaryStarts(sets)
  const kinds: Kind[] = []
  const classes = new Map<string, number>()
  const known = new Map<string, number>()
  const classOf = (point: number, folded: number): number => {
    const lookalike = isLookalike(point)
    const key = `${intervalAt(starts, point)}/${intervalAt(starts, folded)}/${lookalike}`
    const cached = known.get(key)
    if (cached !== undefined) return cached
    const word = isWordPoint(folded)
    const signature =
      sets.map((set) => (hasPoint(set, point, folded) ? '1' : '0')).join('') +
      `${word}${lookalike}${folded === underscore}`
    const found = classes.get(signature) ?? kinds.push({ point, folded, lookalike }) - 1
    classes.set(signature, found)
    known.set(key, found)
    return found
  }
  const ofInterval = starts.map((start) => classOf(start, start))
  const foldedClasses = new Map<number, number>()
  for (const [point, folded] of folds)
    foldedClasses.set(point, folded === ignorable ? ignorableUnit : classOf(point, folded))
  const classOfPoint = (point: number): number => foldedClasses.get(point) ?? ofInterval[intervalAt(starts, point)] ?? 0
  const table = toTable(starts, ofInterval, foldedClasses)
  const columns = table.map((symbol) => Math.min(symbol, kinds.length))
  return { ...describe(kinds, sets), table, columns, classOfPoint }
}

function describe(
  kinds: readonly Kind[],
  sets: readonly CharSet[],
): Omit<Alphabet, 'table' | 'columns' | 'classOfPoint'> {
  return {
    size: kinds.length,
    outside: Uint8Array.from(kinds, ({ folded, lookalike }) =>
      Number(isWordPoint(folded) && !lookalike && folded !== underscore),
    ),
    inside: Uint8Array.from(kinds, ({ folded }) => Number(isWordPoint(folded))),
    members: sets.map((set) => Uint8Array.from(kinds, ({ point, folded }) => Number(hasPoint(set, point, folded)))),
  }
}

function toTable(
  starts: readonly number[],
  classes: readonly number[],
  folded: ReadonlyMap<number, number>,
): Uint16Array {
  const table = new Uint16Array(0x10000)
  for (const [index, start] of starts.entries()) table.fill(classes[index] ?? 0, start, starts[index + 1] ?? 0x10000)
  for (const [point, symbol] of folded) if (point < 0x10000) table[point] = symbol
  return table.fill(surrogateUnit, 0xd800, 0xe000)
}

/** Where some set, or the word characters, begin or end: between two of these no set can tell characters apart. */
function elementaryStarts(sets: readonly CharSet[]): readonly number[] {
  const starts = new Set([0, 0x30, 0x3a, 0x41, 0x5b, 0x5f, 0x60, 0x61, 0x7b])
  for (const { items } of sets)
    for (const [first, last] of items.flatMap(({ ranges }) => ranges)) starts.add(first).add(last + 1)
  return [...starts].toSorted((a, b) => a - b)
}

/** The last start at or before a point. */
function intervalAt(starts: readonly number[], point: number): number {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((starts[middle] ?? 0) <= point) low = middle
    else high = middle - 1
  }
  return low
}
