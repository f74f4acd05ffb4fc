// Names to addresses, always absolute: with its closing dot a name cannot be completed by the pod's DNS search list, which
// would turn `api.team-b` into another team's Service.
import { lookup } from 'node:dns/promises'

/** All addresses of an absolute name; rejects when there are none. */
export type Resolve = (absoluteName: string) => Promise<readonly string[]>

export async function resolveName(absoluteName: string): Promise<readonly string[]> {
  const found = await lookup(absoluteName, { all: true, order: 'verbatim' })
  return found.map(({ address }) => address)
}

export function toAbsoluteName(hostname: string): string {
  return hostname.endsWith('.') ? hostname : `${hostname}.`
}

/** RFC 6761: these names mean this machine and are never asked of a resolver, which may answer anything. */
export function isLocalhostName(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, '')
  return name === 'localhost' || name.endsWith('.localhost')
}
