// When traffic may come: once this replica enforces the bundle that is published, or, while the API server cannot be heard, the
// last good one. After that it stays ready, because a replica that keeps the last good bundle serves better than none.
import type { Clock } from '../kube/clock.ts'
import type { Revision } from '../policy/bundle.ts'
import { compareRevisions, toRevisionText } from '../policy/bundle.ts'
import type { Health } from './admin.ts'
import type { Enforcement } from './bundle/enforcement.ts'

export interface Published {
  /** Undefined while nothing is published, or was heard of. */
  readonly revision: () => Revision | undefined
  readonly isHeard: () => boolean
}

/** How long a start waits for the API server before it believes its mount. */
const patienceMs = 10_000

export class Readiness {
  readonly #enforcement: Enforcement
  readonly #clock: Clock
  readonly #startedMs: number
  #published: Published | undefined
  #isDraining = false
  #wasReady = false

  constructor(enforcement: Enforcement, clock: Clock) {
    this.#enforcement = enforcement
    this.#clock = clock
    this.#startedMs = clock.monotonicMs()
  }

  follow(published: Published): void {
    this.#published = published
  }

  drain(): void {
    this.#isDraining = true
  }

  get isDraining(): boolean {
    return this.#isDraining
  }

  check(): Health {
    if (this.#isDraining) return { ok: false, lines: ['draining: this replica is going away'] }
    const { enforced, rejection } = this.#enforcement.state
    const rejected = rejection === undefined ? [] : [`rejected bundle ${rejection.sequence}: ${rejection.reason}`]
    if (enforced === undefined)
      return { ok: false, lines: ['no bundle yet: the operator has published none', ...rejected] }
    const lines = [`enforcing ${toRevisionText(enforced.revision)}`, ...rejected]
    this.#wasReady ||= this.#isCurrent(enforced.revision)
    return this.#wasReady ? { ok: true, lines } : { ok: false, lines: [...lines, 'a newer bundle is published'] }
  }

  #isCurrent(enforced: Revision): boolean {
    if (this.#published === undefined) return true
    if (!this.#published.isHeard()) return this.#clock.monotonicMs() - this.#startedMs > patienceMs
    const published = this.#published.revision()
    return published === undefined || compareRevisions(enforced, published) >= 0
  }
}
