// The one judgement. Default deny; any Deny wins; an error denies; Allow never weakens another policy. The outcome does not
// depend on the order in which objects arrived: policies come sorted, and every kind of denial beats every permission.
import { toActivation } from './activation.ts'
import type { CompiledPolicy, CompiledRule, CompiledSubject } from './compile.ts'
import type { Activation } from './expression.ts'
import { EvaluationFailed } from './expression.ts'
import type { Decision, Denied, Facts, Identity, ResponseFacts } from './model.ts'
import { mintPermit } from './permit.ts'
import { matchesSubject } from './select.ts'
import type { CompiledConnection } from './snapshot.ts'

const maxMessageLength = 512

/** Everything that the policies say about one call. */
export interface Judgement {
  readonly decision: Decision
  /** What policies in mode Audit would have refused; recorded and counted, never acted on. */
  readonly shadow: readonly Denied[]
  /** What is to be reserved before the call goes on. */
  readonly demands: readonly LimitDemand[]
  /** Absent: no rule looks at answers. */
  readonly answer?: AnswerJudge
}

/** One limit, for one call. */
export interface LimitDemand {
  /** `namespace/name` of the policy. */
  readonly policy: string
  readonly limit: string
  /** What the CEL key gave; calls with the same one share a count. May hold personal data: hash it before it leaves the process. */
  readonly key: string
  readonly measure: 'Requests' | 'Tokens' | 'Concurrent'
  readonly max: number
  /** 0 for Concurrent. */
  readonly windowMs: number
  readonly onUnavailable: 'Deny' | 'LocalShare'
  /** False for mode Audit: counted apart, never refused. */
  readonly acts: boolean
}

/** The Response rules of all policies that speak about this call. */
export interface AnswerJudge {
  /** Hold: nothing of the answer may leave before all of it was judged. Cut: what was judged leaves, a denial ends the rest. */
  readonly manner: 'Hold' | 'Cut'
  /** False: only policies in mode Audit look at answers, so nothing is held, ended or refused; `denied` is never given. */
  readonly acts: boolean
  /** May be asked again as an answer grows. */
  readonly judge: (response: ResponseFacts) => AnswerVerdict
}

export interface AnswerVerdict {
  readonly denied?: Denied
  readonly shadow: readonly Denied[]
}

export function evaluate(connection: CompiledConnection, facts: Facts): Judgement {
  return { decision: decide(connection, facts), shadow: [], demands: [] }
}

function decide(connection: CompiledConnection, facts: Facts): Decision {
  if (connection.blocked !== undefined) {
    return { effect: 'Deny', reason: 'ConnectionInvalid', message: connection.blocked.message }
  }
  if (connection.paused) return { effect: 'Deny', reason: 'ConnectionPaused' }
  const activation = toActivation(facts)
  const allowed: { policy: string; rule: string }[] = []
  let applied = 0
  for (const policy of connection.policies) {
    const verdict = judge(policy, facts.identity, activation)
    if (verdict === undefined) continue
    if ('effect' in verdict) return verdict
    applied += 1
    for (const rule of verdict.allowedBy) allowed.push({ policy: policy.id, rule })
  }
  if (applied === 0) return { effect: 'Deny', reason: 'NoPolicySelectsCaller' }
  if (allowed.length === 0) return { effect: 'Deny', reason: 'NoRuleAllows' }
  const permit = mintPermit({
    connection: connection.id,
    policies: [...new Set(allowed.map(({ policy }) => policy))],
    rules: allowed.map(({ policy, rule }) => `${policy}/${rule}`),
  })
  return { effect: 'Permit', permit }
}

interface Silent {
  readonly allowedBy: readonly string[]
}

/** Undefined: this policy does not speak about this caller. */
function judge(policy: CompiledPolicy, identity: Identity, activation: Activation): Denied | Silent | undefined {
  if (policy.invalid) return { effect: 'Deny', reason: 'PolicyInvalid', policy: policy.id }
  const place = { policy: policy.id, rule: '' }
  try {
    if (!speaksAbout(policy.subjects, identity, activation)) return undefined
    const full = withVariableValues(policy, activation)
    const allowedBy: string[] = []
    for (const rule of policy.rules) {
      place.rule = rule.name
      if (rule.when !== undefined && rule.when.run(full) !== true) continue
      if (rule.action !== 'Allow') return toDenied(policy, rule, full)
      allowedBy.push(rule.name)
    }
    return { allowedBy }
  } catch (error) {
    if (!(error instanceof EvaluationFailed)) throw error
    return { effect: 'Deny', reason: 'EvaluationFailed', ...place }
  }
}

function speaksAbout(
  subjects: readonly CompiledSubject[] | undefined,
  identity: Identity,
  activation: Activation,
): boolean {
  if (subjects === undefined) return true
  return subjects.some(
    ({ subject, when }) => matchesSubject(subject, identity) && (when === undefined || when.run(activation) === true),
  )
}

/** Variables are evaluated when a rule first asks, once; a failing one fails only the rules that use it. */
function withVariableValues(policy: CompiledPolicy, activation: Activation): Activation {
  if (policy.variables.length === 0) return activation
  const variables: Record<string, unknown> = {}
  const full = { ...activation, variables }
  for (const { name, program } of policy.variables) {
    let value: unknown
    let known = false
    Object.defineProperty(variables, name, {
      enumerable: true,
      get: () => {
        if (!known) value = program.run(full)
        known = true
        return value
      },
    })
  }
  return full
}

function toDenied(policy: CompiledPolicy, rule: CompiledRule, activation: Activation): Denied {
  const message = toMessage(rule, activation)
  const base = { effect: 'Deny', reason: 'DeniedByRule', policy: policy.id, rule: rule.name } as const
  return message === undefined ? base : { ...base, message }
}

/** A message that cannot be written does not undo the denial. */
function toMessage(rule: CompiledRule, activation: Activation): string | undefined {
  if (rule.messageExpression === undefined) return rule.message
  try {
    return String(rule.messageExpression.run(activation)).slice(0, maxMessageLength)
  } catch (error) {
    if (!(error instanceof EvaluationFailed)) throw error
    return undefined
  }
}
