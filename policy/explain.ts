// The judgement of one call with every step told: which subjects match, what each rule says, what risk and limits come to. Reuses the
// programs and the order of evaluate.ts and must always come to the same decision (explain.test.ts holds it to that); what evaluate
// need not look at any more, after a first denial, is looked at here with a budget of its own. Mints no Permit: nothing explained can
// be forwarded.
import { toActivation, toAnswerActivation } from './activation.ts'
import type { CompiledPolicy, CompiledSubject, RuleParts } from './compiled.ts'
import { denyByFailure, denyByRule } from './deny.ts'
import { EvaluationFailed, Meter } from './expression.ts'
import type { LimitDemand } from './judgement.ts'
import type { MaskAction, MaskDemand } from './masking/demand.ts'
import type { Denied, Facts, Identity, ResponseFacts } from './model.ts'
import type { Call } from './scope.ts'
import { Scope } from './scope.ts'
import type { Subject } from './select.ts'
import { matchesSubject } from './select.ts'
import type { CompiledConnection } from './snapshot.ts'

/** Why an expression gave nothing: the kind of failure, never a value. */
export interface Failure {
  readonly failure: string
}

export interface SubjectTrace {
  readonly name: string
  readonly outcome: 'Matches' | 'Differs' | 'Failed'
  /** Differs: the fields that do. */
  readonly in?: readonly string[]
  readonly failure?: string
}

export interface RuleTrace {
  readonly name: string
  readonly action: 'Allow' | 'Deny'
  readonly outcome: 'Matched' | 'NotMatched' | 'Failed'
  readonly failure?: string
  /** What a caller is told, where this rule denies. */
  readonly message?: string
}

export type VariableTrace = { readonly name: string } & ({ readonly value: unknown } | Failure)

export type RiskTrace = { readonly denyAbove?: number } & (
  | { readonly score: number; readonly reasons: readonly string[] }
  | ({ readonly of: string } & Failure)
)

export interface MaskTrace {
  readonly mask: string
  readonly phase: 'Request' | 'Response'
  /** One of them is there: a data class of the policy, or a place. */
  readonly class?: string
  readonly field?: string
  readonly action: MaskAction
}

export type LimitTrace = { readonly limit: string } & ({ readonly demand: LimitDemand } | Failure)

export interface PolicyTrace {
  /** `namespace/name`. */
  readonly policy: string
  readonly mode: 'Enforce' | 'Audit'
  /** Whether it speaks about the caller. Invalid: it does not compile, and refuses every call. */
  readonly speaks: 'Yes' | 'No' | 'Failed' | 'Invalid'
  /** Absent: it speaks about every caller. */
  readonly subjects?: readonly SubjectTrace[]
  /** Of phase Request, as they are written; empty where it does not speak about the caller. */
  readonly rules: readonly RuleTrace[]
  readonly variables: readonly VariableTrace[]
  readonly risk?: RiskTrace
  readonly limits: readonly LimitTrace[]
  /** What it demands of this call, should all permit it; what they find, only the texts tell. */
  readonly masks: readonly MaskTrace[]
  /** Of all that denies, the one that is reported. */
  readonly denied?: Denied
}

export interface AnswerTrace {
  readonly policy: string
  readonly mode: 'Enforce' | 'Audit'
  readonly rules: readonly RuleTrace[]
  readonly denied?: Denied
}

export type ExplainedDecision = Denied | { readonly effect: 'Permit'; readonly rules: readonly string[] }

export interface Explanation {
  readonly decision: ExplainedDecision
  /** The connection refuses whatever policies say; they are explained all the same. */
  readonly closed: boolean
  readonly policies: readonly PolicyTrace[]
  /** What the rules for answers say; of policies that spoke and did not deny, as in the gateway. */
  readonly explainAnswer: (response: ResponseFacts) => readonly AnswerTrace[]
}

export function explain(connection: CompiledConnection, facts: Facts): Explanation {
  const activation = toActivation(facts)
  const { identity, scan } = facts
  const acting: Side = { mode: 'Enforce', call: { activation, meter: new Meter(), scan }, identity }
  const auditing: Side = { mode: 'Audit', call: { activation, meter: new Meter(), scan }, identity }
  const enforced = connection.policies.map((policy) => explainPolicy(policy, acting))
  const audited = connection.audits.map((policy) => {
    auditing.call.meter = new Meter()
    return explainPolicy(policy, auditing)
  })
  const closed = findClosed(connection)
  return {
    decision: closed ?? decide(enforced.map(({ trace }) => trace)),
    closed: closed !== undefined,
    policies: [...enforced, ...audited].map(({ trace }) => trace),
    explainAnswer: (response) => [
      ...explainAnswers(enforced, acting, response),
      ...explainAnswers(audited, auditing, response),
    ],
  }
}

