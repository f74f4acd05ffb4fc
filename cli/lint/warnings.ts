// What is valid and yet hardly meant. Only what is certain from the files alone: a warning that is wrong now and then is one that
// nobody reads.
import type { InferencePolicySpec } from '../../crds/generated/inference-policy.ts'
import type { Finding } from '../offline/finding.ts'
import type { World } from '../offline/load.ts'
import type { Declared } from '../offline/objects.ts'
import { toId } from '../offline/problems.ts'
import { warnOfClasses, warnOfClassifications } from './mask-warnings.ts'
import type { Told } from './warn.ts'
import { warn } from './warn.ts'

type Rule = NonNullable<InferencePolicySpec['rules']>[number]
type Judged = Omit<World, 'files'>

export function findWarnings(world: Judged): readonly Finding[] {
  const { policies, connections, settings } = world.objects
  return [
    ...connections.flatMap((declared) => [
      ...warnOfConnection(world, declared),
      ...warnOfClassifications(world, declared),
    ]),
    ...policies.flatMap((declared) => [
      ...warnOfTargets(world, declared),
      ...warnOfRules(declared),
      ...warnOfClasses(declared),
    ]),
    ...(settings === undefined ? [] : warnOfSettings(world, settings)),
  ]
}

function warnOfConnection(world: Judged, declared: World['objects']['connections'][number]): readonly Finding[] {
  const id = toId(declared)
  const object = `ModelConnection ${id}`
  const selecting = [...world.plan.policies.values()].filter(
    ({ policy, targets }) => policy.spec.mode === 'Enforce' && targets.includes(id),
  )
  const isOpen = selecting.some(({ policy }) => (policy.spec.rules ?? []).some(isAllow))
  if (isOpen) return []
  const told: Told =
    selecting.length === 0
      ? {
          reason: 'NotSelected',
          message: 'no enforced policy in these files selects it, so every call to it is refused',
          hint: 'name it in targetRefs of a policy of its namespace, or lint it together with the files that do',
        }
      : {
          reason: 'NothingAllowed',
          message: 'no policy that selects it has a rule with action: Allow, so every call to it is refused',
          hint: 'what no rule allows is refused; add a rule with phase: Request and action: Allow',
        }
  return [warn(declared.source, object, 'metadata.name', told)]
}

function warnOfTargets(world: Judged, declared: World['objects']['policies'][number]): readonly Finding[] {
  const { spec, metadata } = declared.object
  const planned = world.plan.policies.get(toId(declared))
  if (planned?.entry === undefined || spec.mode === 'Disabled') return []
  const object = `InferencePolicy ${toId(declared)}`
  const { targets } = planned
  const { namespace = '' } = metadata
  const missing = (spec.targetRefs ?? []).flatMap(({ name }, i) =>
    targets.includes(`${namespace}/${name}`)
      ? []
      : [
          warn(declared.source, object, `spec.targetRefs[${i}].name`, {
            reason: 'TargetNotFound',
            message: `no file has a ModelConnection of this name in namespace ${namespace}`,
            hint: 'correct the name, or lint this policy together with the file that holds the connection',
          }),
        ],
  )
  if (missing.length > 0 || targets.length > 0) return missing
  return [
    warn(declared.source, object, spec.targetSelector === undefined ? 'spec.targetNamespaces' : 'spec.targetSelector', {
      reason: 'SelectsNothing',
      message: 'it selects no connection of these files, so it does nothing',
      hint: 'compare the labels and namespaces, or lint this policy together with the connections it is for',
    }),
  ]
}

function warnOfRules(declared: World['objects']['policies'][number]): readonly Finding[] {
  const { mode, rules = [] } = declared.object.spec
  const object = `InferencePolicy ${toId(declared)}`
  const denials = rules.filter(({ phase, action }) => phase === 'Request' && action === 'Deny')
  return rules.flatMap((rule, i) => {
    const path = `spec.rules[${i}]`
    if (rule.when?.trim() === 'false') {
      const told: Told = { reason: 'NeverMatches', message: `rule ${rule.name} never matches: its condition is false` }
      return [warn(declared.source, object, `${path}.when`, told)]
    }
    const stronger = mode === 'Enforce' && isAllow(rule) ? denials.find((denial) => covers(denial, rule)) : undefined
    if (stronger === undefined) return []
    const told: Told = {
      reason: 'NeverCounts',
      message: `rule ${rule.name} allows nobody: whenever it matches, rule ${stronger.name} of the same policy denies`,
      hint: 'any Deny wins, whatever the order; narrow the condition of the one that denies',
    }
    return [warn(declared.source, object, `${path}.name`, told)]
  })
}

function warnOfSettings(
  world: Judged,
  settings: Declared<{ readonly metadata: { namespace?: string; name: string } }>,
) {
  if (world.settingsProblems.length > 0 || world.settings.issuers.length > 0) return []
  return [
    warn(settings.source, `ConfigMap ${toId(settings)}`, 'data.settings.yaml', {
      reason: 'NobodyKnown',
      message: 'the platform settings name no issuer, so no caller can be identified and every call is refused',
      hint: 'add the company’s identity provider to issuers',
    }),
  ]
}

function isAllow({ phase, action }: Rule): boolean {
  return phase === 'Request' && action === 'Allow'
}

/** Certain without looking into CEL: no condition at all, or word for word the same one. */
function covers(denial: Rule, rule: Rule): boolean {
  const condition = denial.when?.trim() ?? 'true'
  return condition === 'true' || condition === rule.when?.trim()
}
