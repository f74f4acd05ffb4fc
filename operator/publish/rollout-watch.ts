// Follows who enforces what: endpoints of the gateway Service and acks, folded into the publication whenever one of them changes or
// grows stale.
import type { Clock } from '../../kube/clock.ts'
import type { EndpointSlice } from '../../kube/resource.ts'
import type { Outcome } from '../runtime/outcome.ts'
import { done } from '../runtime/outcome.ts'
import type { Acks } from './acks.ts'
import type { Publication } from './publication.ts'
import type { Replica } from './replicas.ts'
import { foldReplicas, listServingPods } from './replicas.ts'
import { isOvertaken } from './sequence.ts'

export interface RolloutDeps {
  readonly clock: Clock
  readonly slices: () => readonly EndpointSlice[]
  readonly acks: Acks
  readonly publication: Publication
  /** Something is different: statuses may be. */
  readonly onChange: () => void
  /** Gateways are ahead of the index, or all have moved on: the publisher has something to do. */
  readonly onPublisherNeeded: () => void
  readonly measure: (replicas: readonly Replica[]) => void
}

export class RolloutWatch {
  readonly #deps: RolloutDeps
  #wasComplete = false
  #wasSettled = false

  constructor(deps: RolloutDeps) {
    this.#deps = deps
  }

  /** Folds what is known now; to be run after every change, and again when it says so. */
  async follow(): Promise<Outcome> {
    const { publication, acks, clock } = this.#deps
    const { revision } = publication
    const { fresh, staleInMs } = acks.read()
    const nowMs = clock.monotonicMs()
    if (revision === undefined) return done
    const changed = publication.observe(foldReplicas(listServingPods(this.#deps.slices()), fresh, revision), nowMs)
    const isSettled = publication.isSettled(nowMs)
    if (changed || isSettled !== this.#wasSettled) this.#deps.onChange()
    this.#wasSettled = isSettled
    this.#deps.measure(publication.replicas)
    const isComplete = publication.isComplete()
    if (isOvertaken(revision, acks.sequences()) || (isComplete && !this.#wasComplete)) this.#deps.onPublisherNeeded()
    this.#wasComplete = isComplete
    const againMs = Math.min(staleInMs ?? Infinity, publication.settlesInMs(nowMs) ?? Infinity)
    return Number.isFinite(againMs) ? { type: 'requeueAfter', ms: againMs + 1 } : done
  }
}
