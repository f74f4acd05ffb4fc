// Waits for a condition instead of for a length of time. A condition may return false or undefined, or throw (an assertion
// inside it reads well); the last thing that was wrong is in the error when time is up.
import { setTimeout as delay } from 'node:timers/promises'

export interface EventuallyOptions {
  /** What is being waited for, as it should read after "gave up waiting for". */
  readonly message: string
  readonly timeoutMs?: number
  readonly intervalMs?: number
  readonly signal?: AbortSignal
  /** Asked once time is up: logs, the state of an object, whatever helps the reader. */
  readonly explain?: () => string | Promise<string>
}

type Met<T> = Exclude<T, false | undefined | null>

export async function eventually<T>(
  condition: () => T | Promise<T>,
  { message, timeoutMs = 15_000, intervalMs = 50, signal, explain }: EventuallyOptions,
): Promise<Met<T>> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    signal?.throwIfAborted()
    const attempt = await tryOnce(condition)
    if ('value' in attempt) return attempt.value
    if (performance.now() >= deadline) {
      const details = explain ? `\n${await explain()}` : ''
      throw new Error(`gave up waiting for ${message} after ${timeoutMs} ms: ${attempt.reason}${details}`, {
        cause: attempt.error,
      })
    }
    await delay(intervalMs, undefined, signal ? { signal } : {})
  }
}

type Attempt<T> = { readonly value: Met<T> } | { readonly reason: string; readonly error?: unknown }

async function tryOnce<T>(condition: () => T | Promise<T>): Promise<Attempt<T>> {
  try {
    const value = await condition()
    if (isMet(value)) return { value }
    return { reason: `the condition is still ${String(value)}` }
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error), error }
  }
}

function isMet<T>(value: T): value is Met<T> {
  return value !== false && value !== undefined && value !== null
}
