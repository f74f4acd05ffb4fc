// The honest half of the hostile API server: answers calls from a MemoryStore in the API's JSON, with pages that expire.
import type { KubeCall, KubeErrorCode } from '../../kube/errors.ts'
import { KubeError } from '../../kube/errors.ts'
import type { KubeObject, Resource } from '../../kube/resource.ts'
import { toResourceName } from '../../kube/resource.ts'
import type { MemoryStore } from '../../kube/store-memory.ts'
import type { Selection } from '../../kube/store.ts'

export interface Action {
  readonly call: KubeCall
  readonly query: Readonly<Record<string, string>>
  readonly body: string
}

interface Parsed {
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly status?: unknown
}

export class TruthApi {
  readonly #truth: MemoryStore
  readonly #resources: readonly Resource[]
  readonly #pages = new Map<string, { readonly items: readonly KubeObject[]; readonly version: string }>()
  #tokens = 0

  constructor(truth: MemoryStore, resources: readonly Resource[]) {
    this.#truth = truth
    this.#resources = resources
  }

  find(call: KubeCall): Resource {
    const name = call.resource.replace(/\/status$/, '')
    const found = this.#resources.find((resource) => toResourceName(resource) === name)
    if (found === undefined) throw new KubeError('NotFound', call)
    return found
  }

  forgetPages(): void {
    this.#pages.clear()
  }

  async act(action: Action): Promise<unknown> {
    const { call, query } = action
    const resource = this.find(call)
    const object = action.body === '' ? {} : JSON.parse(action.body)
    switch (call.verb) {
      case 'list':
      case 'watch':
        return this.#list(resource, call, query)
      case 'create':
        return this.#truth.create(resource, object)
      case 'update':
        return this.#truth.replace(resource, object)
      case 'patch':
        return this.#patch(resource, action, object)
      case 'get':
        return present(call, await this.#truth.get(resource, toName(call)))
      case 'delete':
        return present(call, await this.#truth.delete(resource, toName(call), object.preconditions))
    }
  }

  async #patch(resource: Resource, { call, query }: Action, object: Parsed): Promise<unknown> {
    const how = { fieldManager: query['fieldManager'] ?? '', force: query['force'] === 'true' }
    if (!call.resource.endsWith('/status')) return this.#truth.apply(resource, object, how)
    return this.#truth.applyStatus(resource, { ...object.metadata, status: object.status }, how)
  }

  async #list(resource: Resource, call: KubeCall, query: Readonly<Record<string, string>>): Promise<unknown> {
    const fresh = await this.#truth.list(resource, toSelection(call, query))
    const first = { items: fresh.items, version: fresh.resourceVersion }
    const page = query['continue'] === undefined ? first : this.#pages.get(query['continue'])
    if (page === undefined) throw new KubeError('Gone', call)
    const limit = Number(query['limit'] ?? page.items.length)
    const rest = page.items.slice(limit)
    this.#tokens += 1
    const token = rest.length === 0 ? '' : `page-${this.#tokens}`
    if (token !== '') this.#pages.set(token, { items: rest, version: page.version })
    // Like a real server: items of a list carry no kind, and objects carry managedFields.
    const items = page.items.slice(0, limit).map(({ apiVersion: _a, kind: _k, ...item }) => withManagedFields(item))
    return { kind: `${resource.kind}List`, metadata: { resourceVersion: page.version, continue: token }, items }
  }
}

const statuses: Partial<Record<KubeErrorCode, number>> = {
  NotFound: 404,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
}

export function toStatus(error: KubeError): number {
  return statuses[error.code] ?? 500
}

export function withManagedFields<T extends Pick<KubeObject, 'metadata'>>(object: T): T {
  return { ...object, metadata: { ...object.metadata, managedFields: [{ manager: 'someone', operation: 'Apply' }] } }
}

export function toSelection(call: KubeCall, query: Readonly<Record<string, string>>): Selection {
  return { namespace: call.namespace, labels: toTerms(query['labelSelector']), fields: toTerms(query['fieldSelector']) }
}

function toTerms(text: string | undefined): Record<string, string> | undefined {
  if (text === undefined) return undefined
  return Object.fromEntries(text.split(',').map((term) => term.split('=') as [string, string]))
}

function toName(call: KubeCall): { namespace: string | undefined; name: string } {
  return { namespace: call.namespace, name: call.name ?? '' }
}

function present(call: KubeCall, found: KubeObject | boolean | undefined): unknown {
  if (found === undefined || found === false) throw new KubeError('NotFound', call)
  return found === true ? { kind: 'Status', status: 'Success' } : found
}
