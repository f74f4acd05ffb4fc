// Denials by a policy, in both phases, with what the policy's author tells the caller.
import type { RuleParts } from './compiled.ts'
import type { Activation } from './expression.ts'
import { EvaluationFailed } from './expression.ts'
import type { Denied } from './model.ts'
import type { Scope } from './scope.ts'

const maxMessageLength = 512

export interface RulePlace {
  readonly policy: string
  readonly scope: Scope
  readonly activation: Activation
}

export function denyByRule(rule: RuleParts, place: RulePlace): Denied {
  const message = toMessage(rule, place)
  const base = { effect: 'Deny', reason: 'DeniedByRule', policy: place.policy, rule: rule.name } as const
  return message === undefined ? base : { ...base, message }
}

/** Lets everything rise that is no failure of an expression. */
export function denyByFailure(error: unknown, policy: string, rule: string): Denied {
  if (!(error instanceof EvaluationFailed)) throw error
  return { effect: 'Deny', reason: 'EvaluationFailed', policy, rule }
}

/** A message that cannot be written does not undo the denial. */
function toMessage(rule: RuleParts, { scope, activation }: RulePlace): string | undefined {
  if (rule.messageExpression === undefined) return rule.message
  try {
    return String(scope.run(rule.messageExpression, activation)).slice(0, maxMessageLength)
  } catch (error) {
    if (!(error instanceof EvaluationFailed)) throw error
    return undefined
  }
}
