// Suite `propagation`: how long an edit of a policy takes, on a real API server, until every one of three replicas has answered a
// call by it. Control plane, operator, gateways and caller share all cores: nobody's CPU is what is measured.
import { connectKube } from '../../../kube/client.ts'
import { makeKubernetesStore } from '../../../kube/store-kubernetes.ts'
import { startControlPlane } from '../../cluster/control-plane.ts'
import { startPlayground } from '../../cluster/processes-playground.ts'
import { judgeBudget } from '../budget.ts'
import { toRows } from '../figures.ts'
import type { CaseSamples } from '../figures.ts'
import { runCommand } from '../processes.ts'
import type { Sample } from '../statistics.ts'
import { percentile } from '../statistics.ts'
import type { Bench, Suite, SuiteResult } from '../suite.ts'
import type { Edit, EditOptions } from './propagation-edits.ts'
import { measureEdits } from './propagation-edits.ts'

const replicas = 3
const editsPerRound = 60
const warmUpEdits = 5
const target = 'portcullis'
const budget = { name: `edit to answer of ${replicas} of ${replicas}, p99 ms`, op: '<=', limit: 250 } as const

export const propagation: Suite = {
  name: 'propagation',
  describe: `an edit on a real API server until ${replicas} replicas answer by it`,
  async run(bench) {
    await useCores(bench, `${bench.cores.proxy},${bench.cores.others}`)
    try {
      return await measure(bench)
    } finally {
      await useCores(bench, bench.cores.others)
    }
  },
}

async function measure(bench: Bench): Promise<SuiteResult> {
  const { log, signal, environment } = bench
  await using cluster = await startControlPlane({ env: environment, log })
  await using playground = await startPlayground(cluster, replicas)
  await using kube = connectKube({ kubeconfig: cluster.address.adminKubeconfig })
  const { token, gateways } = playground
  const options: Omit<EditOptions, 'edits' | 'round'> = {
    store: makeKubernetesStore(kube.transport),
    replicas: gateways.map(({ origin }) => ({ origin, token })),
    signal,
  }
  log(`${warmUpEdits} edits to warm up`)
  await measureEdits({ ...options, edits: warmUpEdits, round: 0 })
  const rounds: (readonly Edit[])[] = []
  for (let round = 1; round <= bench.rounds; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one measurement at a time is the point
    const edits = await measureEdits({ ...options, edits: editsPerRound, round })
    rounds.push(edits)
    const all = toSample(edits, round, 'lastMs')
    log(`round ${round}: p50 ${toMs(all.p50Us)} ms, p99 ${toMs(all.p99Us)} ms over ${edits.length} edits`)
  }
  return toResult(bench, rounds)
}

function toResult(bench: Bench, rounds: readonly (readonly Edit[])[]): SuiteResult {
  const toCase = (name: string, figure: keyof Edit): CaseSamples => ({
    name,
    minimumUtilization: 0,
    samples: rounds.map((edits, index) => toSample(edits, index + 1, figure)),
  })
  const every = toCase('edit-every-replica', 'lastMs')
  const values = every.samples.flatMap(({ p99Us }) => (p99Us === undefined ? [] : [p99Us / 1000]))
  const judged = judgeBudget(budget, values, bench.rounds)
  return {
    suite: 'propagation',
    rounds: bench.rounds,
    cases: [...toRows(toCase('edit-first-replica', 'firstMs')), ...toRows(every)],
    ratios: {},
    budgets: typeof judged === 'string' ? [] : [judged],
    notRun: [],
    unjudged: typeof judged === 'string' ? [judged] : [],
  }
}

function toSample(edits: readonly Edit[], round: number, figure: keyof Edit): Sample {
  const values = edits.map((edit) => edit[figure] * 1000)
  return { target, round, errors: 0, p50Us: percentile(values, 0.5), p99Us: percentile(values, 0.99) }
}

function toMs(us: number | undefined): string {
  return us === undefined ? '-' : (us / 1000).toFixed(0)
}

/** The bench keeps off the proxy's core as a rule; its children begin where it is. */
async function useCores({ environment, signal }: Bench, cores: string): Promise<void> {
  const args = ['-a', '-c', '-p', cores, `${process.pid}`]
  await runCommand({ name: 'taskset', file: 'taskset', args, environment, signal })
}
