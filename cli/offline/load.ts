// The one way in for everything that works without a cluster: paths to files, objects, a plan, and what is wrong with them. Lint
// shows the findings; tests and explanations refuse to start while one of them is an error.
import { CliError } from '../errors.ts'
import { listFiles, readSource } from './files.ts'
import type { Finding } from './finding.ts'
import { byPlace, isError, toFindingText } from './finding.ts'
import type { Kinds, Objects } from './objects.ts'
import { testApiVersion, testKind, toObjects } from './objects.ts'
import type { OfflinePlan, PlanOptions } from './plan.ts'
import { planOffline } from './plan.ts'
import { findProblems } from './problems.ts'
import type { ParsedSource, SourceObject } from './source.ts'
import { isRecord } from './source.ts'

export interface World extends OfflinePlan {
  readonly files: readonly string[]
  readonly objects: Objects
  /** Documents of kind PolicyTest. */
  readonly tests: readonly SourceObject[]
  /** Everything wrong with files, objects, settings and expressions, by place. Warnings are lint's own (lint/warnings.ts). */
  readonly findings: readonly Finding[]
}

export interface LoadDeps {
  readonly kinds: Kinds
}

/** Throws CliError for paths that lead nowhere, or to nothing of ours. */
export async function loadWorld(deps: LoadDeps, paths: readonly string[], options: PlanOptions): Promise<World> {
  const files = await listFiles(paths)
  const world = await toWorld(deps, await Promise.all(files.map(readSource)), options)
  if (isEmpty(world)) {
    throw new CliError('folder_invalid', `there is no connection, policy or platform settings in ${paths.join(', ')}`, {
      advice: ['a check of nothing would always succeed; name the files or folders that hold them'],
    })
  }
  return { ...world, files }
}

function isEmpty({ objects, tests, findings }: Omit<World, 'files'>): boolean {
  const { connections, policies, settings } = objects
  return connections.length + policies.length + tests.length + findings.length === 0 && settings === undefined
}

export async function toWorld(
  { kinds }: LoadDeps,
  parsed: readonly ParsedSource[],
  options: PlanOptions,
): Promise<Omit<World, 'files'>> {
  const all = parsed.flatMap(({ objects }) => objects)
  const broken = parsed
    .flatMap((one) => one.broken)
    .map((one): Finding => ({ ...one, severity: 'error', reason: 'BrokenYaml' }))
  const others = all.filter((one) => !isTest(one))
  const objects = toObjects(kinds, others, options.platformNamespace)
  const planned = await planOffline(objects, options)
  const findings = [...broken, ...objects.findings, ...findProblems(objects, planned)].toSorted(byPlace)
  return { ...planned, objects, tests: all.filter(isTest), findings }
}

export function isTest({ value }: SourceObject): boolean {
  return isRecord(value) && value['apiVersion'] === testApiVersion && value['kind'] === testKind
}

const maxShown = 20

/** A test of objects that a cluster would not enforce as they are written would show nothing. */
export function assertSound({ findings }: Pick<World, 'findings'>): void {
  const errors = findings.filter(isError)
  if (errors.length === 0) return
  const more = errors.length - maxShown
  throw new CliError(
    'folder_invalid',
    'the objects have mistakes; nothing can be said about calls until they are repaired',
    {
      advice: [
        ...errors.slice(0, maxShown).map(toFindingText),
        ...(more > 0 ? [`and ${more} more; portcullis lint shows all of them`] : []),
      ],
    },
  )
}
