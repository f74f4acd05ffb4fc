// This replica's word on what it enforces: a Lease of its own, owned by its pod. Renewal is the heartbeat; annotations carry the
// enforced sequence and digest, and what was rejected and why. An admission policy lets a pod's token write only its own.
import type { Clock } from '../../kube/clock.ts'
import { sleep } from '../../kube/clock.ts'
import type { NewObject } from '../../kube/resource.ts'
import type { Lease } from '../../kube/resource.ts'
import { leases } from '../../kube/resource.ts'
import type { ResourceStore } from '../../kube/store.ts'
import { toSequenceText } from '../../policy/bundle-wire.ts'
import type { EnforcementState } from './enforcement.ts'

export const ackPrefix = 'portcullis-ack-'

export const ackAnnotations = {
  sequence: 'portcullis.dev/sequence',
  digest: 'portcullis.dev/digest',
  rejectedSequence: 'portcullis.dev/rejected-sequence',
  rejectedReason: 'portcullis.dev/rejected-reason',
} as const

export interface PodIdentity {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

export interface AckDeps {
  readonly store: ResourceStore
  readonly clock: Clock
  readonly random: () => number
  readonly state: () => EnforcementState
  readonly onFailure: (error: unknown) => void
}

const renewMs = 10_000
const retryMs = 1_000
const callTimeoutMs = 5_000

export class AckLease {
  readonly #deps: AckDeps
  readonly #pod: PodIdentity
  #changed: AbortController = new AbortController()

  constructor(deps: AckDeps, pod: PodIdentity) {
    this.#deps = deps
    this.#pod = pod
  }

  /** Writes at once instead of at the next renewal. */
  hurry(): void {
    this.#changed.abort()
  }

  async start(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const changed = new AbortController()
      this.#changed = changed
      const written = await this.#write(signal)
      const jitter = 0.8 + this.#deps.random() * 0.4
      await sleep(this.#deps.clock, (written ? renewMs : retryMs) * jitter, AbortSignal.any([signal, changed.signal]))
    }
  }

  async #write(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#deps.store.apply(leases, toAckLease(this.#pod, this.#deps.state(), this.#deps.clock.date()), {
        fieldManager: 'portcullis-gateway',
        force: true,
        signal,
        timeoutMs: callTimeoutMs,
        urgent: true,
      })
      return true
    } catch (error) {
      if (!signal.aborted) this.#deps.onFailure(error)
      return false
    }
  }
}

const maxReasonLength = 256

export function toAckLease(pod: PodIdentity, { enforced, rejection }: EnforcementState, now: Date): NewObject<Lease> {
  return {
    metadata: {
      namespace: pod.namespace,
      name: `${ackPrefix}${pod.name}`,
      labels: { 'app.kubernetes.io/name': 'portcullis', 'app.kubernetes.io/component': 'gateway' },
      annotations: {
        ...(enforced && {
          [ackAnnotations.sequence]: toSequenceText(enforced.revision),
          [ackAnnotations.digest]: enforced.revision.digest,
        }),
        ...(rejection && {
          [ackAnnotations.rejectedSequence]: rejection.sequence,
          [ackAnnotations.rejectedReason]: rejection.reason.slice(0, maxReasonLength),
        }),
      },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: pod.name, uid: pod.uid, blockOwnerDeletion: false }],
    },
    spec: {
      holderIdentity: pod.name,
      leaseDurationSeconds: 30,
      renewTime: now.toISOString().replace('Z', '000Z'),
    },
  }
}
