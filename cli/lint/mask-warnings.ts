// Data that looks protected and is not: a class that no mask and no rule speaks of, and a field that is said to belong to a class which
// no policy of its connection has.
import type { InferencePolicySpec } from '../../crds/generated/inference-policy.ts'
import type { Finding } from '../offline/finding.ts'
import type { World } from '../offline/load.ts'
import { toId } from '../offline/problems.ts'
import { warn } from './warn.ts'

type Policy = World['objects']['policies'][number]
type Connection = World['objects']['connections'][number]

export function warnOfClasses(declared: Policy): readonly Finding[] {
  const { spec } = declared.object
  const object = `InferencePolicy ${toId(declared)}`
  return (spec.dataClasses ?? []).flatMap(({ name }, i) => {
    if (isUsed(spec, name)) return []
    return [
      warn(declared.source, object, `spec.dataClasses[${i}].name`, {
        reason: 'ClassNotUsed',
        message: `no mask and no expression of this policy speaks of class ${name}, so nothing comes of it`,
        hint: 'name it in masking, or ask for it in a rule with findings; classes are for their own policy alone',
      }),
    ]
  })
}

/** Certain without looking into CEL: any expression that has the word may mean any class. */
function isUsed(spec: InferencePolicySpec, name: string): boolean {
  const { request = [], response = [] } = spec.masking ?? {}
  if ([...request, ...response].some((mask) => mask.class === name)) return true
  const { rules, variables, risk, limits } = spec
  return JSON.stringify([rules, variables, risk, limits]).includes('findings')
}

export function warnOfClassifications(
  { plan, objects }: Pick<World, 'plan' | 'objects'>,
  declared: Connection,
): readonly Finding[] {
  const id = toId(declared)
  const classes = new Set(
    objects.policies
      .filter((policy) => plan.policies.get(toId(policy))?.targets.includes(id) === true)
      .flatMap(({ object }) => object.spec.dataClasses ?? [])
      .map(({ name }) => name),
  )
  return (declared.object.spec.content?.fields ?? []).flatMap(({ classification }, i) => {
    if (classification === undefined || classes.has(classification)) return []
    return [
      warn(declared.source, `ModelConnection ${id}`, `spec.content.fields[${i}].classification`, {
        reason: 'ClassNotFound',
        message: `no policy of these files that selects it has a class ${classification}, so nothing comes of it`,
        hint: 'add the class to dataClasses of a policy that masks it, or lint this together with the file that does',
      }),
    ]
  })
}
