// The resource store over the Kubernetes API, as raw JSON. The generated clients are not used here: they turn
// timestamps into Date objects (in lists, not in watches), drop fields that their version does not know, and have
// neither WatchList nor apply to a subresource. Where a typed call fits (token requests and reviews) use KubeClient.make.
import { isKubeError, isRecord, toNetworkError } from './errors.ts'
import { readLines } from './lines.ts'
import { toPath, toQuery } from './path.ts'
import type { KubeObject, Resource } from './resource.ts'
import { toApiVersion } from './resource.ts'
import type {
  ApplyOptions,
  CallOptions,
  ObjectList,
  ResourceStore,
  Selection,
  WatchEvent,
  WatchOptions,
} from './store.ts'
import type { KubeRequest, Transport } from './transport.ts'
import { toCallOf } from './transport.ts'
import { parseJson, toEvent, toObject, toRecord, undecodable } from './wire.ts'

const pageSize = 500
const maxLineBytes = 16 * 1024 * 1024
const json = { 'content-type': 'application/json' }
const apply = { 'content-type': 'application/apply-patch+yaml' }

export function makeKubernetesStore(transport: Transport): ResourceStore {
  async function send<T extends KubeObject>(resource: Resource<T>, request: KubeRequest): Promise<T> {
    const reply = await transport.send(request)
    const call = toCallOf(request)
    return toObject(resource, parseJson(call, reply.body), call)
  }
  return {
    get: async (resource, ref, options) =>
      send(resource, { method: 'GET', path: toPath(resource, ref), ...toRest(options) }).catch(undefinedWhenAbsent),
    list: async (resource, options) => listAll(transport, resource, options ?? {}),
    watch: (resource, options) => watch(transport, resource, options),
    create: async (resource, object, options) =>
      send(resource, {
        method: 'POST',
        path: toPath(resource, toScope(object.metadata)),
        query: { fieldValidation: 'Strict' },
        headers: json,
        body: JSON.stringify({ ...object, ...toTypeMeta(resource) }),
        ...toRest(options),
      }),
    apply: async (resource, object, options) =>
      send(resource, toApply(toPath(resource, object.metadata), { ...object, ...toTypeMeta(resource) }, options)),
    replace: async (resource, object, options) =>
      send(resource, {
        method: 'PUT',
        path: toPath(resource, object.metadata),
        query: { fieldValidation: 'Strict' },
        headers: json,
        body: JSON.stringify({ ...object, ...toTypeMeta(resource) }),
        ...toRest(options),
      }),
    applyStatus: async (resource, { status, ...metadata }, options) =>
      send(
        resource,
        toApply(`${toPath(resource, metadata)}/status`, { ...toTypeMeta(resource), metadata, status }, options),
      ),
    delete: async (resource, ref, { uid, resourceVersion, ...options } = {}) => {
      const body = JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid, resourceVersion } })
      const request: KubeRequest = {
        method: 'DELETE',
        path: toPath(resource, ref),
        headers: json,
        body,
        ...toRest(options),
      }
      const reply = await transport.send(request).catch(undefinedWhenAbsent)
      return reply !== undefined
    },
  }
}

async function listAll<T extends KubeObject>(
  transport: Transport,
  resource: Resource<T>,
  options: Selection & CallOptions,
): Promise<ObjectList<T>> {
  let limit: string | undefined = String(pageSize)
  for (let restarts = 0; ; restarts += 1) {
    try {
      return await listPages(transport, resource, options, limit)
    } catch (error) {
      // The pages' snapshot was compacted under us: begin again, the second time without pages, which cannot expire.
      if (limit === undefined || !isKubeError(error, 'Gone')) throw error
      if (restarts > 0) limit = undefined
    }
  }
}

async function listPages<T extends KubeObject>(
  transport: Transport,
  resource: Resource<T>,
  options: Selection & CallOptions,
  limit: string | undefined,
): Promise<ObjectList<T>> {
  const items: T[] = []
  for (let next: string | undefined; ;) {
    const query: Record<string, string | undefined> = { ...toQuery(options), limit, continue: next }
    const request: KubeRequest = { method: 'GET', path: toPath(resource, toScope(options)), query, ...toRest(options) }
    const call = toCallOf(request)
    const page = parseJson(call, (await transport.send(request)).body)
    if (!isRecord(page) || !Array.isArray(page['items']) || !isRecord(page['metadata'])) throw undecodable(call)
    const found: readonly unknown[] = page['items']
    // Items of built-in kinds come without apiVersion and kind.
    for (const item of found) items.push(toObject(resource, { ...toTypeMeta(resource), ...toRecord(item) }, call))
    const { resourceVersion, continue: following } = page['metadata']
    if (typeof resourceVersion !== 'string') throw undecodable(call)
    if (typeof following !== 'string' || following === '') return { items, resourceVersion }
    next = following
  }
}

async function* watch<T extends KubeObject>(
  transport: Transport,
  resource: Resource<T>,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>> {
  const fromNow = options.resourceVersion === undefined
  const request: KubeRequest = {
    method: 'GET',
    path: toPath(resource, toScope(options)),
    query: {
      ...toQuery(options),
      watch: 'true',
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(options.timeoutSeconds),
      resourceVersion: options.resourceVersion,
      ...(fromNow ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' } : {}),
    },
    // The reflector has its own, longer patience: a second layer of retries would hide from it what happens.
    repeatable: false,
    signal: options.signal,
  }
  const call = toCallOf(request)
  await using reply = await transport.open(request)
  try {
    for await (const line of readLines(reply.chunks, maxLineBytes)) {
      if (line.length > 0) yield toEvent(resource, parseJson(call, line), call)
    }
  } catch (error) {
    throw error instanceof RangeError ? undecodable(call) : toNetworkError(call, error)
  }
}

interface Applied {
  readonly metadata: { readonly resourceVersion?: string | undefined }
  readonly status?: unknown
}

function toApply(path: string, object: Applied, { fieldManager, force, ...options }: ApplyOptions): KubeRequest {
  const query = { fieldManager, force: force === true ? 'true' : undefined }
  // An apply says what shall be, so saying it twice does no harm; unless it asks for a version, which the first changes.
  const repeatable = object.metadata.resourceVersion === undefined
  return {
    method: 'PATCH',
    path,
    query,
    headers: apply,
    body: JSON.stringify(object),
    repeatable,
    ...toRest(options),
  }
}

function toTypeMeta(resource: Resource): { apiVersion: string; kind: string } {
  return { apiVersion: toApiVersion(resource), kind: resource.kind }
}

function toScope({ namespace }: { readonly namespace?: string | undefined }): { namespace: string | undefined } {
  return { namespace }
}

function toRest(options: CallOptions | undefined): Pick<KubeRequest, 'signal' | 'timeoutMs' | 'urgent'> {
  return { signal: options?.signal, timeoutMs: options?.timeoutMs, urgent: options?.urgent }
}

function undefinedWhenAbsent(error: unknown): undefined {
  if (isKubeError(error, 'NotFound')) return undefined
  throw error
}
