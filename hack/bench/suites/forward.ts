// Suite `forward`: what it costs to pass a chat call on, for the mock called directly, three bare forwarders, the nearest
// peer, and Portcullis judging each call (cached OIDC, one rule, access log on).
import { judgeBudget } from '../budget.ts'
import { pairedDifferences, pairedRatios } from '../statistics.ts'
import type { Pair, Sample } from '../statistics.ts'
import type { Budget, Suite } from '../suite.ts'
import { direct } from '../targets/direct.ts'
import { dispatch, httpProxy } from '../targets/fastify.ts'
import { nginx } from '../targets/nginx.ts'
import { portcullis } from '../targets/portcullis.ts'
import { portkey } from '../targets/portkey.ts'
import { measureProxies, toResult } from './proxies.ts'
import type { ProxyCase } from './proxies.ts'

const targets = [direct, nginx, httpProxy, portkey, dispatch, portcullis]
const compared = [dispatch.name, portcullis.name]

const json = { model: 'bench-json', events: 0, warmUpMs: 1000, compared }
const stream = { warmUpMs: 1000, durationMs: 3000, compared: [] }

/**
 * Stream cases count events, the closing [DONE] among them. There 0.8 of the core must do: the mock writes each token by
 * itself, as models do, and so cannot keep the leanest proxy busier.
 */
const cases: readonly ProxyCase[] = [
  { ...json, name: 'json-c64', connections: 64, durationMs: 3000, minimumUtilization: 0.9 },
  { ...json, name: 'json-c1', connections: 1, durationMs: 2500, minimumUtilization: 0 },
  { ...stream, name: 'stream-c50', connections: 50, model: 'bench-200x0ms', events: 201, minimumUtilization: 0.8 },
  { ...stream, name: 'stream-paced-c1', connections: 1, model: 'bench-20x5ms', events: 21, minimumUtilization: 0 },
]

export const forward: Suite = {
  name: 'forward',
  describe: 'passing calls on: CPU, throughput, latency, time to first token',
  async run(bench) {
    return toResult(bench, await measureProxies(bench, { targets, cases }), { name: 'forward', pairsOf, judge })
  },
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
function judge(kept: (caseName: string) => readonly Sample[], rounds: number): readonly (Budget | string)[] {
  const pair = { of: portcullis.name, over: dispatch.name }
  const cpu = pairedRatios(kept('json-c64'), { figure: 'cpuUs', ...pair })
  const added = pairedDifferences(kept('json-c1'), { figure: 'p50Us', ...pair })
  return [
    judgeBudget({ name: 'judged call: CPU over bare dispatch', op: '<=', limit: 1.5 }, cpu, rounds),
    judgeBudget({ name: 'judged call: added p50 µs at one connection', op: '<=', limit: 100 }, added, rounds),
  ]
}
