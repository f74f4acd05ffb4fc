// From the server's JSON to objects and watch events, checking only what a cache cannot do without.
import type { KubeCall } from './errors.ts'
import { KubeError, isRecord, toKubeError } from './errors.ts'
import type { KubeObject, Resource } from './resource.ts'
import type { WatchEvent } from './store.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

export function parseJson(call: KubeCall, text: string | Uint8Array): unknown {
  try {
    return JSON.parse(typeof text === 'string' ? text : utf8.decode(text))
  } catch {
    throw undecodable(call)
  }
}

export function toEvent<T extends KubeObject>(resource: Resource<T>, line: unknown, call: KubeCall): WatchEvent<T> {
  const { type, object } = toRecord(line)
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      return { type: 'Set', object: toObject(resource, object, call) }
    case 'DELETED':
      return { type: 'Deleted', object: toObject(resource, object, call) }
    case 'BOOKMARK':
      return toBookmark(object, call)
    case 'ERROR':
      throw toKubeError(call, object)
    default:
      throw undecodable(call)
  }
}

function toBookmark(object: unknown, call: KubeCall): WatchEvent<never> {
  const { resourceVersion, annotations } = toRecord(toRecord(object)['metadata'])
  if (typeof resourceVersion !== 'string') throw undecodable(call)
  const initialEventsEnd = toRecord(annotations)['k8s.io/initial-events-end'] === 'true'
  return { type: 'Bookmark', resourceVersion, initialEventsEnd }
}

export function toObject<T extends KubeObject>(resource: Resource<T>, value: unknown, call: KubeCall): T {
  if (!isObjectOf(resource, value)) throw undecodable(call)
  return value
}

/** The server vouches for the rest of the shape; without these no cache could hold the object. */
function isObjectOf<T extends KubeObject>(resource: Resource<T>, value: unknown): value is T {
  const { kind, metadata } = toRecord(value)
  const { name, uid, resourceVersion } = toRecord(metadata)
  return kind === resource.kind && [name, uid, resourceVersion].every((part) => typeof part === 'string' && part !== '')
}

export function toRecord(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {}
}

export function undecodable(call: KubeCall): KubeError {
  return new KubeError('Undecodable', call, { detail: 'the answer is not what this API returns' })
}
