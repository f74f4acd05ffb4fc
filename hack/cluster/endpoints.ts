// Publishes processes of a test as ready endpoints of a Service. Without a kube-proxy nobody forwards to them; what counts is
// that whoever reads EndpointSlices (who serves, which Pod, which port) sees what it would see in a real cluster.
import { CoreV1Api, DiscoveryV1Api } from '@kubernetes/client-node'
import type { KubeConfig, V1EndpointSlice } from '@kubernetes/client-node'
import os from 'node:os'
import { ignoreStatus } from './api-errors.ts'
import type { PodReference } from './identities.ts'

export interface ProcessEndpoint {
  readonly port: number
  /** The Pod that stands for the process. */
  readonly pod?: PodReference
  readonly ready?: boolean
  /** An address of this machine by default: Kubernetes refuses loopback addresses here. */
  readonly address?: string
}

export interface EndpointsOptions {
  readonly namespace: string
  readonly service: string
  readonly portName?: string
  readonly servicePort?: number
  /** All of them: what is not named here any more is withdrawn. */
  readonly endpoints: readonly ProcessEndpoint[]
}

const serviceLabel = 'kubernetes.io/service-name'
const managedBy = { 'endpointslice.kubernetes.io/managed-by': 'portcullis-tests' } as const

export async function applyEndpoints(client: KubeConfig, options: EndpointsOptions): Promise<void> {
  await ensureService(client.makeApiClient(CoreV1Api), options)
  const discovery = client.makeApiClient(DiscoveryV1Api)
  const { namespace, service } = options
  const ours = Object.entries({ [serviceLabel]: service, ...managedBy }).map(([name, value]) => `${name}=${value}`)
  const { items } = await discovery.listNamespacedEndpointSlice({ namespace, labelSelector: ours.join(',') })
  const wanted = toEndpointSlices(options)
  const names = new Set(wanted.map((slice) => slice.metadata?.name))
  for (const body of wanted) {
    const name = body.metadata?.name ?? ''
    const exists = items.some((item) => item.metadata?.name === name)
    if (exists) await discovery.replaceNamespacedEndpointSlice({ namespace, name, body })
    else await discovery.createNamespacedEndpointSlice({ namespace, body })
  }
  for (const { metadata } of items) {
    if (!names.has(metadata?.name))
      await discovery.deleteNamespacedEndpointSlice({ namespace, name: metadata?.name ?? '' })
  }
}

/** A slice has one set of ports for all its endpoints, and every process has a port of its own: so one slice for each. */
export function toEndpointSlices(options: EndpointsOptions): V1EndpointSlice[] {
  const { namespace, service, portName = 'http', endpoints } = options
  return endpoints.map(({ port, pod, ready = true, address = hostAddress() }) => ({
    metadata: { name: `${service}-${port}`, namespace, labels: { [serviceLabel]: service, ...managedBy } },
    addressType: 'IPv4',
    ports: [{ name: portName, port, protocol: 'TCP' }],
    endpoints: [
      {
        addresses: [address],
        conditions: { ready, serving: ready, terminating: false },
        ...(pod === undefined ? {} : { targetRef: { kind: 'Pod', ...pod } }),
      },
    ],
  }))
}

/** Left alone when it is there already: then it comes from the manifests under test. */
async function ensureService(core: CoreV1Api, options: EndpointsOptions): Promise<void> {
  const { namespace, service, portName = 'http', servicePort = 80 } = options
  const body = { metadata: { name: service }, spec: { ports: [{ name: portName, port: servicePort }] } }
  await core.createNamespacedService({ namespace, body }).catch(ignoreStatus(409))
}

/** The address of this machine towards others; on a machine without a network, one of the documentation range. */
function hostAddress(): string {
  const addresses = Object.values(os.networkInterfaces()).flatMap((list) => list ?? [])
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '198.51.100.2'
}
