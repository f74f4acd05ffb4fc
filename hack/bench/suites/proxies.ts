// What suites that measure proxies have in common: a mock model, targets in front of it that share one core, and rounds of which each
// has that core to itself.
import { buildTools, processOptions } from '../cache.ts'
import type { Tools } from '../cache.ts'
import { keptOf, toDiscarded, toRatios, toRows } from '../figures.ts'
import type { CaseSamples } from '../figures.ts'
import { measureRound, warmUp } from '../load.ts'
import type { LoadCase } from '../load.ts'
import { probe } from '../probe.ts'
import { freeze, startProcess, thaw } from '../processes.ts'
import { runRounds } from '../rounds.ts'
import type { Pair, Sample } from '../statistics.ts'
import type { Bench, Budget, SuiteResult } from '../suite.ts'
import { startTimeoutMs } from '../target.ts'
import type { StartedTarget, Target, Upstream } from '../target.ts'

export interface ProxyCase extends LoadCase {
  /** Absent: all targets of the run. */
  readonly targets?: readonly string[]
  /** The targets that a budget compares: they have all rounds, the others three. */
  readonly compared: readonly string[]
  readonly minimumUtilization: number
}

export interface ProxyRun {
  /** In the order of a round; those that are compared stand side by side. */
  readonly targets: readonly Target[]
  readonly cases: readonly ProxyCase[]
}

export interface Measured {
  readonly measured: readonly CaseSamples[]
  /** A sentence for each target that could not take part. */
  readonly notRun: readonly string[]
}

/** What a suite makes of it. */
export interface Verdicts {
  readonly name: string
  readonly pairsOf: (caseName: string) => readonly Pair[]
  /** `kept`: the rounds of a case that count. */
  readonly judge: (kept: (caseName: string) => readonly Sample[], rounds: number) => readonly (Budget | string)[]
}

export function toResult({ rounds }: Bench, { measured, notRun }: Measured, verdicts: Verdicts): SuiteResult {
  const kept = (name: string) => measured.filter((one) => one.name === name).flatMap(keptOf)
  const judged = verdicts.judge(kept, rounds)
  return {
    suite: verdicts.name,
    rounds,
    cases: measured.flatMap(toRows),
    ratios: Object.assign({}, ...measured.map((one) => toRatios(one, verdicts.pairsOf(one.name)))),
    budgets: judged.filter((verdict) => typeof verdict !== 'string'),
    notRun: [...notRun, ...measured.flatMap(toDiscarded)],
    unjudged: judged.filter((verdict) => typeof verdict === 'string'),
  }
}

export async function measureProxies(bench: Bench, { targets, cases }: ProxyRun): Promise<Measured> {
  const tools = await buildTools(bench)
  const mock = startProcess({
    name: 'mock',
    file: tools.mock,
    args: [],
    cores: bench.cores.others,
    ...processOptions(bench),
  })
  const started: StartedTarget[] = []
  try {
    const [, port] = await mock.line(/^listening (\d+)$/m, startTimeoutMs)
    const upstream = { port: Number(port), origin: `http://127.0.0.1:${port}` }
    const notRun = await startTargets(bench, targets, upstream, started)
    return { measured: await measureCases(bench, tools, cases, started), notRun }
  } finally {
    await Promise.all(started.map(async (target) => await target.stop()))
    await mock.stop()
  }
}

/** Starts and probes each target; returns a sentence for each that cannot take part. */
async function startTargets(
  bench: Bench,
  targets: readonly Target[],
  upstream: Upstream,
  started: StartedTarget[],
): Promise<readonly string[]> {
  const notRun: string[] = []
  for (const target of targets) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one after the other: they share one core and the progress lines
      const running = await target.start(bench, upstream)
      started.push(running)
      // oxlint-disable-next-line no-await-in-loop -- as above
      await probe(running, bench.signal)
      if (running.pid !== undefined) freeze(running.pid)
    } catch (error) {
      bench.signal.throwIfAborted()
      // oxlint-disable-next-line no-await-in-loop -- as above
      if (started.at(-1)?.name === target.name) await started.pop()?.stop()
      const line = `${target.name}: not run: ${error instanceof Error ? error.message : 'unknown error'}`
      notRun.push(line)
      bench.log(line)
    }
  }
  return notRun
}

async function measureCases(
  bench: Bench,
  tools: Tools,
  cases: readonly ProxyCase[],
  all: readonly StartedTarget[],
): Promise<readonly CaseSamples[]> {
  const measured: CaseSamples[] = []
  for (const load of cases) {
    const started = all.filter(({ name }) => load.targets?.includes(name) ?? true)
    bench.log(`${load.name}: warming up ${started.map((target) => target.name).join(', ')} ...`)
    // oxlint-disable-next-line no-await-in-loop -- one measurement at a time is the point
    for (const target of started) await alone(target, () => warmUp(bench, tools, { load, target, round: 0 }))
    // oxlint-disable-next-line no-await-in-loop -- as above
    measured.push({ ...load, samples: await measureCase(bench, tools, started, load) })
  }
  return measured
}

async function measureCase(
  bench: Bench,
  tools: Tools,
  started: readonly StartedTarget[],
  load: ProxyCase,
): Promise<readonly Sample[]> {
  const byName = new Map(started.map((target) => [target.name, target]))
  const budgeted = load.compared.every((name) => byName.has(name)) ? load.compared : []
  const plan = {
    targets: [...byName.keys()],
    budgeted,
    rounds: bench.rounds,
    minimumUtilization: load.minimumUtilization,
  }
  return await runRounds(plan, async (name, round) => {
    const target = byName.get(name)
    if (target === undefined) throw new Error(`the plan names ${name}, which did not start`)
    const sample = await alone(target, () => measureRound(bench, tools, { load, target, round }))
    await target.tidy?.()
    bench.log(`${load.name} round ${round} ${name}: ${toProgress(sample)}`)
    return sample
  })
}

/** Runs something while this target, and no other, may use the proxy's core. */
async function alone<T>(target: StartedTarget, run: () => Promise<T>): Promise<T> {
  if (target.pid !== undefined) thaw(target.pid)
  const result = await run()
  if (target.pid !== undefined) freeze(target.pid)
  return result
}

function toProgress(sample: Sample): string {
  const cpu = sample.cpuUs === undefined ? '' : `, ${sample.cpuUs.toFixed(1)} µs CPU each`
  const core = sample.utilization === undefined ? '' : `, ${sample.utilization.toFixed(2)} of its core`
  const noise = sample.foreign === undefined ? '' : `, others took ${sample.foreign.toFixed(2)}`
  return `${Math.round(sample.rps ?? 0)} per second${cpu}${core}${noise}`
}
