// One ModelConnection, judged by itself and then beside all others (for routes): its entry in the bundle and the verdict for its
// status. Pure. A connection that cannot be used stays in the bundle as blocked, so that its calls are refused with a reason.
import type { Blocked, BundleConnection, BundleCredential, BundleEndpoint } from '../../policy/bundle.ts'
import { findContentProblems } from '../../policy/content.ts'
import type { Hash } from '../../policy/digest.ts'
import type { Problem } from '../../policy/problem.ts'
import { findUnsupportedInConnection } from '../../policy/unsupported.ts'
import type { ModelConnection } from '../objects.ts'
import { toId, toObjectRef } from '../objects.ts'
import type { Judgement, Reader, Reference, ReferenceState } from '../references.ts'
import { judgeReferences } from '../references.ts'
import type { Finding, Verdict } from '../verdict.ts'
import { toFirstLine, toMessage, toProblemsText } from '../verdict.ts'
import type { EndpointRules } from './endpoints.ts'
import { planEndpoint } from './endpoints.ts'
import { defaultCredentialKey, listReferences } from './references.ts'
import type { Route } from './routes.ts'
import { findUngranted, toRoute } from './routes.ts'

export interface ConnectionRules extends Omit<EndpointRules, 'namespace'> {
  readonly reader: Reader
  readonly hash: Hash
  readonly stateOf: (reference: Reference) => ReferenceState
  /** Slots that the credential Secret holds already: a reference that cannot be read just now goes on with what was read before. */
  readonly storedSlots: ReadonlySet<string>
}

/** A connection before it is known who owns its route. */
export interface ExaminedConnection {
  readonly connection: ModelConnection
  readonly id: string
  readonly route: Route
  readonly ungranted: readonly Problem[]
  readonly problems: readonly Problem[]
  readonly foreignService: boolean
  readonly references: readonly Reference[]
  readonly judged: Judgement
  readonly endpoints: readonly BundleEndpoint[]
  readonly credential: BundleCredential | undefined
}

export interface PlannedConnection {
  readonly entry: BundleConnection
  readonly verdict: Verdict
}

export function examineConnection(connection: ModelConnection, rules: ConnectionRules): ExaminedConnection {
  const { spec } = connection
  const id = toId(connection)
  const namespace = connection.metadata.namespace ?? ''
  const route = toRoute(id, spec)
  const references = listReferences(namespace, spec)
  const endpoints = spec.endpoints.map((endpoint, i) =>
    planEndpoint(endpoint, `spec.endpoints[${i}]`, { ...rules, namespace }),
  )
  const credential = toCredential(connection, rules.hash)
  const stateOf = (reference: Reference): ReferenceState => {
    const state = rules.stateOf(reference)
    const known =
      reference.purpose === 'Credential' && credential !== undefined && rules.storedSlots.has(credential.slot)
    return state.state === 'Pending' && known ? { state: 'Found' } : state
  }
  return {
    connection,
    id,
    route,
    ungranted: findUngranted(id, namespace, route, rules.settings),
    problems: [
      ...findUnsupportedInConnection(spec),
      ...findContentProblems(spec),
      ...endpoints.flatMap(({ problems }) => problems),
    ],
    foreignService: endpoints.some(({ ungranted }) => ungranted),
    references,
    judged: judgeReferences(references, stateOf, rules.reader),
    endpoints: endpoints.flatMap(({ endpoint }, i) =>
      endpoint === undefined ? [] : [withCa(endpoint, references.find(isCaOf(i)), rules)],
    ),
    credential,
  }
}

