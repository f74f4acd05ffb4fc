// Whether an endpoint may have an address: the one rule that the operator applies to what is written in a ModelConnection, and
// the gateway to what a name resolves to, at every connect. Messages are for people.
import type { AddressClass } from './address.ts'
import { classifyAddress, parseAddress } from './address.ts'
import type { Network } from './address.ts'

export interface AddressRules {
  readonly place: 'InCluster' | 'External'
  /** A start-up setting of the process; nothing in a custom resource may ever reach this field. */
  readonly allowLoopback: boolean
  readonly network: Network
  readonly port?: number
}

/** Why an endpoint must not have this address; undefined when it may. `address` is a literal, as a resolver gives it. */
export function checkAddress(address: string, rules: AddressRules): string | undefined {
  const kind = classifyAddress(address, rules.network, rules.port)
  if (kind === 'Loopback' && rules.allowLoopback) return undefined
  return refusals[rules.place][kind]
}

/**
 * The host of an endpoint as it was written (no port; brackets around IPv6): literals are judged as addresses, names are only
 * refused where the name alone says what they are. What a name resolves to is judged at connect.
 */
export function checkEndpointHost(host: string, rules: AddressRules): string | undefined {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  if (parseAddress(bare) !== undefined) return checkAddress(bare, rules)
  if (bare !== host || host.includes(':'))
    return 'this is no IPv6 address that can be used here (a zone such as %eth0 cannot)'
  const name = host.toLowerCase().replace(/\.$/, '')
  if (!isName(name)) return 'this is no host name: use letters, digits and hyphens in labels of at most 63 characters'
  // Resolvers and URL parsers read 0177.0.0.1, 0x7f000001, 2130706433 and 127.1 as IPv4.
  if (numericEnd.test(name)) return 'write an IPv4 address as four decimal numbers such as 192.0.2.10'
  return checkName(name, rules)
}

function checkName(name: string, rules: AddressRules): string | undefined {
  if (metadataNames.has(name)) return refusals.External.Metadata
  if (apiServerName.test(name) || rules.network.apiServer.includes(name)) return refusals.External.ApiServer
  const isLocalhost = name === 'localhost' || name.endsWith('.localhost')
  if (isLocalhost) return rules.allowLoopback ? undefined : refusals.External.Loopback
  if (rules.place === 'External' && clusterName.test(name)) {
    return 'this is the name of a Service of the cluster: name it in endpoints[].service instead of a url'
  }
  return undefined
}

const metadataNames = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'metadata.azure.com',
  'metadata.azure.internal',
  'metadata.tencentyun.com',
  'metadata.platformequinix.com',
  'instance-data',
  'instance-data.ec2.internal',
])
const apiServerName = /^kubernetes(?:\.default(?:\.svc(?:\..+)?)?)?$/
const clusterName = /\.svc(?:\.cluster\.local)?$|\.pod\.cluster\.local$|^cluster\.local$/
const numericEnd = /(?:^|\.)(?:0x[0-9a-f]*|[0-9]+)$/

function isName(name: string): boolean {
  return name.length <= 253 && name.split('.').every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label))
}

type Refusals = Readonly<Record<AddressClass, string | undefined>>

const never = {
  Invalid: 'this is no IP address',
  Metadata: "this is a cloud's metadata service, which hands out the node's credentials; no connection may reach it",
  ApiServer: 'this is the Kubernetes API server; no connection may reach it',
  Loopback: 'this is the gateway itself (loopback); no connection may reach it',
  Unspecified: 'this is no destination (0.0.0.0/8 or ::)',
  LinkLocal: 'this is a link-local address; no connection may reach those',
  Multicast: 'this is a multicast address; a model server needs a unicast one',
  Reserved: 'this address is reserved (documentation, benchmarking or future use); no model server can have it',
} as const

const refusals: Readonly<Record<AddressRules['place'], Refusals>> = {
  InCluster: {
    ...never,
    Cluster: undefined,
    Private: undefined,
    Public:
      'a Service of the cluster has an address outside it: declare such a server by its url, or, where the cluster does use ' +
      'this range, have it added to network.clusterRanges in the platform settings',
  },
  External: {
    ...never,
    Cluster: 'this address belongs to the cluster: name the Service in endpoints[].service instead of a url',
    Private: undefined,
    Public: undefined,
  },
}
