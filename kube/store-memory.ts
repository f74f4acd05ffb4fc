// The resource store without a cluster: objects, versions, generations, watches and field owners in memory. The
// folder store feeds it from files. It knows no schemas, admission, finalizers or garbage collection.
import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { findConflicts, mergeApplied, withoutTaken } from './apply.ts'
import type { Clock } from './clock.ts'
import { Collection } from './collection.ts'
import type { KubeCall, KubeErrorCode, Verb } from './errors.ts'
import { KubeError } from './errors.ts'
import { deepFreeze } from './freeze.ts'
import type { KubeObject, NewMeta, Ref, Resource } from './resource.ts'
import { toApiVersion, toKey, toResourceName } from './resource.ts'
import type { ApplyOptions, ResourceStore } from './store.ts'
import { toObject, toRecord } from './wire.ts'

type Tree = Readonly<Record<string, unknown>>

export interface MemoryStoreDeps {
  readonly clock: Clock
  readonly newUid?: () => string
}

/** What a caller hands over, as JSON: `apiVersion` and `kind` come from the resource. */
export interface Draft {
  readonly metadata: NewMeta
}

export class MemoryStore implements ResourceStore {
  readonly #clock: Clock
  readonly #newUid: () => string
  readonly #collections = new Map<string, Collection>()
  /** Per object and part (main, status): what each field manager applied last. */
  readonly #applied = new Map<string, Map<string, Tree>>()
  #version = 0

  constructor(deps: MemoryStoreDeps) {
    this.#clock = deps.clock
    this.#newUid = deps.newUid ?? randomUUID
  }

  readonly get: ResourceStore['get'] = async (resource, ref) => {
    const found = this.#of(resource).get(toKey(ref))
    return found === undefined ? undefined : toObject(resource, found, toCall('get', resource, ref))
  }

