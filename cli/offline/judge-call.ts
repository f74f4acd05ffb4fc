// One call, judged offline by the steps of gateway/handle.ts: route, protocol, facts, judgement, and the answer if there is one. Only
// the sockets, the token and the counters of limits are missing: the identity is given, and limits are demanded but never used up.
import { toUnreadable } from '../../gateway/answer/mode.ts'
import type { ErrorCode } from '../../gateway/errors.ts'
import { GatewayError } from '../../gateway/errors.ts'
import type { ExchangeRequest } from '../../gateway/exchange.ts'
import { toFacts } from '../../gateway/facts.ts'
import type { MaskCall, MaskedCall } from '../../gateway/masking/call-masks.ts'
import { listWithheld } from '../../gateway/masking/record.ts'
import type { MakeScan } from '../../gateway/masking/scan.ts'
import { makeMakeScan } from '../../gateway/masking/scan.ts'
import { Protocols } from '../../gateway/protocols/find.ts'
import { AnswerUnreadable } from '../../gateway/protocols/protocol.ts'
import type { Asked } from '../../gateway/read.ts'
import { readAsked } from '../../gateway/read.ts'
import type { Refusal } from '../../gateway/refusal.ts'
import { toAnswerDenial, toDenial } from '../../gateway/reply.ts'
import type { CountTokens } from '../../gateway/tokens/count-input.ts'
import { buildCountTokens } from '../../gateway/tokens/count-input.ts'
import { Tokenizers } from '../../gateway/tokens/tokenizers.ts'
import type { LimitDemand } from '../../policy/evaluate.ts'
import { evaluate } from '../../policy/evaluate.ts'
import type { AnswerTrace, Explanation } from '../../policy/explain.ts'
import { explain } from '../../policy/explain.ts'
import type { Denied, DenyReason, Facts, Identity } from '../../policy/model.ts'
import { MaskEngines } from '../../policy/masking/mask-engines.ts'
import { findRoute } from '../../policy/route.ts'
import type { CompiledConnection, Snapshot } from '../../policy/snapshot.ts'
import type { AnswerSpec, CallSpec } from './call.ts'
import type { JudgedAnswer } from './judge-answer.ts'
import { judgeAnswer } from './judge-answer.ts'
import type { MaskedOutcome } from './masked.ts'
import { makeOfflineMask, maskAnswer, toMaskedOutcome } from './masked.ts'
import { toAnswer, toRequest } from './messages.ts'

export interface OfflineCall extends Pick<CallSpec, 'connection' | 'request' | 'answer'> {
  readonly identity: Identity
  readonly nowMs: number
}

/** What came of a call; what is absent was never come to. */
export interface Outcome extends Partial<MaskedOutcome> {
  readonly decision: 'Permit' | 'Deny'
  /** Who refuses the request, or else its answer. */
  readonly reason?: DenyReason
  readonly code?: ErrorCode
  readonly policy?: string
  readonly rule?: string
  /** What the caller is told. */
  readonly message?: string
  /** Of a Permit: the rules that allow. */
  readonly rules?: readonly string[]
  readonly limits: readonly LimitDemand[]
  readonly shadow: readonly Denied[]
  readonly answer?: 'Released' | 'Denied'
}

export interface JudgedCall {
  readonly outcome: Outcome
  /** `namespace/name`; absent: no route leads there. */
  readonly connection?: string
  /** Absent: refused before policies were asked. */
  readonly explanation?: Explanation
  /** Absent: no answer was judged. */
  readonly answers?: readonly AnswerTrace[]
}

export interface JudgeDeps {
  readonly snapshot: Snapshot
  readonly protocols: Protocols
  readonly countTokens: CountTokens
  readonly makeScan: MakeScan
  readonly mask: MaskCall
}

/** Loads the tokenizers that rules and limits of this snapshot will ask; each takes a tenth of a second. */
export async function makeJudgeDeps(snapshot: Snapshot): Promise<JudgeDeps> {
  const failures: unknown[] = []
  const tokenizers = new Tokenizers((_name, error) => failures.push(error))
  const counting = [...snapshot.connections.values()].filter(({ reads }) => reads.has('request.inputTokens'))
  await tokenizers.load(new Set(counting.flatMap((connection) => [...connection.tokenizers.values()])))
  if (failures.length > 0) throw new Error('a tokenizer cannot be loaded', { cause: failures[0] })
  const engines = new MaskEngines()
  const [makeScan, mask] = [makeMakeScan(engines), makeOfflineMask(engines)]
  return { snapshot, protocols: new Protocols(), countTokens: buildCountTokens(tokenizers), makeScan, mask }
}

