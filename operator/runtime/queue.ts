// The work queue of a controller: keys, each at most once. A key that is added while it is being worked on runs again
// afterwards, never beside itself. Bounded by the number of distinct objects; adding a waiting key again costs nothing.
//
//   add -> ready -> take -> processing -> done
//            ^                  | added meanwhile: dirty, so back to ready when done
//   addAfter, retry -> waiting -+ when the time comes: add
import type { Clock } from '../../kube/clock.ts'
import type { BackoffRange, Rate } from '../../kube/pace.ts'
import { TokenBucket, backoffMs } from '../../kube/pace.ts'
import type { QueueMetrics } from './metrics.ts'

export interface QueueDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly metrics: QueueMetrics
}

export interface QueueOptions {
  readonly name: string
  /** Of one key that keeps failing. */
  readonly backoff?: BackoffRange
  /** Of all failing keys together, so that a broken dependency is not hammered by thousands of objects. */
  readonly rate?: Rate
}

export class WorkQueue {
  readonly name: string
  readonly #deps: QueueDeps
  readonly #backoff: BackoffRange
  readonly #bucket: TokenBucket
  /** Since when each key waits for a worker, oldest first. */
  readonly #ready = new Map<string, number>()
  readonly #processing = new Map<string, number>()
  readonly #dirty = new Set<string>()
  readonly #waiting = new Map<string, { readonly dueMs: number; readonly cancel: () => void }>()
  readonly #failures = new Map<string, number>()
  readonly #takers: ((key: string | undefined) => void)[] = []
  #isClosed = false

  constructor(deps: QueueDeps, options: QueueOptions) {
    this.name = options.name
    this.#deps = deps
    this.#backoff = options.backoff ?? { minMs: 5, maxMs: 300_000 }
    this.#bucket = new TokenBucket(options.rate ?? { perSecond: 10, burst: 100 }, deps.clock.monotonicMs)
    deps.metrics.observe(options.name, () => this.#load())
  }

  add(key: string): void {
    if (this.#isClosed || this.#ready.has(key) || this.#dirty.has(key)) return
    this.#deps.metrics.added(this.name)
    if (this.#processing.has(key)) this.#dirty.add(key)
    else this.#enqueue(key)
  }

  /** Adds the key later; of several times the earliest counts. */
  addAfter(key: string, ms: number): void {
    if (ms <= 0) return this.add(key)
    const dueMs = this.#deps.clock.monotonicMs() + ms
    const planned = this.#waiting.get(key)
    if (this.#isClosed || (planned !== undefined && planned.dueMs <= dueMs)) return
    planned?.cancel()
    const cancel = this.#deps.clock.after(ms, () => {
      this.#waiting.delete(key)
      this.add(key)
    })
    this.#waiting.set(key, { dueMs, cancel })
  }

  /** Adds the key after its backoff, or later if the server asked for that. */
  retry(key: string, atLeastMs = 0): void {
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    this.#deps.metrics.retried(this.name)
    const ownMs = backoffMs(this.#backoff, failures, this.#deps.random)
    this.addAfter(key, Math.max(ownMs, this.#bucket.reserveMs(), atLeastMs))
  }

  /** Ends the key's backoff: it succeeded, or is given up. */
  forget(key: string): void {
    this.#failures.delete(key)
  }

  /** The next key, which the caller must give back with `done`; undefined when the queue is closed. */
  async take(): Promise<string | undefined> {
    if (this.#isClosed) return undefined
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    this.#takers.push(resolve)
    this.#serve()
    return promise
  }

  done(key: string): void {
    const startedMs = this.#processing.get(key)
    if (startedMs === undefined) throw new Error(`queue ${this.name}: a key was given back that was not taken`)
    this.#deps.metrics.worked(this.name, (this.#deps.clock.monotonicMs() - startedMs) / 1000)
    this.#processing.delete(key)
    if (this.#dirty.delete(key) && !this.#isClosed) this.#enqueue(key)
  }

  /** Hands out nothing more. What is being worked on may finish; what waits is left to whoever leads next. */
  close(): void {
    this.#isClosed = true
    for (const { cancel } of this.#waiting.values()) cancel()
    this.#waiting.clear()
    this.#ready.clear()
    for (const give of this.#takers.splice(0)) give(undefined)
  }

  #enqueue(key: string): void {
    this.#ready.set(key, this.#deps.clock.monotonicMs())
    this.#serve()
  }

  #serve(): void {
    const [next] = this.#ready
    const give = next === undefined ? undefined : this.#takers.shift()
    if (next === undefined || give === undefined) return
    const [key, sinceMs] = next
    const nowMs = this.#deps.clock.monotonicMs()
    this.#ready.delete(key)
    this.#processing.set(key, nowMs)
    this.#deps.metrics.waited(this.name, (nowMs - sinceMs) / 1000)
    give(key)
  }

  #load(): { depth: number; unfinishedSeconds: number; longestSeconds: number } {
    const nowMs = this.#deps.clock.monotonicMs()
    const seconds = [...this.#processing.values()].map((startedMs) => (nowMs - startedMs) / 1000)
    return {
      depth: this.#ready.size,
      unfinishedSeconds: seconds.reduce((sum, each) => sum + each, 0),
      longestSeconds: Math.max(0, ...seconds),
    }
  }
}
