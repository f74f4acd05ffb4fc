// What the health endpoints say, and why. Ready: every cache has been read and this process leads or stands by. Alive:
// every watch loop moves and the event loop is not stuck. An API server that is away makes neither worse: a restart
// would lose the caches and heal nothing.
import { monitorEventLoopDelay } from 'node:perf_hooks'

export interface Health {
  readonly ok: boolean
  /** One line per check, in the manner of the API server's /readyz?verbose. */
  readonly text: string
}

export interface Cache {
  readonly name: string
  readonly isSynced: boolean
  readonly silence: () => { readonly quietMs: number; readonly budgetMs: number }
}

export interface HealthDeps {
  readonly caches: () => readonly Cache[]
  /** Absent where nobody is elected. */
  readonly leader?: () => 'standby' | 'leading' | 'lost' | 'released'
  readonly isStopping: () => boolean
  /** The longest stall of the event loop since it was last asked. */
  readonly loopLagMs: () => number
}

interface Check {
  readonly name: string
  /** Absent when fine. */
  readonly trouble?: string | undefined
}

const maxLoopLagMs = 5_000

export function checkReady(deps: HealthDeps): Health {
  const leader = deps.leader?.()
  return toHealth([
    { name: 'running', trouble: deps.isStopping() ? 'the process is shutting down' : undefined },
    ...deps
      .caches()
      .map((cache) => ({ name: `cache ${cache.name}`, trouble: cache.isSynced ? undefined : 'not read yet' })),
    ...(leader === undefined
      ? []
      : [{ name: 'leader election', trouble: leader === 'standby' || leader === 'leading' ? undefined : leader }]),
  ])
}

export function checkAlive(deps: HealthDeps): Health {
  const lagMs = Math.round(deps.loopLagMs())
  const lag = `stalled for ${lagMs} ms, allowed are ${maxLoopLagMs}`
  return toHealth([
    { name: 'event loop', trouble: lagMs > maxLoopLagMs ? lag : undefined },
    ...deps.caches().map((cache) => ({ name: `watch ${cache.name}`, trouble: toQuietTrouble(cache) })),
  ])
}

function toQuietTrouble(cache: Cache): string | undefined {
  const { quietMs, budgetMs } = cache.silence()
  if (quietMs <= 2 * budgetMs) return undefined
  return `no attempt for ${Math.round(quietMs / 1000)} s, twice the allowed ${Math.round(budgetMs / 1000)} s`
}

function toHealth(checks: readonly Check[]): Health {
  const lines = checks.map(({ name, trouble }) =>
    trouble === undefined ? `[+] ${name} ok` : `[-] ${name}: ${trouble}`,
  )
  return { ok: checks.every(({ trouble }) => trouble === undefined), text: `${lines.join('\n')}\n` }
}

export interface LoopLag extends Disposable {
  readonly readMs: () => number
}

/** Measures in the background until disposed; each reading starts anew. */
export function measureLoopLag(): LoopLag {
  const histogram = monitorEventLoopDelay({ resolution: 20 })
  histogram.enable()
  return {
    readMs: () => {
      const maxMs = histogram.max / 1e6
      histogram.reset()
      return maxMs
    },
    [Symbol.dispose]: () => void histogram.disable(),
  }
}
