// All objects of one kind in memory, with enough history that a watch can be resumed, and none more: a watch from
// before it is told Gone, as a real server does after compaction.
import type { Clock } from './clock.ts'
import { sleep, startDeadline } from './clock.ts'
import { KubeError } from './errors.ts'
import type { KubeObject, Resource } from './resource.ts'
import { toKey, toResourceName } from './resource.ts'
import type { Selection, WatchEvent, WatchOptions } from './store.ts'
import { toObject, toRecord } from './wire.ts'

interface Change {
  readonly version: number
  readonly before: KubeObject | undefined
  readonly after: KubeObject | undefined
}

const maxHistory = 1_000
const maxPending = 10_000
const bookmarkEveryMs = 60_000

export class Collection {
  readonly #clock: Clock
  readonly #objects = new Map<string, KubeObject>()
  readonly #watchers = new Set<(change: Change) => void>()
  #history: Change[] = []
  #forgotten = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key)
  }

  select(selection: Selection): readonly KubeObject[] {
    return [...this.#objects.values()].filter((object) => isSelected(selection, object))
  }

  set(object: KubeObject): void {
    const key = toKey(object.metadata)
    const before = this.#objects.get(key)
    this.#objects.set(key, object)
    this.#publish({ version: Number(object.metadata.resourceVersion), before, after: object })
  }

  remove(key: string, version: string): void {
    const live = this.#objects.get(key)
    if (live === undefined) return
    this.#objects.delete(key)
    const before = Object.freeze({ ...live, metadata: Object.freeze({ ...live.metadata, resourceVersion: version }) })
    this.#publish({ version: Number(version), before, after: undefined })
  }

  /** Watches from before this moment cannot be resumed. */
  compact(version: number): void {
    this.#forgotten = version
    this.#history = []
  }

  async *watch<T extends KubeObject>(
    resource: Resource<T>,
    options: WatchOptions,
    version: () => number,
  ): AsyncGenerator<WatchEvent<T>> {
    const mail = { events: this.#firstEvents(resource, options, version()), wake: new AbortController() }
    const watcher = (change: Change): void => {
      mail.events.push(...toEvents(resource, options, change))
      mail.wake.abort()
    }
    this.#watchers.add(watcher)
    using lifetime = startDeadline(this.#clock, options.timeoutSeconds * 1000, options.signal)
    try {
      while (!lifetime.signal.aborted) {
        if (mail.events.length > maxPending) throw gone(resource)
        const event = mail.events.shift()
        mail.wake = new AbortController()
        if (event === undefined)
          await sleep(this.#clock, bookmarkEveryMs, AbortSignal.any([mail.wake.signal, lifetime.signal]))
        const isIdle = event === undefined && mail.events.length === 0
        if (event !== undefined) yield event
        if (isIdle) yield { type: 'Bookmark', resourceVersion: String(version()), initialEventsEnd: false }
      }
    } finally {
      this.#watchers.delete(watcher)
    }
  }

  #firstEvents<T extends KubeObject>(resource: Resource<T>, options: WatchOptions, version: number): WatchEvent<T>[] {
    if (options.resourceVersion !== undefined) {
      const from = Number(options.resourceVersion)
      if (from < this.#forgotten) throw gone(resource)
      return this.#history
        .filter((change) => change.version > from)
        .flatMap((change) => toEvents(resource, options, change))
    }
    const call = { verb: 'watch', resource: toResourceName(resource) } as const
    return [
      ...this.select(options).map((object) => ({ type: 'Set', object: toObject(resource, object, call) }) as const),
      { type: 'Bookmark', resourceVersion: String(version), initialEventsEnd: true },
    ]
  }

  #publish(change: Change): void {
    this.#history.push(change)
    if (this.#history.length > maxHistory) this.#forgotten = this.#history.shift()?.version ?? this.#forgotten
    for (const watcher of this.#watchers) watcher(change)
  }
}

function gone(resource: Resource): KubeError {
  return new KubeError('Gone', { verb: 'watch', resource: toResourceName(resource) })
}

/** One event or none. Deleted also when a change took the object out of the selection. */
function toEvents<T extends KubeObject>(
  resource: Resource<T>,
  selection: Selection,
  { before, after }: Change,
): WatchEvent<T>[] {
  const call = { verb: 'watch', resource: toResourceName(resource) } as const
  if (after !== undefined && isSelected(selection, after))
    return [{ type: 'Set', object: toObject(resource, after, call) }]
  if (before === undefined || !isSelected(selection, before)) return []
  return [{ type: 'Deleted', object: toObject(resource, after ?? before, call) }]
}

function isSelected({ namespace, labels = {}, fields = {} }: Selection, object: KubeObject): boolean {
  return (
    (namespace === undefined || object.metadata.namespace === namespace) &&
    Object.entries(labels).every(([label, value]) => object.metadata.labels?.[label] === value) &&
    Object.entries(fields).every(([path, value]) => readPath(object, path) === value)
  )
}

function readPath(object: unknown, path: string): unknown {
  let value: unknown = object
  for (const part of path.split('.').filter((name) => name !== '')) value = toRecord(value)[part]
  return value
}
