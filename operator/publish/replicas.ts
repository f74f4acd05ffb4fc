// Who enforces what: the serving pods of the gateway Service, folded with their acks. Pure. A pod that serves without a fresh ack
// counts as one that enforces nothing, whatever it said before.
import type { Revision } from '../../policy/bundle.ts'
import { parseSequence } from '../../policy/bundle-wire.ts'
import type { EndpointSlice, Lease } from '../../kube/resource.ts'
import type { Sequence } from './sequence.ts'
import { compareSequences } from './sequence.ts'

export interface Ack {
  readonly pod: string
  readonly sequence?: Sequence
  readonly digest?: string
  readonly rejected?: Rejection
}

export interface Rejection {
  readonly sequence: Sequence
  readonly reason: string
}

export interface Replica {
  readonly pod: string
  /** Absent: no fresh ack, or one for something that was never published. */
  readonly enforced?: Sequence
  readonly rejected?: Rejection
}

export interface Enforcement {
  readonly enforced: number
  readonly of: number
  /** By name, all of them. */
  readonly laggards: readonly string[]
  readonly rejected?: { readonly pod: string; readonly reason: string }
}

export const ackLeasePrefix = 'portcullis-ack-'
const maxReasonLength = 512

type Endpoint = NonNullable<EndpointSlice['endpoints']>[number]

/** Pods that take calls or are still finishing some; a slice may name one twice (IPv4 and IPv6). */
export function listServingPods(slices: readonly EndpointSlice[]): readonly string[] {
  const endpoints = slices.flatMap((slice) => slice.endpoints ?? [])
  const pods = endpoints.filter(takesCalls).flatMap(({ targetRef }) => targetRef?.name ?? [])
  return [...new Set(pods)].toSorted()
}

function takesCalls({ conditions = {}, targetRef }: Endpoint): boolean {
  if (targetRef?.kind !== 'Pod') return false
  // An absent `ready` means ready, an absent `serving` what `ready` says.
  return conditions.terminating === true || (conditions.serving ?? conditions.ready ?? true)
}

/** Undefined when the Lease is no ack. Its text was written by a gateway and is cut and cleaned before people see it. */
export function parseAck({ metadata }: Lease): Ack | undefined {
  if (!metadata.name.startsWith(ackLeasePrefix)) return undefined
  const annotations = metadata.annotations ?? {}
  const sequence = parseSequence(annotations['portcullis.dev/sequence'])
  const digest = annotations['portcullis.dev/digest']
  const refused = parseSequence(annotations['portcullis.dev/rejected-sequence'])
  return {
    pod: metadata.name.slice(ackLeasePrefix.length),
    ...(sequence === undefined ? {} : { sequence }),
    ...(digest === undefined ? {} : { digest }),
    ...(refused === undefined
      ? {}
      : { rejected: { sequence: refused, reason: toReason(annotations['portcullis.dev/rejected-reason']) } }),
  }
}

/** `freshAcks`: those whose renewal was seen lately. */
export function foldReplicas(
  servingPods: readonly string[],
  freshAcks: ReadonlyMap<string, Ack>,
  published: Revision,
): readonly Replica[] {
  return servingPods.map((pod) => {
    const ack = freshAcks.get(pod)
    const enforced = ack === undefined || !isOurs(ack, published) ? undefined : ack.sequence
    return {
      pod,
      ...(enforced === undefined ? {} : { enforced }),
      ...(ack?.rejected === undefined ? {} : { rejected: ack.rejected }),
    }
  })
}

/** Over the replicas, for what stands in every bundle from `since` on. */
export function judgeEnforcement(replicas: readonly Replica[], since: Sequence): Enforcement {
  const lagging = replicas.filter(({ enforced }) => enforced === undefined || compareSequences(enforced, since) < 0)
  const refusing = lagging.find(
    ({ rejected }) => rejected !== undefined && compareSequences(rejected.sequence, since) >= 0,
  )
  return {
    enforced: replicas.length - lagging.length,
    of: replicas.length,
    laggards: lagging.map(({ pod }) => pod),
    ...(refusing?.rejected === undefined ? {} : { rejected: { pod: refusing.pod, reason: refusing.rejected.reason } }),
  }
}

/** A sequence from the future, or the present one with another digest, is not what this operator published. */
function isOurs({ sequence, digest }: Ack, published: Revision): boolean {
  if (sequence === undefined) return false
  const order = compareSequences(sequence, published)
  return order < 0 || (order === 0 && digest === published.digest)
}

function toReason(text: string | undefined): string {
  const clean = (text ?? '').replace(/[^\x20-\x7e]+/gu, ' ').trim()
  return clean === '' ? 'no reason given' : clean.slice(0, maxReasonLength)
}
