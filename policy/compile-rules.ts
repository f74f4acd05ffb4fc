// The rules of a policy, compiled apart by phase: those that judge a request, and those that judge its answer.
import type { InferencePolicySpec } from '../crds/generated/inference-policy.ts'
import type { Work } from './compile-work.ts'
import type { CompiledAnswerRule, CompiledRule, RuleParts } from './compiled.ts'
import type { Environment } from './environment.ts'

type Rule = NonNullable<InferencePolicySpec['rules']>[number]

export interface RuleScope {
  /** Of the policy. */
  readonly id: string
  readonly request: Environment | undefined
  readonly response: Environment | undefined
}

export interface CompiledRules {
  readonly rules: readonly CompiledRule[]
  readonly answerRules: readonly CompiledAnswerRule[]
}

export function compileRules(work: Work, all: readonly Rule[], scope: RuleScope): CompiledRules {
  const rules: CompiledRule[] = []
  const answerRules: CompiledAnswerRule[] = []
  for (const [i, rule] of all.entries()) {
    const path = `spec.rules[${i}]`
    refuseContradictions(work, rule, path)
    const parts = compileParts(work, rule, { path, environment: environmentOf(rule, scope) })
    if (rule.phase === 'Response') answerRules.push({ ...parts, holds: rule.onStream !== 'Cut' })
    else rules.push({ ...parts, allows: rule.action === 'Allow', id: `${scope.id}/${rule.name}` })
  }
  return { rules, answerRules }
}

/** The CRD refuses these too; a bundle may come from elsewhere. */
function refuseContradictions(work: Work, { phase, action, onStream }: Rule, path: string): void {
  if (phase === 'Response' && action === 'Allow') {
    const message =
      "an answer needs no permission besides its request's; use phase: Request, or action: Deny for responses"
    work.refuse(`${path}.action`, 'Invalid', message)
  }
  if (phase === 'Request' && onStream !== undefined) {
    work.refuse(`${path}.onStream`, 'Invalid', 'onStream is about answers; remove it, or use phase: Response')
  }
}

function environmentOf({ phase }: Rule, { request, response }: RuleScope): Environment | undefined {
  return phase === 'Response' ? response : request
}

interface RulePlace {
  readonly path: string
  readonly environment: Environment | undefined
}

function compileParts(work: Work, rule: Rule, { path, environment }: RulePlace): RuleParts {
  const { name, phase, message } = rule
  const base = { name, ...(message === undefined ? {} : { message }) }
  if (environment === undefined) {
    const what =
      phase === 'Response'
        ? 'answers of a connection it selects are not read, so no rule can judge them'
        : 'rules cannot be written for the protocol of a connection it selects'
    work.refuse(path, 'NotSupported', what)
    return base
  }
  const when = work.compileIfAny(rule.when, { path: `${path}.when`, environment, expected: 'bool' })
  const place = { path: `${path}.messageExpression`, environment, expected: 'string' } as const
  const messageExpression = work.compileIfAny(rule.messageExpression, place)
  return {
    ...base,
    ...(when === undefined ? {} : { when }),
    ...(messageExpression === undefined ? {} : { messageExpression }),
  }
}
