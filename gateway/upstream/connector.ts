// How a connection to a model server is opened: every address is judged after resolution and before the first packet, for each
// new connection, so that a name that turns into a metadata or API server address is refused at that moment. TLS is always
// verified; there is no option that says otherwise.
import type { LookupFunction } from 'node:net'
import { isIP } from 'node:net'
import { buildConnector } from 'undici'
import type { AddressRules } from '../../policy/address-check.ts'
import { checkAddress, checkEndpointHost } from '../../policy/address-check.ts'
import type { BundleEndpoint } from '../../policy/bundle.ts'
import { GatewayError } from '../errors.ts'
import type { UpstreamDeps } from './call.ts'
import { isLocalhostName, toAbsoluteName } from './resolve.ts'

export type ConnectDeps = Pick<UpstreamDeps, 'network' | 'allowLoopback' | 'resolve'>

interface ResolvedAddress {
  readonly address: string
  readonly family: number
}

export function buildConnect(
  deps: ConnectDeps,
  endpoint: BundleEndpoint,
  connectTimeoutMs: number,
): buildConnector.connector {
  const port = toPort(endpoint.origin)
  const rules = (): AddressRules => ({
    place: endpoint.place,
    allowLoopback: deps.allowLoopback,
    network: deps.network(),
    port,
  })
  const lookup: LookupFunction = (hostname, options, callback) => {
    resolveChecked(deps, hostname, rules()).then(
      (addresses) => {
        const [first] = addresses
        if (options.all === true) callback(null, [...addresses])
        else callback(null, first?.address ?? '', first?.family ?? 0)
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    )
  }
  const connect = buildConnector({
    allowH2: false,
    lookup,
    timeout: connectTimeoutMs,
    // Said aloud, because NODE_TLS_REJECT_UNAUTHORIZED=0 would change Node's default.
    rejectUnauthorized: true,
    ...(endpoint.serverName === undefined ? {} : { servername: endpoint.serverName }),
    // An authority of one's own replaces the public ones: nobody else can vouch for this server.
    ...(endpoint.caPem === undefined ? {} : { ca: endpoint.caPem }),
  })
  return (options, callback) => {
    // Literals never reach `lookup`; Node connects to them directly.
    const refusal = checkEndpointHost(options.hostname, rules())
    if (refusal === undefined) connect(options, callback)
    else callback(forbidden(options.hostname, refusal), null)
  }
}

/** All addresses or none: of a name that also points at a forbidden place, no address is trusted. */
async function resolveChecked(
  deps: ConnectDeps,
  hostname: string,
  rules: AddressRules,
): Promise<readonly ResolvedAddress[]> {
  const addresses = isLocalhostName(hostname) ? ['127.0.0.1', '::1'] : await deps.resolve(toAbsoluteName(hostname))
  for (const address of addresses) {
    const refusal = checkAddress(address, rules)
    if (refusal !== undefined) throw forbidden(`${hostname} at ${address}`, refusal)
  }
  if (addresses.length === 0)
    throw new GatewayError('upstream_unreachable', 'The name of the model server has no address.')
  return addresses.map((address) => ({ address, family: isIP(address) }))
}

/** Where it would have led is for the log alone: callers must not learn the network from error texts. */
function forbidden(where: string, refusal: string): GatewayError {
  return new GatewayError('upstream_forbidden', 'The model server has an address that no connection may reach.', {
    cause: new Error(`${where}: ${refusal}`),
  })
}

function toPort(origin: string): number {
  const { port, protocol } = new URL(origin)
  if (port !== '') return Number(port)
  return protocol === 'https:' ? 443 : 80
}
