// What is known at the moment, for whoever writes statuses: the last plan and its verdicts, the published revision, who enforces
// what. Written by the publisher and the rollout, read by the reconcilers; nothing here does I/O.
import type { Revision } from '../../policy/bundle.ts'
import type { Verdict } from '../verdict.ts'
import type { Plan } from './plan.ts'
import type { Replica } from './replicas.ts'
import type { Progress, ProgressByObject } from './rollout.ts'
import { latchEntries, trackEntries } from './rollout.ts'

export interface Judged {
  readonly plan: Plan
  /** Of policies, by id; connections carry theirs in the plan. */
  readonly policies: ReadonlyMap<string, Verdict>
  /** Of the entries as they were planned; they are published when the progress of each has the same. */
  readonly fingerprints: ReadonlyMap<string, string>
}

export interface Published {
  readonly revision: Revision
  /** Every entry of the bundle, by `toEntryKey`. */
  readonly fingerprints: ReadonlyMap<string, string>
  readonly nowMs: number
}

export function toEntryKey(kind: 'ModelConnection' | 'InferencePolicy', id: string): string {
  return `${kind} ${id}`
}

/** Replicas that stay as they are for this long are a fleet at rest. */
const settledAfterMs = 10_000

export class Publication {
  #judged: Judged | undefined
  #revision: Revision | undefined
  #progress: ProgressByObject = new Map()
  #inherited: ReadonlySet<string> = new Set()
  #replicas: readonly Replica[] = []
  #sinceMs = 0
  #trouble: string | undefined
  #isObserved = false

  get judged(): Judged | undefined {
    return this.#judged
  }

  get revision(): Revision | undefined {
    return this.#revision
  }

  get replicas(): readonly Replica[] {
    return this.#replicas
  }

  /** Why the newest plan could not be published; the revision before it stays in force. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  progressOf(key: string): Progress | undefined {
    return this.#progress.get(key)
  }

  /** Published by a process before this one, which may have known more about it than can be known now. */
  isInherited(key: string): boolean {
    return this.#inherited.has(key)
  }

  /** Found at the start, from before. */
  inherit(published: Published): void {
    this.publish(published)
    this.#inherited = new Set(published.fingerprints.keys())
  }

  publish({ revision, fingerprints, nowMs }: Published): void {
    const before = this.#progress
    this.#revision = revision
    this.#trouble = undefined
    this.#progress = trackEntries(before, fingerprints, { revision, nowMs })
    this.#inherited = new Set([...this.#inherited].filter((key) => before.get(key) === this.#progress.get(key)))
    this.#progress = latchEntries(this.#progress, this.#replicas)
  }

  judge(judged: Judged): void {
    this.#judged = judged
  }

  fail(trouble: string): void {
    this.#trouble = trouble
  }

  /** True when anything is different now. */
  observe(replicas: readonly Replica[], nowMs: number): boolean {
    this.#isObserved = true
    const isSame = JSON.stringify(replicas) === JSON.stringify(this.#replicas)
    if (!isSame) {
      this.#replicas = replicas
      this.#sinceMs = nowMs
    }
    const progress = latchEntries(this.#progress, replicas)
    const changed = !isSame || progress !== this.#progress
    this.#progress = progress
    return changed
  }

  /** Every serving gateway enforces the newest revision. */
  isComplete(): boolean {
    const { epoch, n } = this.#revision ?? { epoch: 0, n: 0 }
    if (!this.#isObserved) return false
    return this.#replicas.every(({ enforced }) => enforced?.epoch === epoch && enforced.n === n)
  }

  /** Complete, and for a while: then counts are worth writing to every object. */
  isSettled(nowMs: number): boolean {
    return this.#replicas.length > 0 && this.isComplete() && nowMs - this.#sinceMs >= settledAfterMs
  }

  /** When `isSettled` may turn true; undefined when it is, or cannot without a change. */
  settlesInMs(nowMs: number): number | undefined {
    if (this.#replicas.length === 0 || !this.isComplete()) return undefined
    const leftMs = this.#sinceMs + settledAfterMs - nowMs
    return leftMs > 0 ? leftMs : undefined
  }
}
