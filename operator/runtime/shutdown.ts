// The order in which an operator ends, after SIGTERM: say not ready, stop listening, let work in progress finish, give
// the lease away only then (the next leader must not meet our last writes), close the connections last.
import type { Clock } from '../../kube/clock.ts'
import { startDeadline } from '../../kube/clock.ts'
import type { Log } from '../../kube/telemetry.ts'
import { toErrorFields } from '../../kube/telemetry.ts'

export interface ShutdownParts {
  readonly markNotReady: () => void
  readonly stopReflectors: () => Promise<void>
  /** Waits for work in progress; when the signal fires, that work must be abandoned. */
  readonly drain: (signal: AbortSignal) => Promise<void>
  readonly releaseLease: () => Promise<void>
  readonly closeClient: () => Promise<void>
}

export interface ShutdownDeps {
  readonly clock: Clock
  readonly log: Log
}

export interface ShutdownLimits {
  readonly drainMs: number
  /** Of each other step. */
  readonly stepMs: number
}

const abandonedMs = 1_000

const defaultLimits: ShutdownLimits = { drainMs: 20_000, stepMs: 3_000 }

/** Takes every step whatever the ones before did; true when all went well and in time. */
export async function shutdown(
  deps: ShutdownDeps,
  parts: ShutdownParts,
  limits: ShutdownLimits = defaultLimits,
): Promise<boolean> {
  const steps: readonly (readonly [string, number, (signal: AbortSignal) => Promise<void>])[] = [
    ['mark not ready', limits.stepMs, async () => parts.markNotReady()],
    ['stop reflectors', limits.stepMs, async () => parts.stopReflectors()],
    ['drain', limits.drainMs, async (signal) => parts.drain(signal)],
    ['release lease', limits.stepMs, async () => parts.releaseLease()],
    ['close client', limits.stepMs, async () => parts.closeClient()],
  ]
  let isClean = true
  for (const [step, limitMs, run] of steps) {
    const result = await takeStep(deps, limitMs, run)
    deps.log[result === 'done' ? 'info' : 'warn']({ step, result }, 'shutting down')
    isClean &&= result === 'done'
  }
  return isClean
}

async function takeStep(
  deps: ShutdownDeps,
  limitMs: number,
  run: (signal: AbortSignal) => Promise<void>,
): Promise<string> {
  using deadline = startDeadline(deps.clock, limitMs)
  // What is abandoned gets a moment to end: it must not write after the lease is given away.
  using end = startDeadline(deps.clock, limitMs + abandonedMs)
  const { promise: late, resolve } = Promise.withResolvers<string>()
  end.signal.addEventListener('abort', () => resolve('late'), { once: true })
  const work = run(deadline.signal).then(
    () => (deadline.expired() ? 'late' : 'done'),
    (error: unknown) => {
      deps.log.error(toErrorFields(error), 'a shutdown step failed')
      return 'failed'
    },
  )
  return await Promise.race([work, late])
}
