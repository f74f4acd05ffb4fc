// Which addresses no connection may reach: those of the API server, from the Service and the EndpointSlice that every cluster has,
// and the cluster's own ranges, from the platform settings. Pure.
import type { EndpointSlice } from '../../kube/resource.ts'
import type { Network } from '../../policy/address.ts'
import type { Settings } from '../../policy/settings.ts'
import type { Service } from '../objects.ts'

export interface ApiServer {
  readonly service: Service | undefined
  readonly slices: readonly EndpointSlice[]
}

export const noApiServer: ApiServer = { service: undefined, slices: [] }

export function toNetwork({ service, slices }: ApiServer, settings: Settings): Network {
  const inside = (service?.spec?.clusterIPs ?? []).filter((address) => address !== 'None')
  const outside = slices.flatMap(({ endpoints = [], ports = [] }) =>
    endpoints.flatMap(({ addresses }) =>
      addresses.flatMap((address) => ports.map(({ port }) => withPort(address, port))),
    ),
  )
  return {
    apiServer: [...new Set([...inside, ...outside])].toSorted(),
    clusterRanges: (settings.network?.clusterRanges ?? []).toSorted(),
  }
}

/** A node has other ports that may be models'; the Service's address is the API server's alone. */
function withPort(address: string, port: number | undefined): string {
  if (port === undefined) return address
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
