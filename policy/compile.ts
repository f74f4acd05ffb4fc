// One policy, compiled for one kind of request. A policy that does not compile is still a policy: it denies what it covers
// (an invalid Audit or Disabled one denies nothing), and its problems go to its status.
import type { InferencePolicySpec } from '../crds/generated/inference-policy.ts'
import type { BundlePolicy } from './bundle.ts'
import type { Environment, Struct } from './environment.ts'
import { subjectEnvironment, withVariables } from './environment.ts'
import type { Compile, Program } from './expression.ts'
import type { Problem } from './problem.ts'
import type { Subject } from './select.ts'
import { findUnsupportedInPolicy } from './unsupported.ts'

type Rule = NonNullable<InferencePolicySpec['rules']>[number]

export interface CompiledSubject {
  readonly subject: Subject
  readonly when?: Program
}

export interface CompiledRule {
  readonly name: string
  readonly action: Rule['action']
  /** Absent: always. */
  readonly when?: Program
  readonly message?: string
  readonly messageExpression?: Program
}

export interface CompiledVariable {
  readonly name: string
  readonly program: Program
}

export interface CompiledPolicy {
  /** `namespace/name`. */
  readonly id: string
  readonly invalid: boolean
  /** Absent: every authenticated caller. */
  readonly subjects?: readonly CompiledSubject[]
  readonly variables: readonly CompiledVariable[]
  readonly rules: readonly CompiledRule[]
  /** Everything its programs read, so that a call prepares that once. */
  readonly reads: ReadonlySet<string>
}

export interface PolicyCompilation {
  readonly policy: CompiledPolicy
  readonly problems: readonly Problem[]
}

export function toPolicyId(ref: { readonly namespace: string; readonly name: string }): string {
  return `${ref.namespace}/${ref.name}`
}

/** `environment` undefined: rules cannot be written for that protocol, so any rule is a problem. */
export function compilePolicy(
  compile: Compile,
  policy: BundlePolicy,
  environment: Environment | undefined,
): PolicyCompilation {
  const { spec } = policy
  const work = new Work(compile)
  if (policy.blocked !== undefined) {
    work.problems.push({ path: 'spec', reason: 'Invalid', message: policy.blocked.message })
  }
  work.problems.push(...findUnsupportedInPolicy(spec))
  const subjects = spec.subjects?.map((subject, i) => compileSubject(work, subject, `spec.subjects[${i}]`))
  const { variables, full } = compileVariables(work, spec, environment)
  const rules = (spec.rules ?? []).map((rule, i) => compileRule(work, rule, { path: `spec.rules[${i}]`, full }))
  const compiled: CompiledPolicy = {
    id: toPolicyId(policy.ref),
    invalid: work.problems.length > 0,
    ...(subjects === undefined ? {} : { subjects }),
    variables,
    rules,
    reads: work.reads,
  }
  return { policy: compiled, problems: work.problems }
}

class Work {
  readonly problems: Problem[] = []
  readonly reads = new Set<string>()
  readonly #compile: Compile

  constructor(compile: Compile) {
    this.#compile = compile
  }

  compile(
    source: string,
    at: { path: string; environment: Environment; expected?: 'bool' | 'string' },
  ): Program | undefined {
    const result = this.#compile(source, at.environment, at.expected)
    if ('problems' in result) {
      for (const { message, line, column } of result.problems) {
        this.problems.push({ path: at.path, reason: 'InvalidExpression', message, line, column })
      }
      return undefined
    }
    for (const read of result.program.reads) this.reads.add(read)
    return result.program
  }
}

function compileSubject(work: Work, subject: Subject, path: string): CompiledSubject {
  if (subject.when === undefined) return { subject }
  const when = work.compile(subject.when, { path: `${path}.when`, environment: subjectEnvironment, expected: 'bool' })
  return when === undefined ? { subject } : { subject, when }
}

interface Variables {
  readonly variables: readonly CompiledVariable[]
  readonly full: Environment | undefined
}

/** A variable may use those before it, never itself or a later one. */
function compileVariables(work: Work, spec: InferencePolicySpec, environment: Environment | undefined): Variables {
  if (environment === undefined) return { variables: [], full: undefined }
  const variables: CompiledVariable[] = []
  let types: Struct = {}
  for (const [i, { name, expression }] of (spec.variables ?? []).entries()) {
    const scope = withVariables(environment, types)
    const program = work.compile(expression, { path: `spec.variables[${i}].expression`, environment: scope })
    types = { ...types, [name]: program?.type ?? 'dyn' }
    if (program !== undefined) variables.push({ name, program })
  }
  return { variables, full: withVariables(environment, types) }
}

interface RulePlace {
  readonly path: string
  readonly full: Environment | undefined
}

function compileRule(work: Work, rule: Rule, { path, full }: RulePlace): CompiledRule {
  const { name, action, message } = rule
  const base = { name, action, ...(message === undefined ? {} : { message }) }
  if (full === undefined) {
    work.problems.push({
      path,
      reason: 'NotSupported',
      message: 'rules cannot be written for the protocol of a connection it selects',
    })
    return base
  }
  const when =
    rule.when === undefined
      ? undefined
      : work.compile(rule.when, { path: `${path}.when`, environment: full, expected: 'bool' })
  const messageExpression =
    rule.messageExpression === undefined
      ? undefined
      : work.compile(rule.messageExpression, {
          path: `${path}.messageExpression`,
          environment: full,
          expected: 'string',
        })
  return {
    ...base,
    ...(when === undefined ? {} : { when }),
    ...(messageExpression === undefined ? {} : { messageExpression }),
  }
}
