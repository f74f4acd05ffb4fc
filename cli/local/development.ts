// What a machine without a cluster lacks, put over the objects of a folder as they are read; the files stay as they are and could
// be applied to a cluster unchanged. Services are answered by the mock model, the platform settings know the development
// identity provider, and Secrets may be written in plain text as kubectl allows.
import { parse, stringify } from 'yaml'
import type { KubeObject, Resource } from '../../kube/resource.ts'
import type { ResourceStore, WatchEvent } from '../../kube/store.ts'
import type { IssuerSettings } from '../../policy/settings.ts'

export const settingsName = 'portcullis-settings'
const settingsKey = 'settings.yaml'

export interface Development {
  /** Of the product: where the settings are. */
  readonly namespace: string
  readonly issuer: IssuerSettings
  /** `http://127.0.0.1:port` of the mock model. */
  readonly mockOrigin: string
}

export function withDevelopment(store: ResourceStore, development: Development): ResourceStore {
  return {
    ...store,
    get: async (resource, ref, options) => {
      const found = await store.get(resource, ref, options)
      return found && toLocal(resource, found, development)
    },
    list: async (resource, options) => {
      const { items, resourceVersion } = await store.list(resource, options)
      return { items: items.map((item) => toLocal(resource, item, development)), resourceVersion }
    },
    watch: (resource, options) => localEvents(store.watch(resource, options), resource, development),
  }
}

/** What the settings are where the folder has none: nobody but the development identity provider. */
export function toFirstSettings({ namespace }: Development): {
  readonly metadata: { readonly namespace: string; readonly name: string }
  readonly data: Readonly<Record<string, string>>
} {
  return {
    metadata: { namespace, name: settingsName },
    data: { [settingsKey]: stringify({ issuers: [], grants: [] }) },
  }
}

async function* localEvents<T extends KubeObject>(
  events: AsyncIterable<WatchEvent<T>>,
  resource: Resource<T>,
  development: Development,
): AsyncGenerator<WatchEvent<T>> {
  for await (const event of events) {
    yield event.type === 'Bookmark' ? event : { ...event, object: toLocal(resource, event.object, development) }
  }
}

/** `object` stays what its kind says: only values inside change. */
function toLocal<T extends KubeObject>(resource: Resource<T>, object: T, development: Development): T {
  const fields = toRecord(object)
  switch (resource.kind) {
    case 'ModelConnection':
      return { ...object, spec: toLocalSpec(fields['spec'], development.mockOrigin) }
    case 'ConfigMap': {
      const { namespace, name } = object.metadata
      if (namespace !== development.namespace || name !== settingsName) return object
      return { ...object, data: toLocalSettings(toRecord(fields['data']), development.issuer) }
    }
    case 'Secret':
      return { ...object, data: { ...toRecord(fields['data']), ...toEncoded(toRecord(fields['stringData'])) } }
    default:
      return object
  }
}

/** There is no cluster, so whatever Service is named, the mock model is what answers. */
function toLocalSpec(spec: unknown, mockOrigin: string): unknown {
  const fields = toRecord(spec)
  const endpoints = fields['endpoints']
  if (!Array.isArray(endpoints)) return spec
  return { ...fields, endpoints: endpoints.map((endpoint: unknown) => toLocalEndpoint(endpoint, mockOrigin)) }
}

function toLocalEndpoint(endpoint: unknown, mockOrigin: string): unknown {
  const { service, tls: _nobodyToVerify, ...rest } = toRecord(endpoint)
  if (service === undefined) return endpoint
  const path = toRecord(service)['path']
  return { ...rest, url: `${mockOrigin}${typeof path === 'string' ? path : ''}` }
}

/** Settings that cannot be added to pass as they are: whoever reads them says what is wrong. */
function toLocalSettings(data: Readonly<Record<string, unknown>>, issuer: IssuerSettings): object {
  const settings = parseSettings(data[settingsKey])
  const issuers: unknown = settings?.['issuers'] ?? []
  if (settings === undefined || !Array.isArray(issuers)) return data
  return {
    ...data,
    [settingsKey]: stringify({ ...settings, issuers: [...(issuers satisfies readonly unknown[]), issuer] }),
  }
}

function parseSettings(text: unknown): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = typeof text === 'string' ? parse(text) : undefined
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function toEncoded(plain: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const entries = Object.entries(plain).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value).toString('base64')]))
}

function toRecord(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {}
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
