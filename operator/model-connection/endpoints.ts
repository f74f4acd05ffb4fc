// Endpoints of a ModelConnection as the gateway dials them, or why it must not. What names resolve to is judged again by the
// gateway at every connect.
import type { ModelConnectionEndpoint } from '../../crds/generated/model-connection.ts'
import type { AddressRules } from '../../policy/address-check.ts'
import { checkEndpointHost } from '../../policy/address-check.ts'
import type { Network } from '../../policy/address.ts'
import type { BundleEndpoint } from '../../policy/bundle.ts'
import type { Problem } from '../../policy/problem.ts'
import type { Settings } from '../../policy/settings.ts'
import { isServiceGranted } from '../../policy/settings.ts'

export interface EndpointRules {
  /** Of the connection. */
  readonly namespace: string
  readonly settings: Settings
  readonly network: Network
  readonly allowLoopback: boolean
  /** `cluster.local` nearly everywhere. */
  readonly clusterDomain: string
}

export interface PlannedEndpoint {
  readonly endpoint?: BundleEndpoint
  readonly problems: readonly Problem[]
  /** Names a Service of another namespace that the platform has not granted. */
  readonly ungranted: boolean
}

export function planEndpoint(declared: ModelConnectionEndpoint, path: string, rules: EndpointRules): PlannedEndpoint {
  if (declared.service !== undefined) return planService(declared, declared.service, path, rules)
  return planUrl(declared, path, rules)
}

function planUrl(declared: ModelConnectionEndpoint, path: string, rules: EndpointRules): PlannedEndpoint {
  const { url = '' } = declared
  const parsed = URL.parse(url)
  if (parsed === null || !isPlain(parsed)) return refuse(toBadUrl(path))
  const port = Number(parsed.port) || (parsed.protocol === 'https:' ? 443 : 80)
  // As it was written (URL reads 0177.0.0.1 as an address of its own making) and as it will be dialled.
  const written = /^https?:\/\/(\[[^\]/?#]*\]|[^/?#:]*)/u.exec(url)?.[1] ?? ''
  for (const host of [written, parsed.hostname]) {
    const forbidden = checkHost({ host, port, place: 'External' }, rules)
    if (forbidden !== undefined) return refuse({ path: `${path}.url`, reason: 'ForbiddenAddress', message: forbidden })
  }
  return accept(declared, { origin: parsed.origin, basePath: withoutSlash(parsed.pathname), place: 'External' })
}

type Declared = ModelConnectionEndpoint
type Dialled = Pick<BundleEndpoint, 'origin' | 'basePath' | 'place'>

function planService(
  declared: Declared,
  service: NonNullable<Declared['service']>,
  path: string,
  rules: EndpointRules,
): PlannedEndpoint {
  const namespace = service.namespace ?? rules.namespace
  const host = `${service.name}.${namespace}.svc.${rules.clusterDomain}`
  const forbidden = checkHost({ host, port: service.port, place: 'InCluster' }, rules)
  if (forbidden !== undefined) {
    return refuse({ path: `${path}.service`, reason: 'ForbiddenAddress', message: forbidden })
  }
  if (!isServiceGranted(rules.settings, rules.namespace, { namespace, name: service.name })) {
    const message =
      `Service ${namespace}/${service.name} is in another namespace, and namespace ${rules.namespace} is not granted it; use a ` +
      'Service of your own, or ask the platform team to add to grants in the platform settings: ' +
      `{namespace: ${rules.namespace}, services: [{namespace: ${namespace}, name: ${service.name}}]}`
    return { problems: [{ path: `${path}.service`, reason: 'NotGranted', message }], ungranted: true }
  }
  const scheme = service.scheme === 'HTTPS' ? 'https' : 'http'
  const { origin } = new URL(`${scheme}://${host}:${service.port}`)
  return accept(declared, { origin, basePath: withoutSlash(service.path ?? ''), place: 'InCluster' })
}

function accept({ name, weight = 1, tls }: Declared, dialled: Dialled): PlannedEndpoint {
  const serverName = tls?.serverName
  const endpoint = { name, ...dialled, weight, ...(serverName === undefined ? {} : { serverName }) }
  return { endpoint, problems: [], ungranted: false }
}

function refuse(problem: Problem): PlannedEndpoint {
  return { problems: [problem], ungranted: false }
}

interface Place {
  readonly host: string
  readonly port: number
  readonly place: AddressRules['place']
}

function checkHost({ host, port, place }: Place, { network, allowLoopback }: EndpointRules): string | undefined {
  return checkEndpointHost(host, { place, port, network, allowLoopback })
}

/** The CRD says the same; objects of a folder have met no CRD. */
function isPlain({ protocol, username, password, search, hash }: URL): boolean {
  const isHttp = protocol === 'https:' || protocol === 'http:'
  return isHttp && [username, password, search, hash].every((part) => part === '')
}

function toBadUrl(path: string): Problem {
  const message = 'must look like https://host[:port][/base/path], without user name, password, query and fragment'
  return { path: `${path}.url`, reason: 'Invalid', message }
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}
