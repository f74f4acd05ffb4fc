// One InferencePolicy: its entry in the bundle, and, once the bundle is compiled, the verdict for its status. Pure. A policy that
// does not compile, or whose dictionaries are missing, stays in the bundle, where it denies what it covers.
import type { Problem } from '../../policy/problem.ts'
import type { BundleConnection, BundlePolicy } from '../../policy/bundle.ts'
import { selectsConnection } from '../../policy/select.ts'
import type { InferencePolicy } from '../objects.ts'
import { toId, toObjectRef } from '../objects.ts'
import type { Finding, Verdict } from '../verdict.ts'
import { toMessage, toProblemsText } from '../verdict.ts'
import type { DictionaryRules } from './dictionaries.ts'
import { resolveDictionaries } from './dictionaries.ts'
import { listDictionaries } from './references.ts'

export interface PlannedPolicy {
  readonly id: string
  readonly policy: InferencePolicy
  /** Absent: nothing a gateway could judge by. */
  readonly entry?: BundlePolicy
  /** `namespace/name` of the connections it selects. */
  readonly targets: readonly string[]
  /** The dictionary that it has to do without. */
  readonly unresolved?: Finding
}

export interface PolicyRules extends DictionaryRules {
  /** Of the platform: policies there are the baseline. */
  readonly namespace: string
}

export function planPolicy(
  policy: InferencePolicy,
  rules: PolicyRules,
  connectionsOf: (namespace: string | undefined) => readonly BundleConnection[],
): PlannedPolicy {
  const baseline = policy.metadata.namespace === rules.namespace
  const id = toId(policy)
  if (policy.spec.targetNamespaces !== undefined && !baseline) return { id, policy, targets: [] }
  const { entry: resolved, unresolved } = resolveDictionaries(policy, rules)
  const entry: BundlePolicy = { ref: toObjectRef(policy), baseline, spec: policy.spec, ...resolved }
  const candidates = connectionsOf(policy.spec.targetNamespaces === undefined ? policy.metadata.namespace : undefined)
  const targets = candidates
    .filter((connection) => selectsConnection(entry, connection))
    .map(({ ref }) => `${ref.namespace}/${ref.name}`)
  return { id, policy, entry, targets: targets.toSorted(), ...(unresolved === undefined ? {} : { unresolved }) }
}

/** `compiled`: what compilation found, for the environments of its targets or, without targets, for OpenAI. */
export function judgePolicy(planned: PlannedPolicy, platformNamespace: string, compiled: readonly Problem[]): Verdict {
  const { policy, entry } = planned
  const problems =
    entry === undefined ? [toForeignTarget(policy, platformNamespace)] : withoutUnresolved(compiled, entry)
  return { accepted: toAccepted(policy, problems), resolvedRefs: toResolvedRefs(planned), problems }
}

/** That a dictionary is missing is no mistake in the spec, and ResolvedRefs says it better. */
function withoutUnresolved(problems: readonly Problem[], { blocked, ref, spec }: BundlePolicy): readonly Problem[] {
  if (blocked === undefined) return problems
  const paths = new Set(listDictionaries(ref.namespace, spec).map(({ path }) => path))
  return problems.filter(({ path, message }) => !paths.has(path) && !(path === 'spec' && message === blocked.message))
}

function toForeignTarget({ metadata }: InferencePolicy, platformNamespace: string): Problem {
  return {
    path: 'spec.targetNamespaces',
    reason: 'NotGranted',
    message:
      `only policies in namespace ${platformNamespace} may select connections of other namespaces; use targetRefs or ` +
      `targetSelector, which select in ${metadata.namespace ?? 'the own namespace'}`,
  }
}

function toAccepted({ spec }: InferencePolicy, problems: readonly Problem[]): Finding {
  if (problems.length === 0) {
    const message =
      spec.mode === 'Disabled'
        ? 'The spec is valid. Mode is Disabled, so no call is judged by it.'
        : 'The spec is valid, compiles and is supported.'
    return { status: 'True', reason: 'Accepted', message }
  }
  return {
    status: 'False',
    reason: toReason(problems),
    message: toMessage(`${toProblemsText(problems)}. ${toEffect(spec.mode, problems)}`),
  }
}

function toEffect(mode: InferencePolicy['spec']['mode'], problems: readonly Problem[]): string {
  if (isForeign(problems)) return 'It has no effect.'
  if (mode !== 'Enforce') return `Mode is ${mode}, so it refuses nothing.`
  return 'Until this is repaired, all calls to the connections it selects are refused.'
}

function isForeign(problems: readonly Problem[]): boolean {
  return problems.some(({ reason }) => reason === 'NotGranted')
}

function toReason(problems: readonly Problem[]): string {
  if (isForeign(problems)) return 'BaselineNotPermitted'
  if (problems.some(({ reason }) => reason === 'InvalidExpression')) return 'InvalidExpression'
  return problems.every(({ reason }) => reason === 'NotSupported') ? 'NotSupported' : 'Invalid'
}

function toResolvedRefs({ policy, targets, entry, unresolved }: PlannedPolicy): Finding {
  if (unresolved !== undefined) return { ...unresolved, message: toMessage(unresolved.message) }
  const namespace = policy.metadata.namespace ?? ''
  const missing = (policy.spec.targetRefs ?? []).filter(({ name }) => !targets.includes(`${namespace}/${name}`))
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(', ')
    const message = `spec.targetRefs: namespace ${namespace} has no ModelConnection ${names}; create it, or correct the name`
    return { status: 'False', reason: 'TargetNotFound', message }
  }
  const count = targets.length
  const what =
    count === 0
      ? 'No connection is selected at present'
      : `${count} connection${count === 1 ? ' is' : 's are'} selected`
  const message = entry === undefined ? 'Nothing is selected.' : `${what}.`
  return { status: 'True', reason: 'ResolvedRefs', message }
}
