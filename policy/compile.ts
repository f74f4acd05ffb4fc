// One policy, compiled for one kind of connection. A policy that does not compile is still a policy: it denies what it covers (an
// invalid Audit or Disabled one denies nothing), and its problems go to its status.
import type { InferencePolicySpec } from '../crds/generated/inference-policy.ts'
import type { BundlePolicy } from './bundle.ts'
import type { CompiledClasses } from './compile-classes.ts'
import { compileClasses } from './compile-classes.ts'
import { compileLimits } from './compile-limits.ts'
import { compileMasks } from './compile-masks.ts'
import { compileRules } from './compile-rules.ts'
import { Work } from './compile-work.ts'
import type { CompiledPolicy, CompiledRisk, CompiledSubject, CompiledVariable, PolicyCompilation } from './compiled.ts'
import type { Environment, Environments, Struct } from './environment.ts'
import { subjectEnvironment, withFindings, withRisk, withVariables } from './environment.ts'
import type { Compile } from './expression.ts'
import type { Subject } from './select.ts'
import { findUnsupportedInPolicy } from './unsupported.ts'
import { buildVariables } from './variables.ts'

export function toPolicyId(ref: { readonly namespace: string; readonly name: string }): string {
  return `${ref.namespace}/${ref.name}`
}

/**
 * An environment that is undefined: nothing can be written for that phase of the protocol, so whatever is written is a problem. `found`:
 * what compileClasses made of the policy, where that is known.
 */
export function compilePolicy(
  compile: Compile,
  policy: BundlePolicy,
  environments: Environments,
  found: CompiledClasses = compileClasses(policy),
): PolicyCompilation {
  const { spec } = policy
  const id = toPolicyId(policy.ref)
  const work = new Work(compile)
  if (policy.blocked !== undefined) work.refuse('spec', 'Invalid', policy.blocked.message)
  work.problems.push(...findUnsupportedInPolicy(spec), ...found.problems)
  const subjects = spec.subjects?.map((subject, i) => compileSubject(work, subject, `spec.subjects[${i}]`))
  const classNames = found.classes.map(({ name }) => name)
  const finding = (environment: Environment | undefined): Environment | undefined =>
    environment === undefined ? undefined : withFindings(environment, classNames)
  const { variables, extend } = compileVariables(work, spec, finding(environments.request))
  const request = extend(finding(environments.request))
  const risk = compileRisk(work, spec.risk, request)
  const weighed = (environment: Environment | undefined): Environment | undefined =>
    environment === undefined || risk === undefined ? environment : withRisk(environment)
  const limits = compileLimits(work, spec, { id, environment: request })
  const rules = compileRules(work, spec.rules ?? [], {
    id,
    request: weighed(request),
    response: weighed(extend(finding(environments.response))),
  })
  const masks = compileMasks(work, spec, { id, classes: found.classes, environments })
  const compiled: CompiledPolicy = {
    id,
    invalid: work.problems.length > 0,
    ...(subjects === undefined ? {} : { subjects }),
    variables,
    toVariables: buildVariables(
      variables.map(({ name }) => name),
      work.reads.has('variables'),
    ),
    ...rules,
    ...(risk === undefined ? {} : { risk }),
    limits,
    classes: found.classes,
    masks,
    reads: work.reads,
  }
  return { policy: compiled, problems: work.problems }
}

function compileSubject(work: Work, subject: Subject, path: string): CompiledSubject {
  const place = { path: `${path}.when`, environment: subjectEnvironment, expected: 'bool' } as const
  const when = work.compileIfAny(subject.when, place)
  return when === undefined ? { subject } : { subject, when }
}

interface Variables {
  readonly variables: readonly CompiledVariable[]
  /** Declares the variables in the environment of either phase. */
  readonly extend: (environment: Environment | undefined) => Environment | undefined
}

/** A variable may use those before it, never itself or a later one, and sees the request alone: both phases share its value. */
function compileVariables(work: Work, spec: InferencePolicySpec, environment: Environment | undefined): Variables {
  if (environment === undefined) return { variables: [], extend: (other) => other }
  const variables: CompiledVariable[] = []
  let types: Struct = {}
  for (const [i, { name, expression }] of (spec.variables ?? []).entries()) {
    const scope = withVariables(environment, types)
    const program = work.compile(expression, { path: `spec.variables[${i}].expression`, environment: scope })
    types = { ...types, [name]: program?.type ?? 'dyn' }
    if (program !== undefined) variables.push({ name, program })
  }
  return { variables, extend: (other) => (other === undefined ? undefined : withVariables(other, types)) }
}

function compileRisk(
  work: Work,
  risk: InferencePolicySpec['risk'],
  environment: Environment | undefined,
): CompiledRisk | undefined {
  if (risk === undefined) return undefined
  if (environment === undefined) {
    return work.refuse(
      'spec.risk',
      'NotSupported',
      'risk cannot be weighed for the protocol of a connection it selects',
    )
  }
  const scores = risk.scores.flatMap(({ name, when, weight, reason = name }, i) => {
    const program = work.compile(when, { path: `spec.risk.scores[${i}].when`, environment, expected: 'bool' })
    return program === undefined ? [] : [{ name, when: program, weight, reason }]
  })
  return { scores, ...(risk.denyAbove === undefined ? {} : { denyAbove: risk.denyAbove }) }
}
