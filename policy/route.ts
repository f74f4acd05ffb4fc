// From host and path to a connection. Paths are compared as they were sent: anything that a proxy and a model could read
// differently (dot segments, empty segments, encoded slashes or dots, backslashes) matches no route.
/** What routing needs to know of a connection. */
export interface Routed {
  readonly prefix: string
  /** Empty: any host. */
  readonly hostnames: readonly string[]
  /** Lost its address to another connection, or was never granted it: it cannot be reached at all. */
  readonly routeless: boolean
}

export interface Match<T extends Routed> {
  readonly connection: T
  /** What follows the prefix, starting with a slash. */
  readonly rest: string
}

export interface RouteTable<T extends Routed> {
  readonly anyHost: ReadonlyMap<string, T>
  readonly byHost: ReadonlyMap<string, ReadonlyMap<string, T>>
}

const ambiguous = /\/\/|\/\.{1,2}(?:\/|$)|\\|%(?:2e|2f|5c|00|25)|[\0-\x20\x7f]/iu
const maxPathLength = 2048
const maxPrefixSegments = 8

export function findRoute<T extends Routed>(table: RouteTable<T>, host: string, path: string): Match<T> | undefined {
  if (path.length > maxPathLength || !path.startsWith('/') || ambiguous.test(path)) return undefined
  const hosted = table.byHost.get(toHostname(host))
  return (hosted && longestPrefix(hosted, path)) ?? longestPrefix(table.anyHost, path)
}

export function buildRouteTable<T extends Routed>(connections: Iterable<T>): RouteTable<T> {
  const anyHost = new Map<string, T>()
  const byHost = new Map<string, Map<string, T>>()
  for (const connection of connections) {
    if (connection.routeless) continue
    if (connection.hostnames.length === 0) anyHost.set(connection.prefix, connection)
    for (const hostname of connection.hostnames) {
      const table = byHost.get(hostname) ?? new Map<string, T>()
      table.set(connection.prefix, connection)
      byHost.set(hostname, table)
    }
  }
  return { anyHost, byHost }
}

function longestPrefix<T extends Routed>(table: ReadonlyMap<string, T>, path: string): Match<T> | undefined {
  const ends: number[] = []
  for (let i = 0; i < path.length && ends.length <= maxPrefixSegments; i += 1) if (path[i] === '/') ends.push(i + 1)
  for (const end of ends.toReversed()) {
    const connection = table.get(path.slice(0, end))
    if (connection !== undefined) return { connection, rest: path.slice(end - 1) }
  }
  return undefined
}

function toHostname(host: string): string {
  const name = host.toLowerCase()
  const port = name.lastIndexOf(':')
  return port > name.lastIndexOf(']') ? name.slice(0, port) : name
}
