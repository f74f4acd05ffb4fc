// What the operator would write into the status of each object, at the place in the file where it stands.
import type { Node } from 'yaml'
import { isScalar } from 'yaml'
import type { Problem } from '../../policy/problem.ts'
import { placeInText } from './expression-place.ts'
import type { Finding } from './finding.ts'
import type { Declared, Objects } from './objects.ts'
import type { OfflinePlan } from './plan.ts'
import type { Place, SourceObject } from './source.ts'
import { locate, parseSource } from './source.ts'

export function findProblems(objects: Objects, planned: OfflinePlan): readonly Finding[] {
  return [
    ...findInSettings(objects, planned),
    ...findInConnections(objects, planned),
    ...findInPolicies(objects, planned),
  ]
}

function findInConnections({ connections }: Objects, { plan }: OfflinePlan): readonly Finding[] {
  return connections.flatMap((declared) => {
    const id = toId(declared)
    const problems = plan.connections.get(id)?.verdict.problems ?? []
    return problems.map((problem) => toFinding(declared.source, `ModelConnection ${id}`, problem))
  })
}

function findInPolicies({ policies }: Objects, { verdicts }: OfflinePlan): readonly Finding[] {
  return policies.flatMap((declared) => {
    const id = toId(declared)
    const problems = verdicts.get(id)?.problems ?? []
    return problems.map((problem) => toFinding(declared.source, `InferencePolicy ${id}`, problem))
  })
}

export function toId({ object }: Declared<{ readonly metadata: { namespace?: string; name: string } }>): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`
}

function toFinding(source: SourceObject, object: string, problem: Problem): Finding {
  const { path, reason, message, line, column } = problem
  const { place, node, exact } = locate(source, path)
  const base = { severity: 'error', reason, object, path, message } as const
  if (line === undefined || !exact) return { ...place, ...base }
  const position = { line, column: column ?? 1 }
  const inside = placeInText(source.source, node, position)
  return inside === undefined ? { ...place, ...base, expression: position } : { ...inside, ...base }
}

const settingsPath = 'data.settings.yaml'

/** The settings are a document inside a text of a document. */
function findInSettings({ settings }: Objects, { settingsProblems }: OfflinePlan): readonly Finding[] {
  if (settings === undefined || settingsProblems.length === 0) return []
  const { source, object } = settings
  const { node, place } = locate(source, settingsPath)
  const [inner] = isScalar(node) ? parseSource(place.file, String(node.value)).objects : []
  return settingsProblems.map((problem) => {
    const { path, reason, message, line, column } = problem
    const position = line === undefined ? toInner(inner, path) : { line, column: column ?? 1 }
    return {
      ...toOuter(source, node, position ?? { line: 1, column: 1 }),
      severity: 'error',
      reason,
      object: `ConfigMap ${object.metadata.namespace ?? ''}/${object.metadata.name}`,
      path,
      message,
    }
  })
}

type Position = Pick<Place, 'line' | 'column'>

function toInner(inner: SourceObject | undefined, path: string): Position | undefined {
  return inner === undefined ? undefined : locate(inner, path).place
}

function toOuter(source: SourceObject, node: Node | undefined, position: Position): Place {
  return placeInText(source.source, node, position) ?? locate(source, settingsPath).place
}