/** `winner`: the connection that keeps the route this one asks for. */
export function planConnection(examined: ExaminedConnection, winner?: string): PlannedConnection {
  const { connection, route, endpoints, credential } = examined
  const problems = [...examined.ungranted, ...toConflict(examined, winner), ...examined.problems]
  const accepted = toAccepted(examined, winner, problems)
  const resolvedRefs = toResolvedRefs(examined)
  const blocked = toBlocked(accepted, examined.judged.blocking)
  const usable = blocked === undefined
  return {
    entry: {
      ref: toObjectRef(connection),
      labels: connection.metadata.labels ?? {},
      prefix: route.prefix,
      hostnames: route.hostnames,
      endpoints: usable ? endpoints : [],
      ...(usable && credential !== undefined ? { credential } : {}),
      spec: connection.spec,
      ...(usable ? {} : { blocked }),
    },
    verdict: { accepted, resolvedRefs, problems },
  }
}

/**
 * The name says which key of which Secret is in the slot: a gateway that still holds the bundle before an edit finds the old
 * slot, so a new key never travels to an old address.
 */
function toCredential({ metadata, spec }: ModelConnection, hash: Hash): BundleCredential | undefined {
  const { type, secretRef, header } = spec.credential ?? {}
  if (type !== 'Header' || secretRef === undefined) return undefined
  const from = hash(`${secretRef.name}/${secretRef.key ?? defaultCredentialKey}`)
    .replace('sha256:', '')
    .slice(0, 12)
  const slot = `${metadata.namespace ?? ''}.${metadata.name}.${from}`
  if (header === undefined) return { type, header: 'authorization', prefix: 'Bearer ', slot }
  return { type, header: header.name, prefix: header.prefix ?? '', slot }
}

function isCaOf(endpoint: number): (reference: Reference) => boolean {
  return ({ path }) => path === `spec.endpoints[${endpoint}].tls.caRef`
}

function withCa(endpoint: BundleEndpoint, ca: Reference | undefined, rules: ConnectionRules): BundleEndpoint {
  const state = ca === undefined ? undefined : rules.stateOf(ca)
  return state?.state === 'Found' && state.caPem !== undefined ? { ...endpoint, caPem: state.caPem } : endpoint
}

function toConflict({ route }: ExaminedConnection, winner: string | undefined): readonly Problem[] {
  if (winner === undefined) return []
  const path = route.hostnames.length === 0 ? 'spec.route.prefix' : 'spec.route'
  return [{ path, reason: 'Conflict', message: `${winner} is older and keeps this route; choose another one` }]
}

/** Without its own route a connection must not be reachable at all, so those reasons come first (policy/snapshot.ts). */
function toAccepted(examined: ExaminedConnection, winner: string | undefined, problems: readonly Problem[]): Finding {
  if (problems.length === 0) {
    return { status: 'True', reason: 'Accepted', message: 'The spec is valid and every field of it is supported.' }
  }
  const message = toMessage(`${toProblemsText(problems)}. Until then all calls to this connection are refused.`)
  const because = (reason: string): Finding => ({ status: 'False', reason, message })
  if (examined.ungranted.length > 0) return because('RouteNotGranted')
  if (winner !== undefined) return because('RouteConflict')
  if (problems.some(({ reason }) => reason === 'ForbiddenAddress' || reason === 'NotGranted')) {
    return because('ForbiddenEndpoint')
  }
  return because(problems.every(({ reason }) => reason === 'NotSupported') ? 'NotSupported' : 'Invalid')
}

function toResolvedRefs({ references, judged: { unresolved }, foreignService }: ExaminedConnection): Finding {
  if (foreignService) {
    const message = 'A Service of another namespace is named without a grant of the platform team; see status.problems.'
    return { status: 'False', reason: 'RefNotPermitted', message }
  }
  if (unresolved !== undefined) return { ...unresolved, message: toMessage(unresolved.message) }
  const message =
    references.length === 0 ? 'Nothing is referenced.' : 'Everything that is referenced exists and may be used.'
  return { status: 'True', reason: 'ResolvedRefs', message }
}

function toBlocked(accepted: Finding, blocking: Finding | undefined): Blocked | undefined {
  const because = accepted.status === 'True' ? blocking : accepted
  return because === undefined ? undefined : { reason: because.reason, message: toFirstLine(because.message) }
}
