// Everything that is told about one explained call: the same for people and, as JSON, for programs; there, fields are added and never
// changed.
import type { PolicyTrace, VariableTrace } from '../../policy/explain.ts'
import type { JudgedCall } from '../offline/judge-call.ts'
import { methodOf } from '../offline/messages.ts'
import type { World } from '../offline/load.ts'
import { toId } from '../offline/problems.ts'
import type { ToExplain } from './load.ts'
import { toPlainValue } from './value.ts'

export interface Report extends Pick<JudgedCall, 'outcome' | 'connection' | 'answers'> {
  readonly who: string
  /** As it was asked for. */
  readonly request: { readonly method: string; readonly path: string }
  /** Empty where the call was refused before policies were asked. */
  readonly policies: readonly PolicyTrace[]
  /** Policies of the files that have no say in it. */
  readonly notAsked: readonly { readonly policy: string; readonly because: 'Disabled' | 'SelectsOthers' }[]
}

export function toReport({ world, call, who }: ToExplain, judged: JudgedCall, values: boolean): Report {
  const { outcome, connection, explanation, answers } = judged
  const { path } = call.request
  const toShown = values ? withPlainValue : withoutValue
  return {
    who,
    request: { method: methodOf(call.request), path },
    outcome,
    ...(connection === undefined ? {} : { connection }),
    policies: (explanation?.policies ?? []).map((one) => ({ ...one, variables: one.variables.map(toShown) })),
    ...(answers === undefined ? {} : { answers }),
    notAsked: connection === undefined ? [] : findOthers(world, connection),
  }
}

/** Values may hold parts of a prompt, so they are shown to those alone who ask for them. */
function withoutValue(variable: VariableTrace): VariableTrace {
  return 'failure' in variable ? variable : { name: variable.name, value: undefined }
}

function withPlainValue(variable: VariableTrace): VariableTrace {
  return 'failure' in variable ? variable : { name: variable.name, value: toPlainValue(variable.value) }
}

function findOthers({ objects, plan }: World, connection: string): Report['notAsked'] {
  const others = objects.policies.flatMap((declared): Report['notAsked'] => {
    const policy = toId(declared)
    const selects = plan.policies.get(policy)?.targets.includes(connection) === true
    if (!selects) return [{ policy, because: 'SelectsOthers' }]
    return declared.object.spec.mode === 'Disabled' ? [{ policy, because: 'Disabled' }] : []
  })
  return others.toSorted((a, b) => (a.policy < b.policy ? -1 : 1))
}