export async function judgeCall(deps: JudgeDeps, call: OfflineCall): Promise<JudgedCall> {
  let connection: CompiledConnection | undefined
  try {
    const request = toRequest(call.request, named(deps.snapshot, call.connection))
    connection = route(deps.snapshot, request)
    const rest = request.path.slice(connection.prefix.length - 1)
    const asked = await readAsked(deps.protocols, request, { connection, rest })
    const { identity, nowMs } = call
    const facts = toFacts(deps, { request, identity, connection, asked, nowMs })
    return { connection: connection.id, ...judge(deps, { connection, facts, asked, answer: call.answer }) }
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    const { code, message } = error
    const outcome: Outcome = { decision: 'Deny', code, message, limits: [], shadow: [] }
    return connection === undefined ? { outcome } : { connection: connection.id, outcome }
  }
}

/** Undefined for one that does not exist, which callers rule out beforehand (findConnection). */
function named(snapshot: Snapshot, connection: string | undefined): CompiledConnection | undefined {
  return connection === undefined ? undefined : snapshot.connections.get(connection)
}

function route(snapshot: Snapshot, request: ExchangeRequest): CompiledConnection {
  if (request.malformed !== undefined) throw new GatewayError('bad_request', request.malformed)
  const match = findRoute(snapshot.routes, request.host, request.path)
  if (match === undefined) throw new GatewayError('route_not_found', 'No connection has this address.')
  return match.connection
}

interface Exchanged {
  readonly asked: Asked
  readonly answer: AnswerSpec | undefined
}

interface Asking extends Exchanged {
  readonly connection: CompiledConnection
  readonly facts: Facts
}

function judge(deps: JudgeDeps, { connection, facts, asked, answer }: Asking): JudgedCall {
  const judgement = evaluate(connection, facts)
  const explanation = explain(connection, facts)
  const { decision, shadow, demands: limits } = judgement
  if (decision.effect === 'Deny') return { outcome: toDenied(decision, { limits, shadow }), explanation }
  const call = deps.mask({ connection, asked, masks: judgement.masks })
  const told = { limits, shadow: [...shadow, ...listWithheld(call)], ...toMaskedOutcome(call) }
  const withheld = call.request.acting?.denied
  if (withheld !== undefined) return { outcome: toDenied(withheld, told), explanation }
  const permitted: Outcome = { decision: 'Permit', rules: decision.permit.grant.rules, ...told }
  if (answer === undefined) return { outcome: permitted, explanation }
  const judged = judgeAnswer(toAnswer(answer), asked.read?.answer, judgement.answer)
  const { facts: judgedFacts } = judged
  return {
    outcome: withAnswer(permitted, judged, () => releaseAnswer(permitted, call, answer)),
    explanation,
    ...(judgedFacts === undefined ? {} : { answers: explanation.explainAnswer(judgedFacts) }),
  }
}

function toDenied(denied: Denied, told: Omit<Outcome, 'decision' | keyof Told>): Outcome {
  const { body: _unsent, ...rest } = told
  return { decision: 'Deny', ...toTold(toDenial(denied), denied), ...rest }
}

function withAnswer(permitted: Outcome, judged: JudgedAnswer, release: () => Outcome): Outcome {
  const { answer, denied, shadow, unreadable } = judged
  const all = (outcome: Outcome): Outcome => ({ ...outcome, shadow: [...outcome.shadow, ...shadow] })
  if (answer === 'Released') return all(release())
  if (denied !== undefined) return all({ ...permitted, answer, ...toTold(toAnswerDenial(denied), denied) })
  return all({ ...permitted, answer, code: 'response_unreadable', message: unreadable ?? '' })
}

/** What no rule keeps back, as the masks leave it. */
function releaseAnswer(permitted: Outcome, call: MaskedCall, answer: AnswerSpec): Outcome {
  try {
    const masked = maskAnswer(toAnswer(answer), call.asked.read?.answer, call.answer)
    const denied = call.answer?.acting?.denied
    const found = { ...permitted, ...toMaskedOutcome(call, denied === undefined ? masked : undefined) }
    if (denied === undefined) return { ...found, answer: 'Released' }
    return { ...found, answer: 'Denied', ...toTold(toAnswerDenial(denied), denied) }
  } catch (error) {
    if (!(error instanceof AnswerUnreadable)) throw error
    if (call.answer?.acting === undefined) return { ...permitted, answer: 'Released' }
    return { ...permitted, answer: 'Denied', code: 'response_unreadable', message: toUnreadable(error).message }
  }
}

type Told = Pick<Outcome, 'reason' | 'code' | 'policy' | 'rule' | 'message'>

function toTold({ code, message, policy, rule }: Refusal, { reason }: Denied): Told {
  return {
    reason,
    code,
    message,
    ...(policy === undefined ? {} : { policy }),
    ...(rule === undefined ? {} : { rule }),
  }
}
