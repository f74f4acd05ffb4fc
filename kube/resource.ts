// What an API object looks like to us and where its kind lives: plain JSON, readonly, with the few built-in kinds that
// both processes touch. Custom kinds are described in the same way by whoever owns them.

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

/** What a caller may set. */
export interface NewMeta {
  readonly name: string
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly OwnerReference[]
  /** With an apply or a replace: refused when the stored object is another one or has changed since. */
  readonly uid?: string
  readonly resourceVersion?: string
}

/** What a stored object has. */
export interface ObjectMeta extends NewMeta {
  readonly uid: string
  readonly resourceVersion: string
  readonly generation?: number
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly finalizers?: readonly string[]
}

export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
}

export type NewObject<T extends KubeObject> = Omit<T, 'apiVersion' | 'kind' | 'metadata' | 'status'> & {
  readonly metadata: NewMeta
}

declare const shape: unique symbol

export interface Resource<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
  /** Carries the type only; never set. */
  readonly [shape]?: T | undefined
}

export interface Ref {
  readonly namespace?: string | undefined
  readonly name: string
}

/** `namespace/name`, or `name` for a kind without namespaces: what queues and caches are keyed by. */
export function toKey(ref: Ref): string {
  return ref.namespace === undefined ? ref.name : `${ref.namespace}/${ref.name}`
}

export function toRef(key: string): Ref {
  const slash = key.indexOf('/')
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

export function toApiVersion(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`
}

/** As RBAC and metrics name it: `leases.coordination.k8s.io`. */
export function toResourceName(resource: Resource): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`
}

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
  readonly binaryData?: Readonly<Record<string, string>>
  readonly immutable?: boolean
}

export interface Secret extends KubeObject {
  readonly type?: string
  readonly data?: Readonly<Record<string, string>>
}

export interface Namespace extends KubeObject {
  readonly status?: { readonly phase?: string }
}

export interface Pod extends KubeObject {
  readonly spec?: { readonly nodeName?: string; readonly serviceAccountName?: string }
  readonly status?: {
    readonly phase?: string
    readonly podIP?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

export interface EndpointSlice extends KubeObject {
  readonly addressType: string
  readonly endpoints?: readonly {
    readonly addresses: readonly string[]
    readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean }
    readonly targetRef?: {
      readonly kind?: string
      readonly namespace?: string
      readonly name?: string
      readonly uid?: string
    }
    readonly nodeName?: string
    readonly zone?: string
  }[]
  readonly ports?: readonly { readonly name?: string; readonly port?: number; readonly protocol?: string }[]
}

export interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string
    readonly leaseDurationSeconds?: number
    /** RFC 3339 with exactly six fractional digits: the server refuses three (`toMicroTime`). */
    readonly acquireTime?: string
    readonly renewTime?: string
    readonly leaseTransitions?: number
  }
}

export interface ObjectReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
}

export interface KubeEvent extends KubeObject {
  readonly eventTime: string
  readonly reportingController: string
  readonly reportingInstance: string
  readonly action: string
  readonly reason: string
  readonly type: 'Normal' | 'Warning'
  readonly note?: string
  readonly regarding: ObjectReference
  readonly series?: { readonly count: number; readonly lastObservedTime: string }
}

export const configMaps: Resource<ConfigMap> = builtIn('', 'configmaps', 'ConfigMap')
export const secrets: Resource<Secret> = builtIn('', 'secrets', 'Secret')
export const pods: Resource<Pod> = builtIn('', 'pods', 'Pod')
export const namespaces: Resource<Namespace> = { ...builtIn('', 'namespaces', 'Namespace'), namespaced: false }
export const leases: Resource<Lease> = builtIn('coordination.k8s.io', 'leases', 'Lease')
export const endpointSlices: Resource<EndpointSlice> = builtIn('discovery.k8s.io', 'endpointslices', 'EndpointSlice')
export const events: Resource<KubeEvent> = builtIn('events.k8s.io', 'events', 'Event')

function builtIn<T extends KubeObject>(group: string, plural: string, kind: string): Resource<T> {
  return { group, version: 'v1', plural, kind, namespaced: true }
}
