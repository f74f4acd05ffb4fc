// The story of a call, and nothing else: every step is named here and written elsewhere. No step is skipped, and only a Permit
// that judgement minted can be forwarded.
import type { Revision } from '../policy/bundle.ts'
import { evaluate } from '../policy/evaluate.ts'
import type { Denied, Identity } from '../policy/model.ts'
import { findRoute } from '../policy/route.ts'
import type { Settings } from '../policy/settings.ts'
import type { Snapshot } from '../policy/snapshot.ts'
import type { Carried } from './answer/reading.ts'
import type { CarryDeps } from './carry.ts'
import { carry } from './carry.ts'
import { GatewayError } from './errors.ts'
import type { Exchange, ExchangeRequest, ReplySink } from './exchange.ts'
import { toFacts, toSpending } from './facts.ts'
import type { Reservation, Reserve } from './limits/reservation.ts'
import type { MaskCall } from './masking/call-masks.ts'
import type { MakeScan } from './masking/scan.ts'
import type { Protocols } from './protocols/find.ts'
import { readAsked } from './read.ts'
import type { Refusal } from './refusal.ts'
import { sendRefusal, toDenial, toGatewayError, toLimitDenial, toRefusal } from './reply.ts'
import type { SessionDeps } from './session.ts'
import { Session } from './session.ts'
import type { CountTokens } from './tokens/count-input.ts'

export interface Enforced {
  readonly revision: Revision
  readonly snapshot: Snapshot
}

export interface Deps extends CarryDeps {
  readonly session: SessionDeps
  /** The snapshot in force; undefined until the first bundle is compiled. */
  readonly enforced: () => Enforced | undefined
  readonly protocols: Protocols
  readonly identify: (request: ExchangeRequest, settings: Settings) => Identity | Promise<Identity>
  readonly countTokens: CountTokens
  readonly makeScan: MakeScan
  readonly mask: MaskCall
  /** Throws when a session could not be recorded: what cannot be recorded is not forwarded. */
  readonly assertRecordable: () => void
  readonly reserve: Reserve
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

  const sources = { request, identity, connection, asked, nowMs: session.startedAtMs }
  const facts = toFacts(deps, sources)
  const judgement = evaluate(connection, facts)
  session.judged(judgement)
  const { decision, demands } = judgement
  if (decision.effect === 'Deny') return refuse(session, reply, toDenial(decision))

  const masked = deps.mask({ connection, asked, masks: judgement.masks })
  session.masked(masked)
  const withheld = masked.request.acting?.denied
  if (withheld !== undefined) return refuse(session, reply, toDenial(withheld))
  deps.assertRecordable()
  const reserved =
    demands.length === 0
      ? unlimited
      : await deps.reserve(demands, toSpending(deps.countTokens, sources, demands, facts))
  if ('refused' in reserved) {
    session.decided(reserved.refused.denied)
    return refuse(session, reply, toLimitDenial(reserved.refused))
  }
  const { reservation } = reserved
  session.shadowed(reservation?.shadow)
  const { permit } = decision
  const call = { permit, connection, asked: masked.asked, judgement, masks: masked.answer, reservation }
  const carried = await carry(deps, session, exchange, call)
  return conclude(session, reply, carried)
}

const unlimited: { readonly reservation: Reservation | undefined } = { reservation: undefined }

function conclude(session: Session, reply: ReplySink, carried: Carried): GatewayError | undefined {
  session.shadowed(carried.shadow)
  if (!('outcome' in carried)) return refuse(session, reply, carried.ending.refusal, carried.ending.denied)
  session.carried(carried)
  return carried.error
}

function refuse(session: Session, reply: ReplySink, refusal: Refusal, denied?: Denied): undefined {
  const bytes = sendRefusal(reply, refusal, session.form)
  session.refused(refusal, bytes, denied)
}
