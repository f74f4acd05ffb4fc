// Suite `masking`, its rows at the gateway: what masking both ways costs a call that passes, beside the same gateway without masks, and
// how much later than through a bare forwarder the first text of a stream comes.
import { judgeBudget } from '../budget.ts'
import { pairedDifferences, pairedRatios } from '../statistics.ts'
import type { Pair, Sample } from '../statistics.ts'
import type { Budget, Suite } from '../suite.ts'
import { dispatch } from '../targets/fastify.ts'
import { portcullis, portcullisMasked } from '../targets/portcullis.ts'
import { measureProxies, toResult } from './proxies.ts'
import type { ProxyCase } from './proxies.ts'

const targets = [dispatch, portcullis, portcullisMasked]
const [unmasked, masked] = [portcullis.name, portcullisMasked.name]

/** The text of the streams is prose without findings; with its role, its reason to finish and [DONE]. */
function toStream(tokens: number, paceMs: number) {
  return { model: `bench-prose-${tokens}x${paceMs}ms`, events: tokens + 3, extraEvents: 1 }
}

const saturated = { targets: [unmasked, masked], compared: [unmasked, masked], warmUpMs: 1000, durationMs: 2500 }

const cases: readonly ProxyCase[] = [
  { ...saturated, name: 'json-c64', connections: 64, model: 'bench-json', events: 0, minimumUtilization: 0.9 },
  { ...saturated, ...toStream(200, 0), name: 'stream-c50', connections: 50, minimumUtilization: 0.8 },
  {
    // The mask holds the first tokens until they are decided, so the time is counted from the token that let text go.
    ...toStream(8, 5),
    name: 'first-text-c1',
    stamped: true,
    connections: 1,
    compared: [dispatch.name, masked],
    warmUpMs: 500,
    durationMs: 2500,
    minimumUtilization: 0,
  },
]

export const maskingGateway: Suite = {
  name: 'masking',
  describe: 'a gateway that masks both ways, beside itself without masks and a bare forwarder',
  async run(bench) {
    return toResult(bench, await measureProxies(bench, { targets, cases }), { name: 'masking', pairsOf, judge })
  },
}

function pairsOf(caseName: string): readonly Pair[] {
  return caseName === 'first-text-c1' ? [] : [{ figure: 'cpuUs', of: masked, over: unmasked }]
}

/** DESIGN §13. */
function judge(kept: (caseName: string) => readonly Sample[], rounds: number): readonly (Budget | string)[] {
  const throughput = { figure: 'rps', of: masked, over: unmasked } as const
  const firstText = { figure: 'ttftUs', of: masked, over: dispatch.name } as const
  const streams = pairedRatios(kept('stream-c50'), throughput)
  const calls = pairedRatios(kept('json-c64'), throughput)
  const added = pairedDifferences(kept('first-text-c1'), firstText)
  return [
    judgeBudget({ name: 'chunks per second kept under masks, 50 streams', op: '>=', limit: 0.8 }, streams, rounds),
    judgeBudget({ name: 'calls per second kept under masks', op: '>=', limit: 0.65 }, calls, rounds),
    judgeBudget({ name: 'added µs to first text over bare dispatch', op: '<=', limit: 500 }, added, rounds),
  ]
}
