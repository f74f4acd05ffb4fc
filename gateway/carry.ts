// A permitted call to its end, on the road that it needs: an answer of the gateway's own, the opaque road, the judged road, or the
// judged road with its answer read. Whatever was reserved for it is settled once, however it ends.
import type { Judgement, LimitDemand } from '../policy/evaluate.ts'
import type { Usage } from '../policy/model.ts'
import type { Permit } from '../policy/permit.ts'
import type { CompiledConnection } from '../policy/snapshot.ts'
import { forwardRead } from './answer/forward-read.ts'
import type { Carried, Reading } from './answer/reading.ts'
import { GatewayError } from './errors.ts'
import type { Exchange, Native, ReplySink } from './exchange.ts'
import type { Reservation } from './limits/reservation.ts'
import type { MaskRuns } from './masking/call-masks.ts'
import type { OwnAnswer } from './protocols/protocol.ts'
import type { Asked } from './read.ts'
import { sendOwn } from './reply.ts'
import type { Session } from './session.ts'
import type { MakeCountOutput } from './tokens/count-output.ts'
import type { Forwarded, UpstreamCall } from './upstream/call.ts'

export interface CarryDeps {
  readonly forward: (permit: Permit, call: UpstreamCall, reply: ReplySink) => Promise<Forwarded>
  readonly forwardOpaque: (permit: Permit, call: UpstreamCall, native: Native) => Promise<Forwarded>
  readonly makeCountOutput: MakeCountOutput
}

export interface PermittedCall {
  readonly permit: Permit
  readonly connection: CompiledConnection
  /** As its masks leave it. */
  readonly asked: Asked
  readonly judgement: Judgement
  /** Absent: nothing is looked for in the answer. */
  readonly masks: MaskRuns | undefined
  /** Absent: no limit speaks about the call. */
  readonly reservation: Reservation | undefined
}

/** Rejects with a GatewayError while nothing was sent. */
export function carry(deps: CarryDeps, session: Session, exchange: Exchange, call: PermittedCall): Promise<Carried> {
  const { reservation } = call
  if (reservation === undefined) return send(deps, exchange, call, toUpstreamCall(session, exchange, call))
  return settleAfter(reservation, async (onSent) =>
    send(deps, exchange, call, { ...toUpstreamCall(session, exchange, call), onSent }),
  )
}

const nothingSpent: Usage = { inputTokens: 0, outputTokens: 0 }

/** What never left cost nothing; what left may have, and without a count from the model server all that was reserved counts. */
async function settleAfter(reservation: Reservation, run: (onSent: () => void) => Promise<Carried>): Promise<Carried> {
  let usage: Usage | undefined = nothingSpent
  try {
    const carried = await run(() => {
      usage = undefined
    })
    usage ??= carried.usage
    return carried
  } finally {
    reservation.settle(usage)
  }
}

function send(
  deps: CarryDeps,
  { reply, native }: Exchange,
  permitted: PermittedCall,
  call: UpstreamCall,
): Promise<Carried> {
  const { permit, connection, asked } = permitted
  const own = asked.read?.ownAnswer
  if (own !== undefined) return Promise.resolve(answer(reply, own, call))
  const reading = toReading(deps, permitted)
  if (connection.opaque) return deps.forwardOpaque(permit, call, native)
  if (reading === undefined) return deps.forward(permit, call, reply)
  return forwardRead(deps.forward, { permit, call, reply, reading })
}

function answer(reply: ReplySink, own: OwnAnswer, { replyHeaders }: UpstreamCall): Carried {
  const responseBytes = sendOwn(reply, own, replyHeaders)
  return { outcome: 'Completed', status: own.status, responseBytes }
}

/** Undefined: nobody needs the answer, and nothing is paid for it. */
function toReading(deps: CarryDeps, permitted: PermittedCall): Reading | undefined {
  const { connection, asked, judgement, masks, reservation } = permitted
  const { answer: judge, demands } = judgement
  const isCounted = reservation?.countsTokens === true
  if (judge === undefined && !isCounted && masks === undefined) return undefined
  if (asked.read === undefined) return assertUnneeded(judge?.acts === true || masks?.acting !== undefined)
  const reading = { format: asked.read.answer, judge, masks }
  if (!isCounted) return reading
  const acts = demands.some(countsAndActs)
  const countOutput = deps.makeCountOutput(connection, asked.read.facts)
  return { ...reading, budget: { acts, spend: reservation.spend, countOutput } }
}

function assertUnneeded(isNeeded: boolean): undefined {
  if (!isNeeded) return undefined
  const message = 'Answers of this connection are not read, so nothing can judge or mask them.'
  throw new GatewayError('response_unreadable', message)
}

function countsAndActs({ measure, acts }: LimitDemand): boolean {
  return measure === 'Tokens' && acts
}

function toUpstreamCall(session: Session, { request }: Exchange, { connection, asked }: PermittedCall): UpstreamCall {
  const { method, query, signal } = request
  const { rawHeaders } = asked
  const base = { connection, method, rawHeaders, signal, replyHeaders: session.replyHeaders }
  return asked.read === undefined ? { ...base, path: asked.path, query } : { ...base, ...asked.read.upstream }
}
