// Suite `policy`: what a platform of 1,000 policies and 200 connections costs. The whole way of an edit, without the network (plan,
// judge, encode, decode, compile), and a call on a connection that ten policies speak about, beside the same ten alone.
import path from 'node:path'
import type { BudgetRule } from '../budget.ts'
import { judgeBudget } from '../budget.ts'
import { toRows } from '../figures.ts'
import type { CaseSamples } from '../figures.ts'
import type { Round } from '../policies/measure.ts'
import { runCommand } from '../processes.ts'
import type { Sample } from '../statistics.ts'
import type { Bench, Budget, Suite, SuiteResult } from '../suite.ts'

/** Judged by the median round, each round by its slowest expression. */
const rules: readonly { readonly rule: BudgetRule; readonly of: (round: Round) => number }[] = [
  { rule: { name: 'full rebuild ms', op: '<=', limit: 1000 }, of: ({ fullMs }) => fullMs },
  { rule: { name: 'one change ms', op: '<=', limit: 100 }, of: ({ changeMs }) => changeMs },
  {
    rule: { name: 'call among 1,000 policies / among its own 10', op: '<=', limit: 1.1 },
    of: ({ manyNs, fewNs }) => manyNs / fewNs,
  },
  { rule: { name: 'slowest hostile expression ms', op: '<=', limit: 50 }, of: ({ hostileMs }) => hostileMs },
  { rule: { name: 'tokens of 100 KB of hostile text ms', op: '<=', limit: 50 }, of: ({ countMs }) => countMs },
]

export const policy: Suite = {
  name: 'policy',
  describe: '1,000 policies and 200 connections: rebuild, change, call',
  async run(bench) {
    const rounds = await measure(bench)
    const judged = rules.map(({ rule, of }) => judgeBudget(rule, rounds.map(of), bench.rounds))
    return toResult(bench, rounds, judged)
  },
}

async function measure({ rounds, cores, environment, signal, log }: Bench): Promise<readonly Round[]> {
  const script = path.join(import.meta.dirname, '../policies/measure.ts')
  const output = await runCommand({
    name: 'policies',
    file: process.execPath,
    args: ['--expose-gc', script, String(rounds)],
    cores: cores.proxy,
    environment,
    signal,
  })
  const lines = output.split('\n').filter((line) => line !== '')
  return lines.map((line, i): Round => {
    const round: Round = JSON.parse(line)
    log(`round ${i + 1}: full ${round.fullMs.toFixed(0)} ms, change ${round.changeMs.toFixed(1)} ms`)
    return round
  })
}

function toResult(bench: Bench, rounds: readonly Round[], judged: readonly (Budget | string)[]): SuiteResult {
  const budgets = judged.filter((one) => typeof one !== 'string')
  const unjudged = judged.filter((one) => typeof one === 'string')
  const toCase = (name: string, targets: Readonly<Record<string, (round: Round) => number>>): CaseSamples => ({
    name,
    minimumUtilization: 0,
    samples: rounds.flatMap((round, i) =>
      Object.entries(targets).map(([target, of]): Sample => ({ target, round: i + 1, errors: 0, p50Us: of(round) })),
    ),
  })
  return {
    suite: 'policy',
    rounds: bench.rounds,
    cases: [
      ...toRows(toCase('full rebuild', { portcullis: ({ fullMs }) => fullMs * 1000 })),
      ...toRows(toCase('one change', { portcullis: ({ changeMs }) => changeMs * 1000 })),
      ...toRows(toCase('hostile expression', { portcullis: ({ hostileMs }) => hostileMs * 1000 })),
      ...toRows(toCase('hostile text counted', { portcullis: ({ countMs }) => countMs * 1000 })),
      ...toRows(toCase('call', { 'of-1000': ({ manyNs }) => manyNs / 1000, 'of-10': ({ fewNs }) => fewNs / 1000 })),
    ],
    ratios: {},
    budgets,
    notRun: [],
    unjudged,
  }
}
