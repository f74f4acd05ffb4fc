// Suite `masking`: what it costs to look at all text, and to hold some of it back. The text engine in one process on the proxy's core,
// with the shipped detectors of 24 classes beside regular expressions for the same run one by one, and with all packs.
import path from 'node:path'
import type { BudgetRule } from '../budget.ts'
import { judgeBudget } from '../budget.ts'
import { toRows } from '../figures.ts'
import type { CaseSamples } from '../figures.ts'
import type { Round } from '../masking/measure.ts'
import { runCommand } from '../processes.ts'
import { median } from '../statistics.ts'
import type { Sample } from '../statistics.ts'
import type { Bench, Budget, Suite, SuiteResult } from '../suite.ts'

interface Rule {
  readonly rule: BudgetRule
  readonly of: (round: Round) => number
}

const atMost = (name: string, limit: number, of: (round: Round) => number): Rule => ({
  rule: { name, op: '<=', limit },
  of,
})

const atLeast = (name: string, limit: number, of: (round: Round) => number): Rule => ({
  rule: { name, op: '>=', limit },
  of,
})

/** Of the text engine; what a masked call costs in the gateway is measured beside other calls. */
const rules: readonly Rule[] = [
  atLeast('regexps one by one / 24 detectors, 2 KB clean', 5, (r) => r.shipped.clean.regexpUs / r.shipped.clean.textUs),
  atLeast('regexps one by one / 24 detectors, 2 KB dense', 5, (r) => r.shipped.dense.regexpUs / r.shipped.dense.textUs),
  atMost('parse and mask a 2 KB body / parse, clean', 8, (r) => r.shipped.clean.bodyUs / r.shipped.clean.parseUs),
  atMost('parse and mask a 2 KB body / parse, dense', 8, (r) => r.shipped.dense.bodyUs / r.shipped.dense.parseUs),
  atMost('push of a token µs, 24 detectors', 1, (r) => r.shipped.pushUs),
  atMost('push of a token µs, all packs', 1, (r) => r.all.pushUs),
  atMost('slowest hostile 100 KB ms, 24 detectors', 50, (r) => r.shipped.hostileMs),
  atMost('slowest hostile 100 KB ms, all packs', 50, (r) => r.all.hostileMs),
  atMost('hostile 2n : n, 24 detectors', 2.3, (r) => r.shipped.doubling),
  atMost('hostile 2n : n, all packs', 2.3, (r) => r.all.doubling),
  atMost('characters held, mean, 24 detectors', 6, (r) => r.shipped.heldMean),
  atMost('characters held, p99, 24 detectors', 32, (r) => r.shipped.heldP99),
  atMost('characters held, mean, all packs', 12, (r) => r.all.heldMean),
  atMost('characters held, p99, all packs', 64, (r) => r.all.heldP99),
]

export const masking: Suite = {
  name: 'masking',
  describe: 'the text engine: 24 classes beside regular expressions, and all packs',
  async run(bench) {
    const rounds = await measure(bench)
    const judged = rules.map(({ rule, of }) => judgeBudget(rule, rounds.map(of), bench.rounds))
    return toResult(bench, rounds, judged)
  },
}

async function measure({ rounds, cores, environment, signal, log }: Bench): Promise<readonly Round[]> {
  const script = path.join(import.meta.dirname, '../masking/measure.ts')
  const output = await runCommand({
    name: 'masking',
    file: process.execPath,
    args: [script, String(rounds)],
    cores: cores.proxy,
    environment,
    signal,
  })
  const lines = output.split('\n').filter((line) => line !== '')
  return lines.map((line, i): Round => {
    const round: Round = JSON.parse(line)
    const { shipped, all } = round
    log(
      `round ${i + 1}: 24 detectors ${shipped.clean.textUs.toFixed(1)} µs, all packs ${all.clean.textUs.toFixed(1)} µs, slowest ${all.slowest} in ${all.hostileMs.toFixed(0)} ms`,
    )
    return round
  })
}

function toResult(bench: Bench, rounds: readonly Round[], judged: readonly (Budget | string)[]): SuiteResult {
  const toCase = (name: string, targets: Readonly<Record<string, (round: Round) => number>>): CaseSamples => ({
    name,
    minimumUtilization: 0,
    samples: rounds.flatMap((round, i) =>
      Object.entries(targets).map(([target, of]): Sample => ({ target, round: i + 1, errors: 0, p50Us: of(round) })),
    ),
  })
  const texts = (kind: 'clean' | 'dense'): CaseSamples[] => [
    toCase(`2 KB ${kind}`, {
      'of-24': (round) => round.shipped[kind].textUs,
      'all-packs': (round) => round.all[kind].textUs,
      regexps: (round) => round.shipped[kind].regexpUs,
    }),
    toCase(`2 KB body ${kind}`, {
      'of-24': (round) => round.shipped[kind].bodyUs,
      'all-packs': (round) => round.all[kind].bodyUs,
      parse: (round) => round.shipped[kind].parseUs,
    }),
  ]
  const both = (name: string, of: (figures: Round['all']) => number): CaseSamples =>
    toCase(name, { 'of-24': (round) => of(round.shipped), 'all-packs': (round) => of(round.all) })
  const cases = [
    ...texts('clean'),
    ...texts('dense'),
    both('push of a token', ({ pushUs }) => pushUs),
    both('hostile 100 KB', ({ hostileMs }) => hostileMs * 1000),
    both('compile', ({ compileMs }) => compileMs * 1000),
  ]
  return {
    suite: 'masking',
    rounds: bench.rounds,
    cases: cases.flatMap(toRows),
    ratios: { 'all packs / 24 detectors, 2 KB clean': median(rounds.map(toShare)) ?? Number.NaN },
    budgets: judged.filter((one) => typeof one !== 'string'),
    notRun: [],
    unjudged: judged.filter((one) => typeof one === 'string'),
  }
}

function toShare({ shipped, all }: Round): number {
  return all.clean.textUs / shipped.clean.textUs
}
