// From paths to tests that can be run: every PolicyTest with the objects it is about, planned and judged once for each set of files.
// Whatever is wrong with a test or its objects ends the run before the first case: a test that cannot be run must not look like one
// that passed.
import path from 'node:path'
import { CliError } from '../errors.ts'
import { listFiles, readSource } from '../offline/files.ts'
import type { Finding } from '../offline/finding.ts'
import { byPlace, toFindingText } from '../offline/finding.ts'
import type { LoadDeps, World } from '../offline/load.ts'
import { assertSound, isTest, loadWorld } from '../offline/load.ts'
import type { PlanOptions } from '../offline/plan.ts'
import type { SourceObject } from '../offline/source.ts'
import { isRecord, locate, placeOfProblem } from '../offline/source.ts'
import type { Fixture } from './fixture.ts'
import { readFixture } from './fixture.ts'

export interface LoadedTest {
  readonly file: string
  readonly source: SourceObject
  readonly fixture: Fixture
  readonly world: World
}

/** Throws CliError `fixture_invalid` with a line for each mistake. */
export async function loadTests(
  deps: LoadDeps,
  paths: readonly string[],
  options: PlanOptions,
): Promise<readonly LoadedTest[]> {
  const parsed = await Promise.all((await listFiles(paths)).map(readSource))
  const broken = parsed
    .flatMap((one) => one.broken)
    .map((one): Finding => ({ ...one, severity: 'error', reason: 'BrokenYaml' }))
  const read = parsed.flatMap(({ objects }) => objects.filter(isMeant)).map(readTest)
  const wrong = [...broken, ...read.flatMap(({ findings }) => findings)].toSorted(byPlace)
  if (wrong.length > 0) {
    throw new CliError('fixture_invalid', 'tests cannot be run', { advice: wrong.map(toFindingText) })
  }
  const tests = read.flatMap(({ source, fixture }) => (fixture === undefined ? [] : [{ source, fixture }]))
  if (tests.length === 0) {
    throw new CliError('fixture_invalid', `there is no PolicyTest in ${paths.join(', ')}`, {
      advice: ['cli/TESTS.md tells how one is written'],
    })
  }
  return withWorlds(deps, tests, options)
}

/** A document that only calls itself one is meant to be one. */
function isMeant(source: SourceObject): boolean {
  return isTest(source) || (isRecord(source.value) && source.value['kind'] === 'PolicyTest')
}

interface ReadTest {
  readonly source: SourceObject
  readonly fixture: Fixture | undefined
  readonly findings: readonly Finding[]
}

export function readTest(source: SourceObject): ReadTest {
  const at = { path: '', problems: [] }
  const fixture = readFixture(source.value, at)
  const problems: readonly { readonly path: string; readonly message: string }[] = at.problems
  const findings = problems.map(({ path: where, message }): Finding => ({
    ...placeOfProblem(source, where, message),
    severity: 'error',
    reason: 'Invalid',
    object: 'PolicyTest',
    path: where,
    message,
  }))
  return { source, fixture: findings.length > 0 ? undefined : fixture, findings }
}

type Unplaced = Omit<LoadedTest, 'file' | 'world'>

async function withWorlds(
  deps: LoadDeps,
  tests: readonly Unplaced[],
  options: PlanOptions,
): Promise<readonly LoadedTest[]> {
  const worlds = new Map<string, Promise<World>>()
  const loaded: LoadedTest[] = []
  for (const test of tests) {
    const { file } = test.source.source
    const paths = test.fixture.objects.map((one) => path.join(path.dirname(file), one)).toSorted()
    const key = paths.join('\n')
    const loading = worlds.get(key) ?? loadWorld(deps, paths, options)
    worlds.set(key, loading)
    const world = await loading
    assertSound(world)
    assertConnections(test, world)
    loaded.push({ ...test, file, world })
  }
  return loaded
}

function assertConnections({ source, fixture }: Unplaced, { snapshot }: World): void {
  const findings = fixture.cases.flatMap(({ connection }, i): readonly Finding[] => {
    if (connection === undefined || snapshot.connections.has(connection)) return []
    const where = `cases[${i}].connection`
    const message = 'no ModelConnection of this name is in the objects of this test'
    return [
      {
        ...placeOfProblem(source, where, message),
        severity: 'error',
        reason: 'NotFound',
        object: 'PolicyTest',
        path: where,
        message,
      },
    ]
  })
  if (findings.length === 0) return
  throw new CliError('fixture_invalid', 'tests cannot be run', { advice: findings.map(toFindingText) })
}

/** Where a case stands in its file. */
export function lineOf({ source }: Pick<LoadedTest, 'source'>, index: number): number {
  return locate(source, `cases[${index}].name`).place.line
}
