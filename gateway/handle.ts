// The story of a call, and nothing else: every step is named here and written elsewhere. No step is skipped, and only a Permit
// that judgement minted can be forwarded.
import type { Revision } from '../policy/bundle.ts'
import { evaluate } from '../policy/evaluate.ts'
import type { Identity } from '../policy/model.ts'
import type { Permit } from '../policy/permit.ts'
import { findRoute } from '../policy/route.ts'
import type { Settings } from '../policy/settings.ts'
import type { Snapshot } from '../policy/snapshot.ts'
import { GatewayError } from './errors.ts'
import type { Exchange, ExchangeRequest, Native, ReplySink } from './exchange.ts'
import type { CountTokens } from './facts.ts'
import { toFacts } from './facts.ts'
import type { Asked } from './read.ts'
import type { Protocols } from './protocols/find.ts'
import { readAsked } from './read.ts'
import { sendRefusal, toDenial, toGatewayError, toRefusal } from './reply.ts'
import type { SessionDeps } from './session.ts'
import { Session } from './session.ts'
import type { Forwarded, UpstreamCall } from './upstream/call.ts'

export interface Enforced {
  readonly revision: Revision
  readonly snapshot: Snapshot
}

export interface Deps {
  readonly session: SessionDeps
  /** The snapshot in force; undefined until the first bundle is compiled. */
  readonly enforced: () => Enforced | undefined
  readonly protocols: Protocols
  readonly identify: (request: ExchangeRequest, settings: Settings) => Identity | Promise<Identity>
  readonly countTokens: CountTokens
  /** Throws when a session could not be recorded: what cannot be recorded is not forwarded. */
  readonly assertRecordable: () => void
  readonly forward: (permit: Permit, call: UpstreamCall, reply: ReplySink) => Promise<Forwarded>
  readonly forwardOpaque: (permit: Permit, call: UpstreamCall, native: Native) => Promise<Forwarded>
  /** Record, log line, metrics: once for every call, however it ended. */
  readonly close: (session: Session, error: GatewayError | undefined) => void
}

export async function handle(deps: Deps, exchange: Exchange): Promise<void> {
  const session = new Session(deps.session, exchange.request.method)
  let failed: GatewayError | undefined
  try {
    failed = await judgeAndForward(deps, session, exchange)
  } catch (error) {
    failed = toGatewayError(error)
    refuse(session, exchange.reply, toRefusal(failed))
  }
  deps.close(session, failed)
}

async function judgeAndForward(deps: Deps, session: Session, exchange: Exchange): Promise<GatewayError | undefined> {
  const { request, reply } = exchange
  if (request.malformed !== undefined) throw new GatewayError('bad_request', request.malformed)
  const enforced = deps.enforced()
  if (enforced === undefined) throw new GatewayError('bundle_missing', 'This gateway has no policies yet.')
  const { snapshot, revision } = enforced
  session.judgedBy(revision)

  const identity = await deps.identify(request, snapshot.settings)
  session.calledBy(identity)

  const route = findRoute(snapshot.routes, request.host, request.path)
  if (route === undefined) throw new GatewayError('route_not_found', 'No connection has this address.')
  const { connection, rest } = route
  session.routedTo(connection, deps.protocols.errorsOf(connection))

  const asked = await readAsked(deps.protocols, request, { connection, rest })
  session.asked(asked.bytes, asked.read)

  const nowMs = session.startedAtMs
  const facts = toFacts(deps.countTokens, { request, identity, connection, asked, nowMs })
  const { decision } = evaluate(connection, facts)
  session.decided(decision)
  if (decision.effect === 'Deny') {
    refuse(session, reply, toDenial(decision))
    return undefined
  }

  deps.assertRecordable()
  const call = toUpstreamCall(session, request, { connection, asked })
  const forwarded = connection.opaque
    ? await deps.forwardOpaque(decision.permit, call, exchange.native)
    : await deps.forward(decision.permit, call, reply)
  const { status, responseBytes: bytes, outcome, error } = forwarded
  session.ended({ status, bytes, outcome, ...(error === undefined ? {} : { error: error.code }) })
  return error
}

interface Target {
  readonly connection: UpstreamCall['connection']
  readonly asked: Asked
}

function toUpstreamCall(session: Session, request: ExchangeRequest, { connection, asked }: Target): UpstreamCall {
  const { method, query, signal } = request
  const { rawHeaders } = asked
  const base = { connection, method, rawHeaders, signal, replyHeaders: session.replyHeaders }
  return asked.read === undefined ? { ...base, path: asked.path, query } : { ...base, ...asked.read.upstream }
}

function refuse(session: Session, reply: ReplySink, refusal: ReturnType<typeof toRefusal>): void {
  const bytes = sendRefusal(reply, refusal, session.form)
  session.ended({ status: refusal.status, bytes, outcome: 'Refused', error: refusal.code })
}
