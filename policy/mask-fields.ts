// What masks and data classes name of a connection: the fields that it declares. Checked for each connection, because a name that nobody
// declares there would be a mask that never acts.
import type { InferencePolicySpec } from '../crds/generated/inference-policy.ts'
import type { ModelConnectionSpec } from '../crds/generated/model-connection.ts'
import { isPointer } from './compile-classes.ts'
import type { ContentField } from './content.ts'
import type { Problem } from './problem.ts'

interface Named {
  readonly path: string
  readonly field: string
  /** Absent: in either. */
  readonly phase?: ContentField['phase']
}

export function findFieldProblems(spec: InferencePolicySpec, connection: ModelConnectionSpec): readonly Problem[] {
  if (spec.dataClasses === undefined && spec.masking === undefined) return nothing
  const declared = toDeclaredFields(connection)
  return listNames(spec).flatMap((named) => findNameProblem(named, declared, connection.protocol))
}

const nothing: readonly Problem[] = []

/** Only declarations that are read: those of protocol HTTP. */
export function toDeclaredFields({ protocol, content }: ModelConnectionSpec): readonly ContentField[] {
  return protocol === 'HTTP' && content?.mode === 'Declared' ? (content.fields ?? []) : []
}

function listNames({ dataClasses = [], masking = {} }: InferencePolicySpec): readonly Named[] {
  const { request = [], response = [] } = masking
  const all: readonly Named[] = [
    ...dataClasses.flatMap(({ fields = [] }, i) =>
      fields.map((field, j) => ({ path: `spec.dataClasses[${i}].fields[${j}]`, field })),
    ),
    ...request.map(({ field = '' }, i) => ({
      path: `spec.masking.request[${i}].field`,
      field,
      phase: 'Request' as const,
    })),
    ...response.map(({ field = '' }, i) => ({
      path: `spec.masking.response[${i}].field`,
      field,
      phase: 'Response' as const,
    })),
  ]
  return all.filter(({ field }) => field !== '' && !isPointer(field))
}

function findNameProblem(
  { path, field, phase }: Named,
  declared: readonly ContentField[],
  protocol: string,
): readonly Problem[] {
  const found = declared.find(({ name }) => name === field)
  if (found === undefined) {
    const message =
      declared.length === 0
        ? `a connection of protocol ${protocol} that it selects declares no fields; write a JSON pointer, such as /metadata/patient`
        : `a connection it selects declares no field of this name; it has ${declared.map(({ name }) => name).join(', ')}`
    return [{ path, reason: 'NotFound', message }]
  }
  if (found.kind !== 'Text') {
    return [{ path, reason: 'NotSupported', message: 'this field is a binary, and only text can be masked' }]
  }
  if (phase === undefined || phase === found.phase) return []
  const side = found.phase === 'Request' ? 'requests' : 'answers'
  return [
    {
      path,
      reason: 'Invalid',
      message: `this field stands in ${side}; move the mask to masking.${found.phase.toLowerCase()}`,
    },
  ]
}
