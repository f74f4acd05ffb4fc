// The one door to stored objects, for the operator and the gateway alike. Behind it stands a cluster
// (store-kubernetes.ts) or a folder of YAML (store-folder.ts); test/helpers/store-contract.ts says what both must do.
import type { KubeObject, NewObject, Ref, Resource } from './resource.ts'

export interface Selection {
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined
  /** Every label must have this value. Structured, so that no value can become syntax. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** `metadata.name`, or a selectable field of the kind. */
  readonly fields?: Readonly<Record<string, string>> | undefined
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
  /** Ahead of the client-side rate limit: for leases. */
  readonly urgent?: boolean | undefined
}

export interface ObjectList<T> {
  readonly items: readonly T[]
  readonly resourceVersion: string
}

export interface WatchOptions extends Selection {
  /** Changes after this version; absent: the present objects first, then a bookmark with `initialEventsEnd`. */
  readonly resourceVersion?: string | undefined
  readonly timeoutSeconds: number
  readonly signal: AbortSignal
}

export type WatchEvent<T> =
  | { readonly type: 'Set'; readonly object: T }
  | { readonly type: 'Deleted'; readonly object: T }
  | { readonly type: 'Bookmark'; readonly resourceVersion: string; readonly initialEventsEnd: boolean }

export interface ApplyOptions extends CallOptions {
  /** Who owns the fields; what this owner applied before and leaves out now is removed. */
  readonly fieldManager: string
  /** Takes fields over from other owners. */
  readonly force?: boolean
}

export interface DeleteOptions extends CallOptions {
  /** Deletes only this very object, not one that was created since under its name. */
  readonly uid?: string | undefined
  readonly resourceVersion?: string | undefined
}

/**
 * A status together with what it belongs to. The server ignores a uid here, so what keeps a status off an object that
 * was created again under the name is its `resourceVersion`.
 */
export interface NewStatus extends Ref {
  readonly resourceVersion?: string | undefined
  readonly status: unknown
}

/** Every failure is a KubeError, except that absence is `undefined` in `get` and `false` in `delete`. */
export interface ResourceStore {
  readonly get: <T extends KubeObject>(resource: Resource<T>, ref: Ref, options?: CallOptions) => Promise<T | undefined>
  /** All pages, as of one resourceVersion. */
  readonly list: <T extends KubeObject>(
    resource: Resource<T>,
    options?: Selection & CallOptions,
  ) => Promise<ObjectList<T>>
  /** One watch, as long as it lasts; Reflector turns it into a cache that survives. Throws Gone, Network, ... */
  readonly watch: <T extends KubeObject>(resource: Resource<T>, options: WatchOptions) => AsyncIterable<WatchEvent<T>>
  readonly create: <T extends KubeObject>(
    resource: Resource<T>,
    object: NewObject<T>,
    options?: CallOptions,
  ) => Promise<T>
  /** Server-side apply: creates or updates. A `metadata.resourceVersion` makes it conditional, `force` or not. */
  readonly apply: <T extends KubeObject>(
    resource: Resource<T>,
    object: NewObject<T>,
    options: ApplyOptions,
  ) => Promise<T>
  /** The whole object, at its `metadata.resourceVersion`. */
  readonly replace: <T extends KubeObject>(
    resource: Resource<T>,
    object: NewObject<T>,
    options?: CallOptions,
  ) => Promise<T>
  /** Server-side apply to the status subresource. The object must exist. */
  readonly applyStatus: <T extends KubeObject>(
    resource: Resource<T>,
    status: NewStatus,
    options: ApplyOptions,
  ) => Promise<T>
  readonly delete: (resource: Resource, ref: Ref, options?: DeleteOptions) => Promise<boolean>
}