interface Side {
  readonly mode: 'Enforce' | 'Audit'
  readonly call: Call
  readonly identity: Identity
}

interface Explained {
  readonly policy: CompiledPolicy
  readonly trace: PolicyTrace
  /** Absent: it does not go on to the answer. */
  readonly scope?: Scope
}

function findClosed({ blocked, paused }: CompiledConnection): Denied | undefined {
  if (blocked !== undefined) return { effect: 'Deny', reason: 'ConnectionInvalid', message: blocked.message }
  return paused ? { effect: 'Deny', reason: 'ConnectionPaused' } : undefined
}

function decide(traces: readonly PolicyTrace[]): ExplainedDecision {
  const denied = traces.find((trace) => trace.denied !== undefined)?.denied
  if (denied !== undefined) return denied
  const speaking = traces.filter(({ speaks }) => speaks === 'Yes')
  if (speaking.length === 0) return { effect: 'Deny', reason: 'NoPolicySelectsCaller' }
  const rules = speaking.flatMap((trace) => trace.rules.filter(isMatched).map(({ name }) => `${trace.policy}/${name}`))
  return rules.length === 0 ? { effect: 'Deny', reason: 'NoRuleAllows' } : { effect: 'Permit', rules }
}

function isMatched({ outcome }: RuleTrace): boolean {
  return outcome === 'Matched'
}

function explainPolicy(policy: CompiledPolicy, side: Side): Explained {
  const base = { policy: policy.id, mode: side.mode, rules: [], variables: [], limits: [], masks: [] } as const
  if (policy.invalid) {
    const denied: Denied = { effect: 'Deny', reason: 'PolicyInvalid', policy: policy.id }
    return { policy, trace: { ...base, speaks: 'Invalid', denied } }
  }
  const heard = explainSubjects(policy, side)
  const subjects = heard.subjects === undefined ? {} : { subjects: heard.subjects }
  if (heard.speaks !== 'Yes') {
    const { denied } = heard
    return {
      policy,
      trace: { ...base, ...subjects, speaks: heard.speaks, ...(denied === undefined ? {} : { denied }) },
    }
  }
  const scope = new Scope(policy, side.call)
  const said = explainRequest(policy, scope, side.call)
  const trace = { ...base, ...subjects, speaks: 'Yes', ...said } as const
  return { policy, trace, ...(said.denied === undefined ? { scope } : {}) }
}

interface Heard extends Pick<PolicyTrace, 'speaks' | 'subjects'> {
  readonly denied?: Denied
}

/** The first that matches decides; one that fails before it denies. */
function explainSubjects({ id, subjects }: CompiledPolicy, side: Side): Heard {
  if (subjects === undefined) return { speaks: 'Yes' }
  let decided: Heard | undefined
  const traces = subjects.map((subject): SubjectTrace => {
    const outcome = explainSubject(subject, side, decided === undefined ? side.call.meter : new Meter())
    if (outcome instanceof EvaluationFailed) {
      decided ??= { speaks: 'Failed', denied: denyByFailure(outcome, id, '') }
      return { name: subject.subject.name, outcome: 'Failed', failure: outcome.message }
    }
    if (outcome.length === 0) decided ??= { speaks: 'Yes' }
    return { name: subject.subject.name, ...(outcome.length === 0 ? matches : { outcome: 'Differs', in: outcome }) }
  })
  return { speaks: 'No', ...decided, subjects: traces }
}

const matches = { outcome: 'Matches' } as const

/** The fields that differ; none: it matches. */
function explainSubject(
  { subject, when }: CompiledSubject,
  { call, identity }: Side,
  meter: Meter,
): readonly string[] | EvaluationFailed {
  const differing = differingFields(subject, identity)
  if (differing.length > 0 || when === undefined) return differing
  try {
    return when.run(call.activation, meter) === true ? [] : ['when']
  } catch (error) {
    return toFailure(error)
  }
}

function differingFields(subject: Subject, identity: Identity): readonly string[] {
  const { name, issuer, user, group, serviceAccount, scopes } = subject
  const single: Readonly<Record<string, Subject>> = {
    ...(issuer === undefined ? {} : { issuer: { name, issuer } }),
    ...(user === undefined ? {} : { user: { name, user } }),
    ...(group === undefined ? {} : { group: { name, group } }),
    ...(serviceAccount === undefined ? {} : { serviceAccount: { name, serviceAccount } }),
    ...(scopes === undefined ? {} : { scopes: { name, scopes } }),
  }
  return Object.entries(single).flatMap(([field, only]) => (matchesSubject(only, identity) ? [] : [field]))
}

type Said = Pick<PolicyTrace, 'rules' | 'variables' | 'risk' | 'limits' | 'masks' | 'denied'>

