// Suite `forward`: what it costs to pass a chat call on, for the mock called directly, three bare forwarders, the nearest
// peer, and Portcullis judging each call (cached OIDC, one rule, access log on).
import { buildTools, processOptions } from '../cache.ts'
import type { Tools } from '../cache.ts'
import { judgeBudget } from '../budget.ts'
import { keptOf, toDiscarded, toRatios, toRows } from '../figures.ts'
import type { CaseSamples } from '../figures.ts'
import { measureRound, warmUp } from '../load.ts'
import type { LoadCase } from '../load.ts'
import { probe } from '../probe.ts'
import { freeze, startProcess, thaw } from '../processes.ts'
import { runRounds } from '../rounds.ts'
import { pairedDifferences, pairedRatios } from '../statistics.ts'
import type { Pair, Sample } from '../statistics.ts'
import type { Bench, Budget, Suite, SuiteResult } from '../suite.ts'
import { startTimeoutMs } from '../target.ts'
import type { StartedTarget, Upstream } from '../target.ts'
import { direct } from '../targets/direct.ts'
import { dispatch, httpProxy } from '../targets/fastify.ts'
import { nginx } from '../targets/nginx.ts'
import { portcullis } from '../targets/portcullis.ts'
import { portkey } from '../targets/portkey.ts'

/** In the order of a round; the two that budgets compare stand side by side. */
const targets = [direct, nginx, httpProxy, portkey, dispatch, portcullis]
const compared = [dispatch.name, portcullis.name]

interface ForwardCase extends LoadCase {
  readonly budgeted: boolean
  readonly minimumUtilization: number
}

const json = { model: 'bench-json', events: 0, warmUpMs: 1000, budgeted: true }
const stream = { warmUpMs: 1000, durationMs: 3000, budgeted: false }

/**
 * Stream cases count events, the closing [DONE] among them. There 0.8 of the core must do: the mock writes each token by
 * itself, as models do, and so cannot keep the leanest proxy busier.
 */
const cases: readonly ForwardCase[] = [
  { ...json, name: 'json-c64', connections: 64, durationMs: 3000, minimumUtilization: 0.9 },
  { ...json, name: 'json-c1', connections: 1, durationMs: 2500, minimumUtilization: 0 },
  { ...stream, name: 'stream-c50', connections: 50, model: 'bench-200x0ms', events: 201, minimumUtilization: 0.8 },
  { ...stream, name: 'stream-paced-c1', connections: 1, model: 'bench-20x5ms', events: 21, minimumUtilization: 0 },
]

export const forward: Suite = {
  name: 'forward',
  describe: 'passing calls on: CPU, throughput, latency, time to first token',
  async run(bench) {
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
      const notRun = await startTargets(bench, upstream, started)
      const measured = await measureCases(bench, tools, started)
      return toResult(bench, measured, notRun)
    } finally {
      await Promise.all(started.map(async (target) => await target.stop()))
      await mock.stop()
    }
  },
}

/** Starts and probes each target; returns a sentence for each that cannot take part. */
async function startTargets(bench: Bench, upstream: Upstream, started: StartedTarget[]): Promise<readonly string[]> {
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

async function measureCases(bench: Bench, tools: Tools, started: readonly StartedTarget[]): Promise<CaseSamples[]> {
  const measured: CaseSamples[] = []
  for (const load of cases) {
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
  load: ForwardCase,
): Promise<readonly Sample[]> {
  const byName = new Map(started.map((target) => [target.name, target]))
  const budgeted = load.budgeted && compared.every((name) => byName.has(name)) ? compared : []
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

function toResult(bench: Bench, measured: readonly CaseSamples[], notRun: readonly string[]): SuiteResult {
  const verdicts = judge(measured, bench.rounds)
  return {
    suite: forward.name,
    rounds: bench.rounds,
    cases: measured.flatMap(toRows),
    ratios: Object.assign({}, ...measured.map((one) => toRatios(one, pairsOf(one.name)))),
    budgets: verdicts.filter((verdict) => typeof verdict !== 'string'),
    notRun: [...notRun, ...measured.flatMap(toDiscarded)],
    unjudged: verdicts.filter((verdict) => typeof verdict === 'string'),
  }
}

/** CPU of every proxy over the bare forwarder, and throughput over the peer. */
function pairsOf(caseName: string): readonly Pair[] {
  if (caseName !== 'json-c64' && caseName !== 'stream-c50') return []
  const proxies = targets.filter((target) => target !== direct)
  const over = (base: string, figure: Pair['figure']): Pair[] =>
    proxies.filter((target) => target.name !== base).map((target) => ({ figure, of: target.name, over: base }))
  return [...over(dispatch.name, 'cpuUs'), ...over(portkey.name, 'rps')]
}

/** DESIGN §13. */
function judge(measured: readonly CaseSamples[], rounds: number): readonly (Budget | string)[] {
  const kept = (name: string) => measured.filter((one) => one.name === name).flatMap(keptOf)
  const pair = { of: portcullis.name, over: dispatch.name }
  const cpu = pairedRatios(kept('json-c64'), { figure: 'cpuUs', ...pair })
  const added = pairedDifferences(kept('json-c1'), { figure: 'p50Us', ...pair })
  return [
    judgeBudget({ name: 'judged call: CPU over bare dispatch', op: '<=', limit: 1.5 }, cpu, rounds),
    judgeBudget({ name: 'judged call: added p50 µs at one connection', op: '<=', limit: 100 }, added, rounds),
  ]
}
