// What the operator watches, one cache per kind, and nothing wider than it needs: single objects are followed by name, which is all
// that its Roles allow.
import type { FeedDeps } from '../../kube/feed.ts'
import { Reflector } from '../../kube/reflector.ts'
import type { ConfigMap, EndpointSlice, Lease } from '../../kube/resource.ts'
import { configMaps, endpointSlices, leases } from '../../kube/resource.ts'
import { bundleConfigMapName } from '../../policy/bundle-config-map.ts'
import type { InferencePolicy, ModelConnection } from '../objects.ts'
import { inferencePolicies, modelConnections } from '../objects.ts'
import { settingsConfigMapName } from './settings-source.ts'

export interface Caches {
  readonly connections: Reflector<ModelConnection>
  readonly policies: Reflector<InferencePolicy>
  readonly settings: Reflector<ConfigMap>
  /** Only to notice that somebody else changed it; what counts is read when it is needed. */
  readonly index: Reflector<ConfigMap>
  readonly leases: Reflector<Lease>
  readonly gatewaySlices: Reflector<EndpointSlice>
  /** Absent where there is no API server to keep connections away from. */
  readonly apiServerSlices?: Reflector<EndpointSlice>
  readonly all: readonly AnyCache[]
}

export interface AnyCache {
  readonly name: string
  readonly synced: Promise<void>
  readonly isSynced: boolean
  readonly start: (signal: AbortSignal) => Promise<void>
  readonly silence: () => { readonly quietMs: number; readonly budgetMs: number }
}

export interface CacheOptions {
  readonly namespace: string
  /** Of the Service in front of the gateways. */
  readonly gatewayService: string
  readonly hasApiServer: boolean
}

export function buildCaches(feed: FeedDeps, { namespace, gatewayService, hasApiServer }: CacheOptions): Caches {
  const namespaces = [namespace]
  const byName = (name: string): Reflector<ConfigMap> =>
    new Reflector(feed, { resource: configMaps, namespaces, fields: { 'metadata.name': name } })
  const caches = {
    connections: new Reflector(feed, { resource: modelConnections }),
    policies: new Reflector(feed, { resource: inferencePolicies }),
    settings: byName(settingsConfigMapName),
    index: byName(bundleConfigMapName),
    leases: new Reflector(feed, { resource: leases, namespaces }),
    gatewaySlices: new Reflector(feed, {
      resource: endpointSlices,
      namespaces,
      labels: { 'kubernetes.io/service-name': gatewayService },
    }),
    ...(hasApiServer ? { apiServerSlices: toApiServerSlices(feed) } : {}),
  }
  const all: readonly AnyCache[] = Object.values(caches)
  return { ...caches, all }
}

function toApiServerSlices(feed: FeedDeps): Reflector<EndpointSlice> {
  return new Reflector(feed, {
    resource: endpointSlices,
    namespaces: ['default'],
    fields: { 'metadata.name': 'kubernetes' },
  })
}
