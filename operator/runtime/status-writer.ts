// Writes status by server-side apply, and as seldom as possible: nothing when nothing changed, one write for several
// wishes about one object, and transition times only when a condition flips. One writer per status, by design: the
// whole status is compared and replaced.
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../../kube/clock.ts'
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
  readonly store: Pick<ResourceStore, 'applyStatus'>
  readonly clock: Clock
  readonly log: Log
  readonly metrics: StatusMetrics
}

interface Line {
  /** What we wrote last, until the cache has caught up with it. */
  written?: KubeObject | undefined
  /** The newest wish, shared by everybody who came while a write was running. */
  next?: { object: KubeObject; status: Status; result: Promise<StatusResult> } | undefined
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

  async #run(resource: Resource, line: Line, wish: { object: KubeObject; status: Status }): Promise<StatusResult> {
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

  async #apply(resource: Resource, line: Line, wish: { object: KubeObject; status: Status }): Promise<StatusResult> {
    const current = newer(wish.object, line.written)
    if (current === wish.object) line.written = undefined
    const before = statusOf(current)
    const status = withTimes(wish.status, before, `${this.#deps.clock.date().toISOString().slice(0, 19)}Z`)
    if (isSameStatus(status, before)) return 'unchanged'
    const { namespace, name, uid } = wish.object.metadata
    try {
      const how = { fieldManager: this.#fieldManager, force: true }
      line.written = await this.#deps.store.applyStatus(resource, { namespace, name, uid, status }, how)
      return 'written'
    } catch (error) {
      line.written = undefined
      if (isKubeError(error, 'NotFound', 'Conflict')) return 'gone'
      if (!isKubeError(error, 'Invalid')) throw error
      this.#deps.log.error(
        { reason: error.message },
        'the server refuses this status; the stored object may violate its schema',
      )
      return 'refused'
    }
  }
}

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
  now: string,
): Readonly<Record<string, unknown>> {
  if (status.conditions === undefined) return status
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
