// What leader election and heartbeats share: the timestamp format that Leases demand, and how long ago a Lease last
// moved. Remote clocks are never compared with ours: a Lease is as old as the time since we saw it change.
import type { Lease } from './resource.ts'
import { toKey } from './resource.ts'

/** metav1.MicroTime: the server refuses the three digits of `toISOString`. */
export function toMicroTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z')
}

export interface Sighting {
  /** Since we saw it change, or since we saw it at all. */
  readonly ageMs: number
  /** False until it changed before our eyes: what was there at our start may be years old. */
  readonly wasRenewed: boolean
}

export class LeaseObserver {
  readonly #nowMs: () => number
  readonly #seen = new Map<string, { readonly print: string; readonly atMs: number; readonly wasRenewed: boolean }>()

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  see(lease: Lease): Sighting {
    const key = toKey(lease.metadata)
    const { holderIdentity, renewTime, leaseTransitions } = lease.spec ?? {}
    const print = JSON.stringify([lease.metadata.uid, holderIdentity, renewTime, leaseTransitions])
    const before = this.#seen.get(key)
    if (before?.print !== print) this.#seen.set(key, { print, atMs: this.#nowMs(), wasRenewed: before !== undefined })
    return this.get(key) ?? { ageMs: 0, wasRenewed: false }
  }

  get(key: string): Sighting | undefined {
    const seen = this.#seen.get(key)
    return seen === undefined ? undefined : { ageMs: this.#nowMs() - seen.atMs, wasRenewed: seen.wasRenewed }
  }

  forget(key: string): void {
    this.#seen.delete(key)
  }
}
