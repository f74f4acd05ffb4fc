// One policy on one request. Which of several denials is reported is fixed: rules as they are written, then risk, then limits.
import type { CompiledPolicy, CompiledRisk, CompiledSubject } from './compiled.ts'
import { denyByFailure, denyByRule } from './deny.ts'
import type { LimitDemand } from './judgement.ts'
import type { Denied, Identity } from './model.ts'
import type { Call } from './scope.ts'
import { Scope } from './scope.ts'
import { matchesSubject } from './select.ts'

/** A policy that speaks about the caller and does not deny. */
export interface Consent {
  readonly policy: CompiledPolicy
  /** Ids of the rules that allow. */
  readonly allowedBy: readonly string[]
  readonly demands: readonly LimitDemand[]
  readonly scope: Scope
}

const nothing: readonly never[] = []

/** Undefined: this policy does not speak about this caller. */
export function judgePolicy(policy: CompiledPolicy, identity: Identity, call: Call): Denied | Consent | undefined {
  if (policy.invalid) return { effect: 'Deny', reason: 'PolicyInvalid', policy: policy.id }
  try {
    if (!speaksAbout(policy.subjects, identity, call)) return undefined
  } catch (error) {
    return denyByFailure(error, policy.id, '')
  }
  const scope = new Scope(policy, call)
  const allowedBy = judgeRules(policy, scope)
  if ('effect' in allowedBy) return allowedBy
  const tooHigh = policy.risk === undefined ? undefined : judgeRisk(policy.id, policy.risk, scope)
  if (tooHigh !== undefined) return tooHigh
  const demands = policy.limits.length === 0 ? nothing : toDemands(policy, scope)
  return 'effect' in demands ? demands : { policy, allowedBy, demands, scope }
}

function speaksAbout(subjects: readonly CompiledSubject[] | undefined, identity: Identity, call: Call): boolean {
  if (subjects === undefined) return true
  return subjects.some(
    ({ subject, when }) =>
      matchesSubject(subject, identity) && (when === undefined || when.run(call.activation, call.meter) === true),
  )
}

function judgeRules({ id, rules }: CompiledPolicy, scope: Scope): Denied | readonly string[] {
  let allowedBy: string[] | undefined
  for (const rule of rules) {
    try {
      if (rule.when !== undefined && scope.run(rule.when) !== true) continue
    } catch (error) {
      return denyByFailure(error, id, rule.name)
    }
    if (!rule.allows) return denyByRule(rule, { policy: id, scope, activation: scope.activation })
    allowedBy ??= []
    allowedBy.push(rule.id)
  }
  return allowedBy ?? nothing
}

function judgeRisk(id: string, risk: CompiledRisk, scope: Scope): Denied | undefined {
  const weighed = scope.weigh(risk)
  if ('failure' in weighed) return denyByFailure(weighed.failure, id, weighed.score)
  if (risk.denyAbove === undefined || weighed.score <= risk.denyAbove) return undefined
  return { effect: 'Deny', reason: 'RiskTooHigh', policy: id, rule: '' }
}

function toDemands({ id, limits }: CompiledPolicy, scope: Scope): Denied | readonly LimitDemand[] {
  const demands: LimitDemand[] = []
  for (const { key, demand } of limits) {
    try {
      demands.push({ ...demand, key: String(scope.run(key)) })
    } catch (error) {
      return denyByFailure(error, id, demand.limit)
    }
  }
  return demands
}
