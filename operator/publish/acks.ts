// The acks of the gateways as the operator sees them: an ack counts as long as its Lease was seen to move lately, on this process's
// own clock; what a gateway writes as its time is never compared with ours.
import type { Clock } from '../../kube/clock.ts'
import { LeaseObserver } from '../../kube/lease.ts'
import type { Lease } from '../../kube/resource.ts'
import { toKey } from '../../kube/resource.ts'
import type { Ack } from './replicas.ts'
import { parseAck } from './replicas.ts'
import type { Sequence } from './sequence.ts'

export interface AckSource {
  list(): readonly Lease[]
}

export interface SeenAcks {
  readonly fresh: ReadonlyMap<string, Ack>
  /** When the next of them grows stale. */
  readonly staleInMs?: number
}

export const freshForMs = 30_000

export class Acks {
  readonly #source: AckSource
  readonly #observer: LeaseObserver

  constructor(source: AckSource, clock: Clock) {
    this.#source = source
    this.#observer = new LeaseObserver(clock.monotonicMs)
  }

  /** To be called for every change of a Lease. */
  see(lease: Lease): void {
    this.#observer.see(lease)
  }

  forget(key: string): void {
    this.#observer.forget(key)
  }

  read(): SeenAcks {
    const fresh = new Map<string, Ack>()
    let staleInMs = Number.POSITIVE_INFINITY
    for (const lease of this.#source.list()) {
      const ack = parseAck(lease)
      const ageMs = this.#observer.get(toKey(lease.metadata))?.ageMs ?? Number.POSITIVE_INFINITY
      if (ack === undefined || ageMs >= freshForMs) continue
      fresh.set(ack.pod, ack)
      staleInMs = Math.min(staleInMs, freshForMs - ageMs)
    }
    return { fresh, ...(Number.isFinite(staleInMs) ? { staleInMs } : {}) }
  }

  /** Fresh or not: for the sequence, what a gateway once enforced counts. */
  sequences(): readonly Sequence[] {
    return this.#source.list().flatMap((lease) => parseAck(lease)?.sequence ?? [])
  }
}
