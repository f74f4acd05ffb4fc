// The one judgement. Default deny; any Deny wins; an error denies; Allow never weakens another policy. The outcome does not
// depend on the order in which objects arrived: policies come sorted, and every kind of denial beats every permission. Policies in
// mode Audit are judged beside it, with a budget of their own, and change nothing.
import { toActivation } from './activation.ts'
import type { CompiledPolicy } from './compiled.ts'
import { Meter } from './expression.ts'
import { toAnswerJudge } from './judge-answer.ts'
import type { Consent } from './judge-policy.ts'
import { judgePolicy } from './judge-policy.ts'
import type { Judgement, LimitDemand } from './judgement.ts'
import { noMasks } from './judgement.ts'
import type { Decision, Denied, Facts, Identity } from './model.ts'
import { mintPermit } from './permit.ts'
import type { Call } from './scope.ts'
import type { CompiledConnection } from './snapshot.ts'

export type { AnswerJudge, AnswerVerdict, Judgement, LimitDemand } from './judgement.ts'

const nothing: readonly never[] = []

export function evaluate(connection: CompiledConnection, facts: Facts): Judgement {
  const closed = findClosed(connection)
  if (closed !== undefined) return refuse(closed, nothing)
  const activation = toActivation(facts)
  const { scan } = facts
  const call = { activation, meter: new Meter(), scan }
  const heard = hear(connection.policies, facts.identity, call)
  const auditCall = { activation, meter: new Meter(), scan }
  const audited = hearAudits(connection.audits, facts.identity, auditCall)
  if ('effect' in heard) return refuse(heard, audited.shadow)
  const decision = decide(connection.id, heard)
  if (decision.effect === 'Deny') return refuse(decision, audited.shadow)
  const acting = { call, consents: toListeners(heard) }
  const answer = toAnswerJudge(acting, { call: auditCall, consents: toListeners(audited.consents) })
  return {
    decision,
    shadow: audited.shadow,
    demands: toDemands(heard, audited.consents),
    masks: connection.masks.of(heard, audited.consents),
    ...(answer === undefined ? {} : { answer }),
  }
}

function refuse(decision: Denied, shadow: readonly Denied[]): Judgement {
  return { decision, shadow, demands: nothing, masks: noMasks }
}

function findClosed(connection: CompiledConnection): Denied | undefined {
  if (connection.blocked !== undefined) {
    return { effect: 'Deny', reason: 'ConnectionInvalid', message: connection.blocked.message }
  }
  return connection.paused ? { effect: 'Deny', reason: 'ConnectionPaused' } : undefined
}

/** The first denial, or the policies that speak about the caller. */
function hear(policies: readonly CompiledPolicy[], identity: Identity, call: Call): Denied | readonly Consent[] {
  const consents: Consent[] = []
  for (const policy of policies) {
    const verdict = judgePolicy(policy, identity, call)
    if (verdict === undefined) continue
    if ('effect' in verdict) return verdict
    consents.push(verdict)
  }
  return consents
}

interface Audited {
  /** At most one for each policy. */
  readonly shadow: readonly Denied[]
  readonly consents: readonly Consent[]
}

const unaudited: Audited = { shadow: nothing, consents: nothing }

/** Every one is asked: each is a question of its own, what would happen if it alone were enforced. */
function hearAudits(policies: readonly CompiledPolicy[], identity: Identity, call: Call): Audited {
  if (policies.length === 0) return unaudited
  const shadow: Denied[] = []
  const consents: Consent[] = []
  for (const policy of policies) {
    call.meter = new Meter()
    const verdict = judgePolicy(policy, identity, call)
    if (verdict === undefined) continue
    if ('effect' in verdict) shadow.push(verdict)
    else consents.push(verdict)
  }
  return { shadow, consents }
}

function decide(connection: string, heard: readonly Consent[]): Decision {
  if (heard.length === 0) return { effect: 'Deny', reason: 'NoPolicySelectsCaller' }
  const allowing = heard.filter(({ allowedBy }) => allowedBy.length > 0)
  if (allowing.length === 0) return { effect: 'Deny', reason: 'NoRuleAllows' }
  const permit = mintPermit({
    connection,
    policies: allowing.map(({ policy }) => policy.id),
    rules: allowing.flatMap(({ allowedBy }) => allowedBy),
  })
  return { effect: 'Permit', permit }
}

function toListeners(consents: readonly Consent[]): readonly Consent[] {
  return consents.some(listens) ? consents.filter(listens) : nothing
}

function listens({ policy }: Consent): boolean {
  return policy.answerRules.length > 0
}

function toDemands(heard: readonly Consent[], audited: readonly Consent[]): readonly LimitDemand[] {
  if (!heard.some(demandsAny) && !audited.some(demandsAny)) return nothing
  return [...heard, ...audited].flatMap(({ demands }) => demands)
}

function demandsAny({ demands }: Consent): boolean {
  return demands.length > 0
}
