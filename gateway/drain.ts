// The end of a process's service: no new connections, time for the calls that are under way, then their connections are cut; and
// whatever way they end, every call has been recorded before this is over.
import type { FastifyInstance } from 'fastify'
import type { Clock } from '../kube/clock.ts'
import { sleep } from '../kube/clock.ts'

/** Calls that are under way. */
export class CallsInFlight {
  readonly #calls = new Set<Promise<void>>()

  async follow(call: Promise<void>): Promise<void> {
    this.#calls.add(call)
    try {
      await call
    } finally {
      this.#calls.delete(call)
    }
  }

  /** Resolves when none of those that are under way now is left. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#calls)
  }
}

export interface Draining {
  readonly server: FastifyInstance
  readonly calls: CallsInFlight
  readonly clock: Clock
  readonly drainMs: number
  /** Somebody does not want to wait for the calls. */
  readonly hurry: AbortSignal
}

/** A call that was cut ends within moments; one that does not is not waited for. */
const cutMs = 5_000

export async function drain({ server, calls, clock, drainMs, hurry }: Draining): Promise<void> {
  const patience = new AbortController()
  const closed = server.close().then(() => patience.abort())
  await sleep(clock, drainMs, AbortSignal.any([patience.signal, hurry]))
  server.server.closeAllConnections()
  await closed
  const given = new AbortController()
  await Promise.race([calls.settled(), sleep(clock, cutMs, given.signal)])
  given.abort()
}