/** In the order of judge-policy.ts: rules as they are written, then risk, then limits. */
function explainRequest(policy: CompiledPolicy, scope: Scope, call: Call): Said {
  const findings = new Findings(call)
  const rules = policy.rules.map((rule) => {
    const action = rule.allows ? 'Allow' : 'Deny'
    return explainRule(rule, { action, policy: policy.id, scope, activation: scope.activation, findings })
  })
  const risk = explainRisk(policy, scope, findings)
  const limits = policy.limits.map(({ key, demand }): LimitTrace => {
    try {
      return { limit: demand.limit, demand: { ...demand, key: String(scope.run(key)) } }
    } catch (error) {
      findings.add(denyByFailure(error, policy.id, demand.limit))
      return { limit: demand.limit, failure: toFailure(error).message }
    }
  })
  const { denied } = findings
  return {
    rules,
    ...(risk === undefined ? {} : { risk }),
    limits,
    masks: explainMasks(policy),
    // Last: a variable that no rule asked for is worked out for the reader alone.
    variables: explainVariables(policy, scope),
    ...(denied === undefined ? {} : { denied }),
  }
}

function explainMasks({ masks }: CompiledPolicy): readonly MaskTrace[] {
  const toTrace = (phase: MaskTrace['phase'], demand: MaskDemand): MaskTrace => {
    const { name, class: dataClass, fields, action } = demand
    const what = dataClass === undefined ? { field: fields.join(', ') } : { class: dataClass }
    return { mask: name, phase, ...what, action }
  }
  return [
    ...masks.request.map((demand) => toTrace('Request', demand)),
    ...masks.response.map((demand) => toTrace('Response', demand)),
  ]
}

/** What comes after a first denial is for the reader alone and must not fail for want of budget. */
class Findings {
  readonly #call: Call
  denied: Denied | undefined

  constructor(call: Call) {
    this.#call = call
  }

  add(denied: Denied): void {
    this.denied ??= denied
    this.#call.meter = new Meter()
  }
}

interface RuleScope {
  readonly action: RuleTrace['action']
  readonly policy: string
  readonly scope: Scope
  readonly activation: Scope['activation']
  readonly findings: Findings
}

function explainRule(rule: RuleParts, { action, findings, ...place }: RuleScope): RuleTrace {
  const base = { name: rule.name, action }
  try {
    const holds = rule.when === undefined || place.scope.run(rule.when, place.activation) === true
    if (!holds) return { ...base, outcome: 'NotMatched' }
  } catch (error) {
    findings.add(denyByFailure(error, place.policy, rule.name))
    return { ...base, outcome: 'Failed', failure: toFailure(error).message }
  }
  if (action === 'Allow') return { ...base, outcome: 'Matched' }
  const denied = denyByRule(rule, place)
  findings.add(denied)
  return { ...base, outcome: 'Matched', ...(denied.message === undefined ? {} : { message: denied.message }) }
}

function explainRisk({ id, risk }: CompiledPolicy, scope: Scope, findings: Findings): RiskTrace | undefined {
  if (risk === undefined) return undefined
  const bound = risk.denyAbove === undefined ? {} : { denyAbove: risk.denyAbove }
  const weighed = scope.weigh(risk)
  if ('failure' in weighed) {
    findings.add(denyByFailure(weighed.failure, id, weighed.score))
    return { ...bound, of: weighed.score, failure: weighed.failure.message }
  }
  if (risk.denyAbove !== undefined && weighed.score > risk.denyAbove) {
    findings.add({ effect: 'Deny', reason: 'RiskTooHigh', policy: id, rule: '' })
  }
  return { ...bound, score: weighed.score, reasons: weighed.reasons }
}

function explainVariables({ variables }: CompiledPolicy, scope: Scope): readonly VariableTrace[] {
  return variables.map(({ name, program }) => {
    try {
      return { name, value: program.run(scope.activation) }
    } catch (error) {
      return { name, failure: toFailure(error).message }
    }
  })
}

/** As judge-answer.ts asks: those that act share one budget until the first denial, each in mode Audit has its own. */
function explainAnswers(explained: readonly Explained[], side: Side, response: ResponseFacts): readonly AnswerTrace[] {
  const answer = toAnswerActivation(response)
  side.call.meter = new Meter()
  return explained.flatMap(({ policy, scope }) => {
    if (scope === undefined || policy.answerRules.length === 0) return []
    if (side.mode === 'Audit') side.call.meter = new Meter()
    const findings = new Findings(side.call)
    const place = {
      action: 'Deny',
      policy: policy.id,
      scope,
      activation: scope.withResponse(answer),
      findings,
    } as const
    const rules = policy.answerRules.map((rule) => explainRule(rule, place))
    const { denied } = findings
    return [{ policy: policy.id, mode: side.mode, rules, ...(denied === undefined ? {} : { denied }) }]
  })
}

/** Lets everything rise that is no failure of an expression. */
function toFailure(error: unknown): EvaluationFailed {
  if (error instanceof EvaluationFailed) return error
  throw error
}
