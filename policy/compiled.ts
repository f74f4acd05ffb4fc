// A policy after compilation: programs and constants, nothing that a call would have to work out again. Made by compile.ts, asked by
// judge-policy.ts and judge-answer.ts.
import type { Program } from './expression.ts'
import type { LimitDemand } from './judgement.ts'
import type { CompiledClass, MaskDemands } from './masking/demand.ts'
import type { Problem } from './problem.ts'
import type { Subject } from './select.ts'
import type { ToVariables } from './variables.ts'

export interface CompiledPolicy {
  /** `namespace/name`. */
  readonly id: string
  readonly invalid: boolean
  /** Absent: every authenticated caller. */
  readonly subjects?: readonly CompiledSubject[]
  /** In their order. */
  readonly variables: readonly CompiledVariable[]
  /** Makes the struct that expressions see, from whoever works out the values. */
  readonly toVariables: ToVariables
  /** Of phase Request. */
  readonly rules: readonly CompiledRule[]
  readonly risk?: CompiledRisk
  readonly limits: readonly CompiledLimit[]
  /** Of phase Response; each of them denies. */
  readonly answerRules: readonly CompiledAnswerRule[]
  /** In their order; what `findings` has entries for. */
  readonly classes: readonly CompiledClass[]
  /** What it demands of every call that it speaks about. */
  readonly masks: MaskDemands
  /** Everything its programs read, so that a call prepares that once. */
  readonly reads: ReadonlySet<string>
}

export interface PolicyCompilation {
  readonly policy: CompiledPolicy
  readonly problems: readonly Problem[]
}

export interface CompiledSubject {
  readonly subject: Subject
  readonly when?: Program
}

export interface CompiledVariable {
  readonly name: string
  readonly program: Program
}

/** What a rule of either phase has. */
export interface RuleParts {
  readonly name: string
  /** Absent: always. */
  readonly when?: Program
  readonly message?: string
  readonly messageExpression?: Program
}

export interface CompiledRule extends RuleParts {
  readonly allows: boolean
  /** `namespace/policy/rule`, as permits name it. */
  readonly id: string
}

export interface CompiledAnswerRule extends RuleParts {
  /** It judges the whole answer, never a part of one. */
  readonly holds: boolean
}

export interface CompiledRisk {
  readonly scores: readonly CompiledScore[]
  /** Absent: never. */
  readonly denyAbove?: number
}

export interface CompiledScore {
  readonly name: string
  readonly when: Program
  readonly weight: number
  readonly reason: string
}

export interface CompiledLimit {
  readonly key: Program
  readonly demand: Omit<LimitDemand, 'key'>
}
