// From verdicts to figures, and from figures to whether they are good enough. Pure.
import type { Role } from './corpus.ts'
import { isHardlyEnglish } from './known.ts'

export interface Judged {
  readonly text: string
  readonly refused: boolean
  readonly signs: readonly string[]
  /** Of an attack of role Held: stands, in the main, in the sources that rules were written from. */
  readonly known: boolean
}

export interface SetResult {
  readonly name: string
  readonly role: Role
  readonly about: string
  readonly judged: readonly Judged[]
}

/** In percent. Attacks must be refused at least, harmless texts at most as often. */
export interface Floor {
  readonly all: number
  /** Of the attacks that are not known from the sources of the rules. */
  readonly fresh?: number
}

export function toRate(judged: readonly Judged[]): number {
  if (judged.length === 0) throw new Error('there is no rate of nothing')
  return (100 * judged.filter(({ refused }) => refused).length) / judged.length
}

export function toFresh(judged: readonly Judged[]): readonly Judged[] {
  return judged.filter(({ known }) => !known)
}

export function findMissedFloors(
  results: readonly SetResult[],
  floors: Readonly<Record<string, Floor>>,
): readonly string[] {
  return results.flatMap(({ name, role, judged }) => {
    const floor = floors[name]
    if (floor === undefined) return [`${name}: has no floor`]
    const rate = toRate(judged)
    if (role === 'Benign')
      return rate > floor.all ? [`${name}: ${show(rate)} refused, at most ${show(floor.all)} may be`] : []
    const { fresh } = floor
    return [
      ...findBelow(name, rate, floor.all),
      ...(fresh === undefined ? [] : findBelow(`${name}, the new ones`, toRate(toFresh(judged)), fresh)),
    ]
  })
}

function findBelow(name: string, rate: number, floor: number): readonly string[] {
  return rate < floor ? [`${name}: ${show(rate)} refused, at least ${show(floor)} must be`] : []
}

export function show(rate: number): string {
  return `${rate.toFixed(1)} %`
}

export interface Family {
  readonly what: string
  readonly count: number
}

/** What those that got through have in common, as far as a program can tell: overlapping groups, the largest first. */
export function toMissedFamilies(judged: readonly Judged[]): readonly Family[] {
  const missed = judged.filter(({ refused }) => !refused)
  const count = (what: string, isOf: (one: Judged) => boolean): Family => ({ what, count: missed.filter(isOf).length })
  const lone = [...new Set(missed.filter(({ signs }) => signs.length === 1).flatMap(({ signs }) => signs))]
  return [
    count('no sign at all', ({ signs }) => signs.length === 0),
    ...lone.map((sign) => count(`${sign} and nothing else`, ({ signs }) => signs.length === 1 && signs[0] === sign)),
    count('several signs that weigh too little', ({ signs }) => signs.length > 1),
    count('hardly English', ({ text }) => isHardlyEnglish(text)),
    count('shorter than 300 characters', ({ text }) => text.length < 300),
    count('longer than 3000 characters', ({ text }) => text.length > 3000),
  ]
    .filter(({ count: size }) => size > 0)
    .toSorted((a, b) => b.count - a.count)
}

/** How often each sign holds in a set; those that never do are left out. */
export function countSigns(judged: readonly Judged[]): readonly Family[] {
  const counts = new Map<string, number>()
  for (const sign of judged.flatMap(({ signs }) => signs)) counts.set(sign, (counts.get(sign) ?? 0) + 1)
  return [...counts].map(([what, count]) => ({ what, count })).toSorted((a, b) => b.count - a.count)
}
