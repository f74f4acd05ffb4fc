// Time as a dependency: durations come from a monotonic clock, dates from the calendar, and tests turn the hands
// themselves. Nothing under kube/ or operator/runtime/ calls setTimeout or Date.now directly.

export interface Clock {
  /** For measuring how long something took or is allowed to take; unrelated to the calendar. */
  readonly monotonicMs: () => number
  /** For timestamps that other people read; may jump, so never for durations. */
  readonly date: () => Date
  /** Calls `run` once after `ms`; the returned function cancels. */
  readonly after: (ms: number, run: () => void) => () => void
}

const longestTimerMs = 2 ** 31 - 1

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  date: () => new Date(),
  after: (ms, run) => {
    const timer = setTimeout(run, Math.min(Math.max(0, ms), longestTimerMs))
    return () => clearTimeout(timer)
  },
}

/** Resolves after `ms`, or at once when the signal fires: the caller looks at the signal. */
export async function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return
  await new Promise<void>((resolve) => {
    const finish = (): void => {
      cancel()
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const cancel = clock.after(ms, finish)
    signal?.addEventListener('abort', finish, { once: true })
  })
}

export interface Deadline extends Disposable {
  readonly signal: AbortSignal
  /** True when time ran out, false when the parent signal ended it (or nothing did). */
  readonly expired: () => boolean
  readonly remainingMs: () => number
  /** Starts the full time again. */
  readonly extend: () => void
}

/** A signal that fires after `ms` or with its parent. Dispose it: the parent may live as long as the process. */
export function startDeadline(clock: Clock, ms: number, parent?: AbortSignal): Deadline {
  const controller = new AbortController()
  let expired = false
  let endsMs = clock.monotonicMs() + ms
  const expire = (): void => {
    expired = true
    controller.abort()
  }
  let cancel = clock.after(ms, expire)
  const follow = (): void => controller.abort()
  if (parent?.aborted) controller.abort()
  parent?.addEventListener('abort', follow, { once: true })
  return {
    signal: controller.signal,
    expired: () => expired,
    remainingMs: () => Math.max(0, endsMs - clock.monotonicMs()),
    extend: () => {
      cancel()
      endsMs = clock.monotonicMs() + ms
      cancel = clock.after(ms, expire)
    },
    [Symbol.dispose]: () => {
      cancel()
      parent?.removeEventListener('abort', follow)
    },
  }
}
