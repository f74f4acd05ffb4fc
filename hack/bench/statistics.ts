// The arithmetic of the bench: medians, spreads, paired ratios and which rounds count. Pure, so that a figure can be
// trusted without repeating a measurement.

/** What one round of one target gave; a figure that was not measured is absent. */
export interface Sample {
  readonly target: string
  readonly round: number
  readonly errors: number
  readonly cpuUs?: number
  readonly utilization?: number
  /** Share of the proxy's core that other processes took: the noise of this round. */
  readonly foreign?: number
  readonly p50Us?: number
  readonly p99Us?: number
  readonly rps?: number
  readonly ttftUs?: number
}

export type Figure = 'cpuUs' | 'p50Us' | 'p99Us' | 'rps' | 'ttftUs'

/** A median and how far the values behind it lie apart (largest minus smallest, in their own unit). */
export interface Summary {
  readonly value: number
  readonly spread: number
  readonly count: number
}

/** The middle value, or the mean of the two middle ones; undefined of none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.ceil(sorted.length / 2) - 1]
  return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2
}

/** The smallest value that at least this share of all values does not exceed (nearest rank); of none, NaN. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

/** Median and spread; undefined when there is nothing to summarise. */
export function summarize(values: readonly number[]): Summary | undefined {
  const value = median(values)
  if (value === undefined) return undefined
  return { value, spread: Math.max(...values) - Math.min(...values), count: values.length }
}

/**
 * Drops the rounds that do not count: a failed call makes a round worthless, and a proxy that was to be saturated but had
 * idle time was held up by something else (the generator, a neighbour), so that its throughput is not its own.
 */
export function keepRounds(samples: readonly Sample[], minimumUtilization: number): readonly Sample[] {
  return samples.filter((sample) => sample.errors === 0 && (sample.utilization ?? 1) >= minimumUtilization)
}

/** The kept values of one figure of one target. */
export function valuesOf(samples: readonly Sample[], target: string, figure: Figure): readonly number[] {
  return samples.flatMap((sample) => {
    const value = sample[figure]
    return sample.target === target && value !== undefined ? [value] : []
  })
}

/** One figure of two targets. */
export interface Pair {
  readonly figure: Figure
  readonly of: string
  readonly over: string
}

/** Combines the figure of two targets round by round, only where both have it: neighbours in time share their noise. */
export function pairRounds(
  samples: readonly Sample[],
  pair: Pair,
  combine: (of: number, over: number) => number,
): readonly number[] {
  const base = new Map(samples.filter((s) => s.target === pair.over).map((s) => [s.round, s[pair.figure]]))
  return samples.flatMap((sample) => {
    const of = sample.target === pair.of ? sample[pair.figure] : undefined
    const over = base.get(sample.round)
    return of === undefined || over === undefined ? [] : [combine(of, over)]
  })
}

/** Per-round ratios; a base of zero has no ratio. */
export function pairedRatios(samples: readonly Sample[], pair: Pair): readonly number[] {
  return pairRounds(samples, pair, (of, over) => of / over).filter((ratio) => Number.isFinite(ratio))
}

/** Per-round differences. */
export function pairedDifferences(samples: readonly Sample[], pair: Pair): readonly number[] {
  return pairRounds(samples, pair, (of, over) => of - over)
}

/** Four significant digits: more would pretend a precision that no round has. */
export function round4(value: number): number {
  return Number(value.toPrecision(4))
}
