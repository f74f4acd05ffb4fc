// Takes keys from the queue and reconciles them with a few workers, turns every ending into an outcome, and looks at
// all objects again now and then. It stops by its signal: work in progress may finish, nothing new begins.
import type { Clock } from '../../kube/clock.ts'
import { sleep, startDeadline } from '../../kube/clock.ts'
import type { Log } from '../../kube/telemetry.ts'
import { toErrorFields } from '../../kube/telemetry.ts'
import type { ControllerMetrics } from './metrics.ts'
import type { Outcome } from './outcome.ts'
import { classify, isForeseen } from './outcome.ts'
import type { WorkQueue } from './queue.ts'

export interface ControllerDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly metrics: ControllerMetrics
  readonly queue: WorkQueue
  /** The signal fires at the deadline or when the work must be abandoned. */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Outcome>
  /** Every key there is, for the resync. */
  readonly keys: () => Iterable<string>
}

export interface ControllerOptions {
  readonly name: string
  readonly workers?: number
  readonly deadlineMs?: number
  /** Level triggering needs no resync; it is there for changes outside the cluster and for mistakes of ours. */
  readonly resyncMs?: number
  /** A stalled object is looked at again this seldom: permissions heal without an event. */
  readonly stalledMs?: number
}

export interface StopSignals {
  /** Begin nothing new. */
  readonly stop: AbortSignal
  /** Abandon what is running: leadership is lost, or the patience of the shutdown is over. */
  readonly abort: AbortSignal
}

export class Controller {
  readonly #deps: ControllerDeps
  readonly #options: Required<ControllerOptions>

  constructor(deps: ControllerDeps, options: ControllerOptions) {
    this.#deps = deps
    this.#options = { workers: 4, deadlineMs: 60_000, resyncMs: 36_000_000, stalledMs: 300_000, ...options }
  }

  /** Resolves when stopped and every worker has put its key back. */
  async run({ stop, abort }: StopSignals): Promise<void> {
    const { queue } = this.#deps
    const close = (): void => queue.close()
    const ended = AbortSignal.any([stop, abort])
    if (ended.aborted) close()
    ended.addEventListener('abort', close, { once: true })
    for (const key of this.#deps.keys()) queue.add(key)
    const workers = Array.from({ length: this.#options.workers }, async () => this.#work(abort))
    await Promise.all([...workers, this.#resync(ended)])
  }

  async #work(abort: AbortSignal): Promise<void> {
    for (let key = await this.#deps.queue.take(); key !== undefined; key = await this.#deps.queue.take()) {
      try {
        await this.#reconcile(key, abort)
      } finally {
        this.#deps.queue.done(key)
      }
    }
  }

  async #reconcile(key: string, abort: AbortSignal): Promise<void> {
    const { clock, log, metrics } = this.#deps
    const startedMs = clock.monotonicMs()
    using deadline = startDeadline(clock, this.#options.deadlineMs, abort)
    const outcome = await this.#attempt(key, deadline.signal)
    const ms = clock.monotonicMs() - startedMs
    metrics.reconciled(this.#options.name, outcome.type, ms / 1000)
    this.#schedule(key, outcome)
    const fields = {
      controller: this.#options.name,
      key,
      outcome: outcome.type,
      ms: Math.round(ms),
      overran: deadline.expired(),
    }
    if ('reason' in outcome) log.warn({ ...fields, reason: outcome.reason }, 'reconcile failed')
    else log.debug(fields, 'reconciled')
  }

  async #attempt(key: string, signal: AbortSignal): Promise<Outcome> {
    try {
      return await this.#deps.reconcile(key, signal)
    } catch (error) {
      const fields = { controller: this.#options.name, key }
      if (!isForeseen(error)) this.#deps.log.error({ ...fields, ...toErrorFields(error) }, 'a mistake in a reconcile')
      return classify(error)
    }
  }

  #schedule(key: string, outcome: Outcome): void {
    const { queue } = this.#deps
    switch (outcome.type) {
      case 'retry':
        return queue.retry(key, outcome.afterMs)
      case 'done':
        return queue.forget(key)
      case 'requeueAfter':
        queue.forget(key)
        return queue.addAfter(key, outcome.ms)
      case 'stalled':
        queue.forget(key)
        return queue.addAfter(key, this.#options.stalledMs)
    }
  }

  async #resync(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.#deps.clock, this.#options.resyncMs * (0.9 + this.#deps.random() * 0.2), signal)
      if (signal.aborted) return
      for (const key of this.#deps.keys()) this.#deps.queue.add(key)
    }
  }
}