  readonly list: ResourceStore['list'] = async (resource, selection = {}) => {
    const call = toCall('list', resource, selection)
    const items = this.#of(resource).select(selection)
    return { items: items.map((item) => toObject(resource, item, call)), resourceVersion: String(this.#version) }
  }

  readonly watch: ResourceStore['watch'] = (resource, options) =>
    this.#of(resource).watch(resource, options, () => this.#version)

  readonly create: ResourceStore['create'] = async (resource, object) => {
    if (this.#of(resource).get(toKey(object.metadata)) !== undefined)
      throw toRefusal('AlreadyExists', toCall('create', resource, object.metadata))
    return this.put(resource, withoutStatus(object))
  }

  readonly replace: ResourceStore['replace'] = async (resource, object) => {
    const live = this.#live('update', resource, object.metadata)
    return this.put(resource, { ...withoutStatus(object), ...statusOf(live) })
  }

  readonly apply: ResourceStore['apply'] = async (resource, object, options) => {
    const { name, namespace, uid, resourceVersion, ...meta } = object.metadata
    const live = this.#of(resource).get(toKey(object.metadata))
    if (live !== undefined || uid !== undefined || resourceVersion !== undefined)
      this.#live('patch', resource, object.metadata)
    const applied = { ...withoutStatus(object), metadata: meta }
    const merged = this.#applyPart(
      { resource, ref: { name, namespace }, part: 'main' },
      toRecord(live),
      applied,
      options,
    )
    const identity = namespace === undefined ? { name } : { name, namespace }
    return this.put(resource, { ...merged, metadata: { ...toRecord(merged['metadata']), ...identity } })
  }

  readonly applyStatus: ResourceStore['applyStatus'] = async (resource, { status, ...ref }, options) => {
    const live = this.#live('patch', resource, ref)
    const merged = this.#applyPart({ resource, ref, part: 'status' }, toRecord(live), { status }, options)
    return this.put(resource, { ...merged, metadata: live.metadata })
  }

  readonly delete: ResourceStore['delete'] = async (resource, ref, options = {}) => {
    const live = this.#of(resource).get(toKey(ref))
    if (live === undefined) return false
    this.#live('delete', resource, { ...ref, uid: options.uid, resourceVersion: options.resourceVersion })
    this.#version += 1
    this.#of(resource).remove(toKey(ref), String(this.#version))
    for (const part of ['main', 'status'] as const) this.#applied.delete(toPartKey({ resource, ref, part }))
    return true
  }

  /** Forgets the history, as a server's compaction does: older watches cannot be resumed. */
  compact(resource: Resource): void {
    this.#of(resource).compact(this.#version)
  }

  /** Stores an object as it is, keeping identity; what an API server does after all checks. A no-op keeps its version. */
  put<T extends KubeObject>(resource: Resource<T>, object: Draft): T {
    const call = toCall('update', resource, object.metadata)
    const live = this.#of(resource).get(toKey(object.metadata))
    const content = { apiVersion: toApiVersion(resource), kind: resource.kind, ...object }
    // Through JSON: what is stored shares nothing with what callers keep, and carries nothing that JSON cannot.
    const next: unknown = JSON.parse(
      JSON.stringify({ ...content, metadata: this.#toMeta(object.metadata, live, content) }),
    )
    if (live !== undefined && isDeepStrictEqual(next, live)) return toObject(resource, live, call)
    this.#version += 1
    const metadata = { ...toRecord(toRecord(next)['metadata']), resourceVersion: String(this.#version) }
    const stored = deepFreeze(toObject(resource, { ...toRecord(next), metadata }, call))
    this.#of(resource).set(stored)
    return stored
  }

  #toMeta(meta: NewMeta, live: KubeObject | undefined, content: Tree): KubeObject['metadata'] {
    const identity = live?.metadata ?? {
      uid: meta.uid ?? this.#newUid(),
      resourceVersion: '0',
      creationTimestamp: `${this.#clock.date().toISOString().slice(0, 19)}Z`,
      generation: 0,
    }
    const { uid, resourceVersion, creationTimestamp, generation = 0 } = identity
    const isSameIntent = isDeepStrictEqual(toIntent(live), toIntent(content))
    return {
      ...meta,
      uid,
      resourceVersion,
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
      generation: isSameIntent ? generation : generation + 1,
    }
  }

  #applyPart(target: Target, live: Tree, next: Tree, { fieldManager, force }: ApplyOptions): Tree {
    const owners = this.#applied.get(toPartKey(target)) ?? new Map<string, Tree>()
    for (const [owner, theirs] of owners) {
      if (owner === fieldManager) continue
      const conflicts = findConflicts(theirs, next)
      if (conflicts.length > 0 && force !== true)
        throw toRefusal('Conflict', toCall('patch', target.resource, target.ref), conflicts)
      owners.set(owner, withoutTaken(theirs, next))
    }
    const merged = mergeApplied(live, owners.get(fieldManager) ?? {}, next)
    owners.set(fieldManager, deepFreeze(structuredClone(next)))
    this.#applied.set(toPartKey(target), owners)
    return merged
  }

  #live(verb: Verb, resource: Resource, expected: Expected): KubeObject {
    const live = this.#of(resource).get(toKey(expected))
    const call = toCall(verb, resource, expected)
    if (live === undefined) throw toRefusal(expected.uid === undefined ? 'NotFound' : 'Conflict', call)
    const { uid, resourceVersion } = live.metadata
    // To a server an apply with another uid tries to change the uid.
    if (verb === 'patch' && (expected.uid ?? uid) !== uid) throw toRefusal('Invalid', call)
    const isOther = (expected.uid ?? uid) !== uid || (expected.resourceVersion ?? resourceVersion) !== resourceVersion
    if (isOther) throw toRefusal('Conflict', call)
    return live
  }

  #of(resource: Resource): Collection {
    const name = toResourceName(resource)
    const found = this.#collections.get(name) ?? new Collection(this.#clock)
    this.#collections.set(name, found)
    return found
  }
}

interface Expected extends Ref {
  readonly uid?: string | undefined
  readonly resourceVersion?: string | undefined
}

interface Target {
  readonly resource: Resource
  readonly ref: Ref
  readonly part: 'main' | 'status'
}

function toPartKey({ resource, ref, part }: Target): string {
  return `${toResourceName(resource)} ${toKey(ref)} ${part}`
}

function toCall(verb: Verb, resource: Resource, ref: Partial<Ref>): KubeCall {
  return {
    verb,
    resource: toResourceName(resource),
    ...(ref.namespace === undefined ? {} : { namespace: ref.namespace }),
    ...(ref.name === undefined ? {} : { name: ref.name }),
  }
}

function toRefusal(code: KubeErrorCode, call: KubeCall, fields: readonly string[] = []): KubeError {
  const detail = fields.length === 0 ? undefined : `owned by another manager ${fields.slice(0, 8).join(', ')}`
  return new KubeError(code, call, { detail })
}

/** The main resource never writes a status: that is what the subresource is for. */
function withoutStatus<T extends Draft>(object: T): T {
  const copy: T & { status?: unknown } = { ...object }
  delete copy.status
  return copy
}

function statusOf(object: Tree | KubeObject): { status?: unknown } {
  const { status } = toRecord(object)
  return status === undefined ? {} : { status }
}

/** What `metadata.generation` counts changes of. */
function toIntent(object: unknown): Tree {
  const { metadata: _metadata, status: _status, ...intent } = toRecord(object)
  return intent
}
