// Who owns which route. Each route has one owner at a time: the oldest connection that asks, then the first by name, so that
// nobody can take over calls by declaring the same route later.
import type { ModelConnectionSpec } from '../../crds/generated/model-connection.ts'
import type { Problem } from '../../policy/problem.ts'
import type { Settings } from '../../policy/settings.ts'
import { isHostnameGranted, isPrefixGranted } from '../../policy/settings.ts'

export interface Route {
  readonly prefix: string
  /** Empty: any host. */
  readonly hostnames: readonly string[]
}

export interface Claim extends Route {
  /** `namespace/name`. */
  readonly id: string
  readonly namespace: string
  /** RFC 3339, so that text order is time order. */
  readonly createdAt: string
}

export function toRoute(id: string, { route }: ModelConnectionSpec): Route {
  const hostnames = (route?.hostnames ?? []).map((hostname) => hostname.toLowerCase()).toSorted()
  return { prefix: route?.prefix ?? toDefaultPrefix(id), hostnames }
}

/** The default prefix needs no grant: nobody else can have that namespace and name. */
export function findUngranted(id: string, namespace: string, route: Route, settings: Settings): readonly Problem[] {
  const problems: Problem[] = []
  const ask = (path: string, what: string, grant: string): void => {
    const message = `${what} is not granted to namespace ${namespace}; ask the platform team to add it to grants in the platform settings: {namespace: ${namespace}, ${grant}}`
    problems.push({ path, reason: 'NotGranted', message })
  }
  if (route.prefix !== toDefaultPrefix(id) && !isPrefixGranted(settings, namespace, route.prefix)) {
    ask('spec.route.prefix', `prefix ${route.prefix}`, `prefixes: [${route.prefix}]`)
  }
  for (const hostname of route.hostnames) {
    if (!isHostnameGranted(settings, namespace, hostname)) {
      ask('spec.route.hostnames', `host name ${hostname}`, `hostnames: [${hostname}]`)
    }
  }
  return problems
}

/** The losers, each with the connection that keeps the route. */
export function findRouteConflicts(claims: readonly Claim[]): ReadonlyMap<string, string> {
  const lost = new Map<string, string>()
  const hosts = new Map<string, Holdings>()
  for (const claim of claims.toSorted(bySeniority)) {
    const names = claim.hostnames.length === 0 ? [anyHost] : claim.hostnames
    const held = names.map((name) => holdingsOf(hosts, name))
    const winner = held.map((holdings) => findOwner(holdings, claim)).find((owner) => owner !== undefined)
    if (winner === undefined) for (const holdings of held) hold(holdings, claim)
    else lost.set(claim.id, winner.id)
  }
  return lost
}

const anyHost = '*'

/** Of one host. `below` has every prefix under each of the prefixes above it, so that a look-up never walks them all. */
interface Holdings {
  readonly at: Map<string, Claim>
  readonly below: Map<string, Claim[]>
}

function holdingsOf(hosts: Map<string, Holdings>, name: string): Holdings {
  const known = hosts.get(name) ?? { at: new Map(), below: new Map() }
  hosts.set(name, known)
  return known
}

/** Equal prefixes always conflict; one inside another only across namespaces, where it would take another team's calls. */
function findOwner({ at, below }: Holdings, claim: Claim): Claim | undefined {
  const same = at.get(claim.prefix)
  if (same !== undefined) return same
  const foreign = (other: Claim | undefined): boolean => other !== undefined && other.namespace !== claim.namespace
  const above = toAncestors(claim.prefix)
    .map((prefix) => at.get(prefix))
    .find(foreign)
  return above ?? below.get(claim.prefix)?.find(foreign)
}

function hold({ at, below }: Holdings, claim: Claim): void {
  at.set(claim.prefix, claim)
  for (const ancestor of toAncestors(claim.prefix)) {
    const known = below.get(ancestor)
    if (known === undefined) below.set(ancestor, [claim])
    else known.push(claim)
  }
}

/** `/a/b/` → `/`, `/a/`. */
function toAncestors(prefix: string): readonly string[] {
  const segments = prefix.split('/')
  return segments.slice(2).map((_, i) => `${segments.slice(0, i + 1).join('/')}/`)
}

function bySeniority(a: Claim, b: Claim): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? -1 : 1
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}

function toDefaultPrefix(id: string): string {
  return `/${id}/`
}
