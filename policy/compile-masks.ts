// The masks of a policy, compiled to what a call demands: what is looked for, and what stands in place of it. The schema refuses
// contradictions too; a bundle may come from elsewhere.
import type { InferencePolicySpec } from '../crds/generated/inference-policy.ts'
import { findFieldProblem } from './compile-classes.ts'
import type { Work } from './compile-work.ts'
import type { Environment, Environments } from './environment.ts'
import { readsContent } from './environment.ts'
import { noMasks } from './judgement.ts'
import type { CompiledClass, MaskDemand, MaskDemands } from './masking/demand.ts'

type Masking = NonNullable<InferencePolicySpec['masking']>
type RequestMask = NonNullable<Masking['request']>[number]
type ResponseMask = NonNullable<Masking['response']>[number]
/** Only pseudonyms of a request can come back. */
type Mask = ResponseMask & Partial<Pick<RequestMask, 'restore'>>

export interface MaskScope {
  /** Of the policy. */
  readonly id: string
  readonly classes: readonly CompiledClass[]
  readonly environments: Environments
}

export function compileMasks(work: Work, spec: InferencePolicySpec, scope: MaskScope): MaskDemands {
  const { request, response } = spec.masking ?? {}
  if (request === undefined && response === undefined) return noMasks
  const acts = spec.mode === 'Enforce'
  const { environments } = scope
  return {
    request: compilePhase(work, request, { ...scope, acts, phase: 'request', environment: environments.request }),
    response: compilePhase(work, response, { ...scope, acts, phase: 'response', environment: environments.response }),
  }
}

interface PhaseScope extends MaskScope {
  readonly acts: boolean
  readonly phase: 'request' | 'response'
  readonly environment: Environment | undefined
}

function compilePhase(work: Work, masks: readonly Mask[] | undefined, scope: PhaseScope): readonly MaskDemand[] {
  if (masks === undefined || masks.length === 0) return noMasks[scope.phase]
  const path = `spec.masking.${scope.phase}`
  const { environment } = scope
  if (environment === undefined || !readsContent(environment)) {
    const what = scope.phase === 'request' ? 'requests to' : 'answers of'
    work.refuse(path, 'NotSupported', `${what} a connection it selects are not read, so nothing in them can be masked`)
    return noMasks[scope.phase]
  }
  return masks.flatMap((mask, i) => compileMask(work, mask, { ...scope, path: `${path}[${i}]` }) ?? [])
}

interface MaskPlace extends PhaseScope {
  readonly path: string
}

function compileMask(work: Work, mask: Mask, scope: MaskPlace): MaskDemand | undefined {
  for (const [field, message] of findContradictions(mask)) work.refuse(`${scope.path}${field}`, 'Invalid', message)
  const target = findTarget(work, mask, scope)
  if (target === undefined) return undefined
  const { name, action, label, keepLast = 4, restore } = mask
  return {
    ...target,
    policy: scope.id,
    name,
    action,
    label: label ?? target.class ?? 'REDACTED',
    keepLast,
    restores: restore === 'Response',
    acts: scope.acts,
  }
}

type Target = Pick<MaskDemand, 'class' | 'detectors' | 'fields'>

function findTarget(work: Work, { class: wanted, field }: Mask, { path, classes }: MaskPlace): Target | undefined {
  if ((wanted === undefined) === (field === undefined)) {
    return work.refuse(
      path,
      'Invalid',
      'set exactly one of class (whatever belongs to a data class) and field (one place)',
    )
  }
  if (field !== undefined) {
    const problem = findFieldProblem(field)
    if (problem !== undefined) return work.refuse(`${path}.field`, 'Invalid', problem)
    return { class: undefined, detectors: [], fields: [field] }
  }
  const found = classes.find(({ name }) => name === wanted)
  if (found !== undefined) return { class: found.name, detectors: found.detectors, fields: found.fields }
  const names = classes.map(({ name }) => name)
  const declared = names.length === 0 ? 'which declares none yet' : `which has ${names.join(', ')}`
  return work.refuse(`${path}.class`, 'NotFound', `no such class; add it to dataClasses of this policy, ${declared}`)
}

function findContradictions(mask: Mask): readonly (readonly [field: string, message: string])[] {
  const { action, restore, keepLast, label } = mask
  const all: readonly (readonly [boolean, string, string])[] = [
    [restore !== undefined && action !== 'Pseudonymize', '.restore', 'only for action: Pseudonymize'],
    [keepLast !== undefined && action !== 'Partial', '.keepLast', 'only for action: Partial'],
    [keepLast !== undefined && !isKept(keepLast), '.keepLast', 'must be from 0 to 8'],
    [label !== undefined && (action === 'Deny' || action === 'Partial'), '.label', `action ${action} writes no label`],
    [label === undefined && action === 'Replace', '.label', 'action: Replace needs label, the text to put in place'],
  ]
  return all.flatMap(([isWrong, field, message]) => (isWrong ? [[field, message] as const] : []))
}

function isKept(characters: number): boolean {
  return Number.isInteger(characters) && characters >= 0 && characters <= 8
}
