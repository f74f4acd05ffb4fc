// A cache of objects that follows the API server through everything that can happen to a watch. Changes are reported
// as keys only: whoever listens looks the object up, so a missed or doubled report does no harm.
import type { FeedDeps, FeedLimits } from './feed.ts'
import { Feed, defaultFeedLimits } from './feed.ts'
import { deepFreeze } from './freeze.ts'
import type { KubeObject, Resource } from './resource.ts'
import { toKey, toResourceName } from './resource.ts'
import { toErrorFields } from './telemetry.ts'

export interface ReflectorOptions<T extends KubeObject> {
  readonly resource: Resource<T>
  /** Absent: all namespaces. */
  readonly namespaces?: readonly string[] | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly fields?: Readonly<Record<string, string>> | undefined
  readonly limits?: Partial<FeedLimits> | undefined
}

export class Reflector<T extends KubeObject> {
  readonly name: string
  /** Resolves when every namespace has been read once; stays pending while the server cannot be reached. */
  readonly synced: Promise<void>
  readonly #deps: FeedDeps
  readonly #limits: FeedLimits
  readonly #objects = new Map<string, T>()
  readonly #handlers = new Set<(key: string) => void>()
  readonly #feeds: readonly Feed<T>[]
  readonly #unsynced: Set<string | undefined>
  readonly #finishSync: () => void

  constructor(deps: FeedDeps, options: ReflectorOptions<T>) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.name = toResourceName(options.resource)
    this.synced = promise
    this.#finishSync = resolve
    this.#deps = deps
    this.#limits = { ...defaultFeedLimits, ...options.limits }
    const scopes: readonly (string | undefined)[] = options.namespaces ?? [undefined]
    this.#unsynced = new Set(scopes)
    this.#feeds = [...this.#unsynced].map((scope) => this.#makeFeed(options, scope))
  }

  /** Follows the server until the signal fires; resolves when nothing is left running. */
  async start(signal: AbortSignal): Promise<void> {
    if (this.#feeds.length === 0) this.#finishSync()
    await Promise.all(this.#feeds.map((feed) => feed.run(signal)))
  }

  get isSynced(): boolean {
    return this.#unsynced.size === 0
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#objects.get(toKey({ namespace, name }))
  }

  /** By the key that `onChange` reports. */
  getKey(key: string): T | undefined {
    return this.#objects.get(key)
  }

  list(): readonly T[] {
    return [...this.#objects.values()]
  }

  keys(): readonly string[] {
    return [...this.#objects.keys()]
  }

  /** Calls back with the key of every object that appeared, changed or went; returns how to stop. */
  onChange(handler: (key: string) => void): () => void {
    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }

  /** For the liveness check: time since the slowest feed's loop moved, and what it is allowed. */
  silence(): { readonly quietMs: number; readonly budgetMs: number } {
    return { quietMs: Math.max(0, ...this.#feeds.map((feed) => feed.quietMs())), budgetMs: this.#limits.silenceMs }
  }

  #makeFeed(options: ReflectorOptions<T>, namespace: string | undefined): Feed<T> {
    return new Feed(this.#deps, {
      resource: options.resource,
      selection: { namespace, labels: options.labels, fields: options.fields },
      limits: this.#limits,
      sink: {
        replace: (objects) => this.#replace(objects, namespace),
        set: (object) => this.#set(object),
        remove: (object) => this.#remove(toKey(object.metadata)),
      },
    })
  }

  #replace(objects: ReadonlyMap<string, T>, scope: string | undefined): void {
    for (const [key, object] of this.#objects) {
      const isInScope = scope === undefined || object.metadata.namespace === scope
      if (isInScope && !objects.has(key)) this.#remove(key)
    }
    for (const object of objects.values()) this.#set(object)
    if (this.#unsynced.delete(scope) && this.#unsynced.size === 0) this.#finishSync()
  }

  #set(object: T): void {
    const key = toKey(object.metadata)
    const before = this.#objects.get(key)
    if (before?.metadata.resourceVersion === object.metadata.resourceVersion && isSameObject(before, object)) return
    // Deleted and created again while nobody watched: two changes, not one.
    if (before !== undefined && !isSameObject(before, object)) this.#remove(key)
    this.#objects.set(key, deepFreeze(withoutManagedFields(object)))
    this.#report(key)
  }

  #remove(key: string): void {
    if (this.#objects.delete(key)) this.#report(key)
  }

  #report(key: string): void {
    for (const handler of this.#handlers) {
      try {
        handler(key)
      } catch (error) {
        this.#deps.metrics.handlerFailed(this.name)
        this.#deps.log.error({ resource: this.name, key, ...toErrorFields(error) }, 'a change handler threw')
      }
    }
  }
}

function isSameObject(one: KubeObject, other: KubeObject): boolean {
  return one.metadata.uid === other.metadata.uid
}

/** Often half of an object, and nothing that we decide by. */
function withoutManagedFields<T extends KubeObject>(object: T): T {
  const metadata: T['metadata'] & { managedFields?: unknown } = { ...object.metadata }
  delete metadata.managedFields
  return { ...object, metadata }
}
