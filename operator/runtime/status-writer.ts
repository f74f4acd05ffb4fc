// Writes status by server-side apply, and as seldom as possible: nothing when nothing changed, one write for several
// wishes about one object, and transition times only when a condition flips. One writer per status, by design: the
// whole status is compared and replaced.
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../../kube/clock.ts'
import type { KubeError } from '../../kube/errors.ts'
import { isKubeError, isRecord } from '../../kube/errors.ts'
import type { KubeObject, Resource } from '../../kube/resource.ts'
import { toKey, toResourceName } from '../../kube/resource.ts'
import type { ResourceStore } from '../../kube/store.ts'
import type { Log } from '../../kube/telemetry.ts'
import type { StatusMetrics } from './metrics.ts'

/** A condition without its time, which the writer knows better. */
export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  readonly observedGeneration?: number
}

export interface Status {
  readonly conditions?: readonly Condition[]
  readonly [field: string]: unknown
}

/** `gone`: deleted, or another object has the name now. `refused`: 422, the stored object violates today's schema. */
export type StatusResult = 'unchanged' | 'written' | 'gone' | 'refused'

export interface StatusWriterDeps {
  readonly store: Pick<ResourceStore, 'applyStatus' | 'get'>
  readonly clock: Clock
  readonly log: Log
  readonly metrics: StatusMetrics
}

interface Wish {
  object: KubeObject
  status: Status
}

interface Line {
  /** What we wrote last, until the cache has caught up with it. */
  written?: KubeObject | undefined
  /** The newest wish, shared by everybody who came while a write was running. */
  next?: (Wish & { result: Promise<StatusResult> }) | undefined
  running?: Promise<unknown> | undefined
}

export class StatusWriter {
  readonly #deps: StatusWriterDeps
  readonly #fieldManager: string
  readonly #lines = new Map<string, Line>()

  constructor(deps: StatusWriterDeps, fieldManager: string) {
    this.#deps = deps
    this.#fieldManager = fieldManager
  }

  /** `object` is the cached one. Throws KubeErrors that a retry may heal. */
  async write(resource: Resource, object: KubeObject, status: Status): Promise<StatusResult> {
    const line = this.#line(resource, object)
    if (line.next !== undefined) {
      line.next.object = object
      line.next.status = status
      return line.next.result
    }
    if (line.running === undefined) return this.#run(resource, line, { object, status })
    const next = { object, status, result: this.#afterwards(resource, line) }
    line.next = next
    return next.result
  }

  /** The object is deleted: nothing needs to be remembered. */
  forget(resource: Resource, ref: { readonly namespace?: string | undefined; readonly name: string }): void {
    this.#lines.delete(`${toResourceName(resource)} ${toKey(ref)}`)
  }

  #line(resource: Resource, object: KubeObject): Line {
    const key = `${toResourceName(resource)} ${toKey(object.metadata)}`
    const line = this.#lines.get(key) ?? {}
    this.#lines.set(key, line)
    return line
  }

  async #afterwards(resource: Resource, line: Line): Promise<StatusResult> {
    await line.running?.catch(() => {}) // Its own caller hears of it.
    const next = line.next
    line.next = undefined
    return next === undefined ? 'unchanged' : this.#run(resource, line, next)
  }

  async #run(resource: Resource, line: Line, wish: Wish): Promise<StatusResult> {
    const work = this.#apply(resource, line, wish)
    line.running = work
    try {
      const result = await work
      this.#deps.metrics.statusWritten(toResourceName(resource), result)
      return result
    } finally {
      if (line.running === work) line.running = undefined
    }
  }

  async #apply(resource: Resource, line: Line, wish: Wish): Promise<StatusResult> {
    let current = newer(wish.object, line.written)
    line.written = current === wish.object ? undefined : current
    for (let conflicts = 0; ; conflicts += 1) {
      try {
        const status = withTimes(wish.status, statusOf(current), this.#deps.clock.date())
        if (isSameStatus(status, statusOf(current))) return 'unchanged'
        line.written = await this.#send(resource, current, status)
        return 'written'
      } catch (error) {
        line.written = undefined
        if (conflicts >= maxConflicts) throw error
        const next = await this.#recover(resource, current, error)
        if (typeof next === 'string') return next
        current = next
      }
    }
  }

  /** The object as it is now, to try again with, or the end of it. */
  async #recover(resource: Resource, current: KubeObject, error: unknown): Promise<KubeObject | StatusResult> {
    if (isKubeError(error, 'NotFound')) return 'gone'
    if (isKubeError(error, 'Invalid')) return this.#refused(error)
    if (!isKubeError(error, 'Conflict')) throw error
    const found = await this.#deps.store.get(resource, current.metadata)
    return found?.metadata.uid === current.metadata.uid ? found : 'gone'
  }

  /** At the version we compared with: it alone keeps this status off an object created again under the name. */
  async #send(resource: Resource, current: KubeObject, status: unknown): Promise<KubeObject> {
    const { namespace, name, resourceVersion } = current.metadata
    const how = { fieldManager: this.#fieldManager, force: true }
    return this.#deps.store.applyStatus(resource, { namespace, name, resourceVersion, status }, how)
  }

  #refused(error: KubeError): StatusResult {
    const words = 'the server refuses this status; the stored object may violate its schema'
    this.#deps.log.error({ reason: error.message }, words)
    return 'refused'
  }
}

const maxConflicts = 3

/** The cache may not yet show what we wrote; comparing with it would skip a change back, or repeat a change. */
function newer(cached: KubeObject, written: KubeObject | undefined): KubeObject {
  if (written === undefined || written.metadata.uid !== cached.metadata.uid) return cached
  return toNumber(written) > toNumber(cached) ? written : cached
}

/** Versions of one resource are ordered numbers (Kubernetes 1.35 says so; etcd always did). */
function toNumber(object: KubeObject): bigint {
  const { resourceVersion } = object.metadata
  return /^\d{1,30}$/.test(resourceVersion) ? BigInt(resourceVersion) : 0n
}

function statusOf(object: KubeObject): Readonly<Record<string, unknown>> {
  return 'status' in object && isRecord(object.status) ? object.status : {}
}

function withTimes(
  status: Status,
  before: Readonly<Record<string, unknown>>,
  date: Date,
): Readonly<Record<string, unknown>> {
  if (status.conditions === undefined) return status
  const now = `${date.toISOString().slice(0, 19)}Z`
  const known = toConditions(before['conditions'])
  const conditions = status.conditions.map((condition) => {
    const old = known.get(condition.type)
    const hasFlipped = old?.['status'] !== condition.status || typeof old['lastTransitionTime'] !== 'string'
    return { ...condition, lastTransitionTime: hasFlipped ? now : old['lastTransitionTime'] }
  })
  return { ...status, conditions }
}

function isSameStatus(one: Readonly<Record<string, unknown>>, other: Readonly<Record<string, unknown>>): boolean {
  return isDeepStrictEqual(toComparable(one), toComparable(other))
}

/** Without undefined fields, and with conditions by type: their order means nothing. */
function toComparable(status: Readonly<Record<string, unknown>>): unknown {
  const plain: unknown = JSON.parse(JSON.stringify({ ...status, conditions: undefined }))
  const conditions: unknown = JSON.parse(JSON.stringify([...toConditions(status['conditions'])].toSorted(byType)))
  return { plain, conditions }
}

function byType([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1
}

function toConditions(value: unknown): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  const list: readonly unknown[] = Array.isArray(value) ? value : []
  return new Map(list.filter(isRecord).map((condition) => [String(condition['type']), condition]))
}
