// The contract between control plane and data plane: everything a gateway judges by, as one canonical document. It knows
// neither Kubernetes nor HTTP. Credentials are named here, never contained.
import type { ModelConnectionSpec } from '../crds/generated/model-connection.ts'
import type { InferencePolicySpec } from '../crds/generated/inference-policy.ts'
import type { Network } from './address.ts'
import type { ObjectRef } from './model.ts'
import type { Settings } from './settings.ts'

/** Raised only together with a reader for both; a gateway keeps its last good snapshot when it meets a newer one. */
export const bundleFormat = 1

export interface BundleEndpoint {
  readonly name: string
  /** `https://host:port`, no path. */
  readonly origin: string
  /** Put before the request's path; empty or `/v1`-like, never ending in a slash. */
  readonly basePath: string
  readonly weight: number
  /** A Service of the cluster (resolved by its absolute name), or an address outside it. */
  readonly place: 'InCluster' | 'External'
  readonly serverName?: string
  readonly caPem?: string
}

export interface BundleCredential {
  readonly type: 'Header'
  readonly header: string
  readonly prefix: string
  /** Key in the credential Secret of the gateway's namespace. */
  readonly slot: string
}

/** Why an object cannot be used; everything it covers is refused, everything else goes on. */
export interface Blocked {
  readonly reason: string
  readonly message: string
}

export interface BundleConnection {
  readonly ref: ObjectRef
  readonly labels: Readonly<Record<string, string>>
  readonly prefix: string
  /** Empty: any host. */
  readonly hostnames: readonly string[]
  readonly endpoints: readonly BundleEndpoint[]
  readonly credential?: BundleCredential
  readonly spec: ModelConnectionSpec
  readonly blocked?: Blocked
}

export interface BundlePolicy {
  readonly ref: ObjectRef
  /** From the platform's own namespace: may select connections of every namespace. */
  readonly baseline: boolean
  readonly spec: InferencePolicySpec
  /** The terms of the dictionaries of its data classes, by `<ConfigMap>/<key>`. */
  readonly dictionaries?: Readonly<Record<string, readonly string[]>>
  readonly blocked?: Blocked
}

export interface Bundle {
  readonly format: typeof bundleFormat
  readonly settings: Settings
  readonly network: Network
  /** Both sorted by namespace/name, so that the same objects always give the same digest. */
  readonly connections: readonly BundleConnection[]
  readonly policies: readonly BundlePolicy[]
}

/** Which bundle: `n` grows with every publication of one epoch; a restore from backup starts a higher epoch. */
export interface Revision {
  readonly epoch: number
  readonly n: number
  readonly digest: string
}

/** Above zero when `a` is newer. */
export function compareRevisions(a: Revision, b: Revision): number {
  return a.epoch === b.epoch ? a.n - b.n : a.epoch - b.epoch
}

/** `1.42-9f86d081884c`: sequence for people, the head of the digest for proof. Sent with every reply. */
export function toRevisionText(revision: Revision): string {
  return `${revision.epoch}.${revision.n}-${revision.digest.replace('sha256:', '').slice(0, 12)}`
}
