// From rounds to the rows and ratios of a suite. Pure.
import { keepRounds, median, pairedRatios, round4, summarize, valuesOf } from './statistics.ts'
import type { Figure, Pair, Sample } from './statistics.ts'
import type { CaseFigures } from './suite.ts'

/** What was measured of one case, with the rule for the rounds that count. */
export interface CaseSamples {
  readonly name: string
  readonly minimumUtilization: number
  readonly samples: readonly Sample[]
}

/** The rounds of a case that count. */
export function keptOf(measured: CaseSamples): readonly Sample[] {
  return keepRounds(measured.samples, measured.minimumUtilization)
}

const figures: readonly Figure[] = ['cpuUs', 'p50Us', 'p99Us', 'rps', 'ttftUs']

/** One row of medians per target that has at least one round that counts. */
export function toRows(measured: CaseSamples): readonly CaseFigures[] {
  const kept = keptOf(measured)
  const targets = [...new Set(kept.map((sample) => sample.target))]
  return targets.map((target) => {
    const row = Object.fromEntries(
      figures.flatMap((figure) => {
        const value = median(valuesOf(kept, target, figure))
        return value === undefined ? [] : [[figure, round4(value)]]
      }),
    )
    return { case: measured.name, target, ...row, ...toNotes(measured, target) }
  })
}

function toNotes(measured: CaseSamples, target: string) {
  const kept = keptOf(measured).filter((sample) => sample.target === target)
  const utilization = median(kept.flatMap((sample) => sample.utilization ?? []))
  const spread = figures.map((figure) => summarize(valuesOf(kept, target, figure))).find((s) => s !== undefined)?.spread
  return {
    kept: kept.length,
    ran: measured.samples.filter((sample) => sample.target === target).length,
    ...(utilization === undefined ? {} : { utilization }),
    ...(spread === undefined ? {} : { spread }),
  }
}

/** Sentences about targets of a case without any round that counts: a figure of none of its rounds is no figure. */
export function toDiscarded(measured: CaseSamples): readonly string[] {
  const kept = new Set(keptOf(measured).map((sample) => sample.target))
  const lost = [...new Set(measured.samples.map((sample) => sample.target))].filter((target) => !kept.has(target))
  return lost.map((target) => {
    const rounds = measured.samples.filter((sample) => sample.target === target)
    const failed = rounds.filter((sample) => sample.errors > 0).length
    return `${measured.name} ${target}: no figures, ${failed} rounds had failed calls and ${rounds.length - failed} left its core idle`
  })
}

/** Ratios by name: the median over the rounds that both targets share, or of their medians when they share none. */
export function toRatios(measured: CaseSamples, pairs: readonly Pair[]): Readonly<Record<string, number>> {
  const kept = keptOf(measured)
  return Object.fromEntries(
    pairs.flatMap((pair) => {
      const ratio = median(pairedRatios(kept, pair)) ?? ratioOfMedians(kept, pair)
      return ratio === undefined ? [] : [[`${measured.name} ${pair.figure} ${pair.of}/${pair.over}`, round4(ratio)]]
    }),
  )
}

function ratioOfMedians(kept: readonly Sample[], { figure, of, over }: Pair): number | undefined {
  const [above, below] = [of, over].map((target) => median(valuesOf(kept, target, figure)))
  return above === undefined || below === undefined || below === 0 ? undefined : above / below
}
