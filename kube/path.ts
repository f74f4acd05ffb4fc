// Paths of the Kubernetes API in both directions: from a kind and a name to the path, and from a path back to what is
// being called, so that errors and metrics of raw calls and of generated clients name the same things.
import type { KubeCall, Verb } from './errors.ts'
import type { Resource } from './resource.ts'
import type { Selection } from './store.ts'

interface Place {
  readonly namespace?: string | undefined
  readonly name?: string | undefined
}

export function toPath(resource: Resource, { namespace, name }: Place): string {
  const root = resource.group === '' ? ['api', resource.version] : ['apis', resource.group, resource.version]
  const scope = resource.namespaced && namespace !== undefined ? ['namespaces', namespace] : []
  const parts = [...root, ...scope, resource.plural, ...(name === undefined ? [] : [name])]
  return `/${parts.map(encodeURIComponent).join('/')}`
}

export function toQuery(selection: Selection): Record<string, string | undefined> {
  return { labelSelector: toSelector(selection.labels), fieldSelector: toSelector(selection.fields) }
}

function toSelector(terms: Readonly<Record<string, string>> | undefined): string | undefined {
  if (terms === undefined || Object.keys(terms).length === 0) return undefined
  return Object.entries(terms)
    .map(([key, value]) => `${key}=${value.replace(/[\\,=]/g, String.raw`\$&`)}`)
    .join(',')
}

const verbs: Readonly<Record<string, Verb>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }

/** `PATCH /apis/apps/v1/namespaces/a/deployments/b/scale` is `patch deployments.apps/scale a/b`. */
export function toCall(method: string, path: string, watch = false): KubeCall {
  const { group, rest } = splitGroup(
    path
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent),
  )
  const { namespace, rest: target } = splitNamespace(rest)
  const [plural = 'unknown', name, subresource] = target
  return {
    verb: watch ? 'watch' : (verbs[method] ?? (name === undefined ? 'list' : 'get')),
    resource: [[plural, ...group].join('.'), subresource].filter((part) => part !== undefined).join('/'),
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  }
}

function splitGroup(parts: readonly string[]): { group: readonly string[]; rest: readonly string[] } {
  if (parts[0] === 'api') return { group: [], rest: parts.slice(2) }
  if (parts[0] === 'apis') return { group: parts.slice(1, 2), rest: parts.slice(3) }
  return { group: [], rest: parts }
}

function splitNamespace(parts: readonly string[]): { namespace?: string; rest: readonly string[] } {
  const [first, namespace, plural] = parts
  const isItself = plural === undefined || plural === 'status' || plural === 'finalize'
  if (first !== 'namespaces' || namespace === undefined || isItself) return { rest: parts }
  return { namespace, rest: parts.slice(2) }
}
