// The call that is to be explained: a case of a test, or a file of its own with who calls told apart.
import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { Read } from '../../policy/settings-reader.ts'
import { objectOf, optional } from '../../policy/settings-reader.ts'
import type { ExplainCommand } from '../arguments.ts'
import { CliError } from '../errors.ts'
import type { CallSpec, IdentitySpec } from '../offline/call.ts'
import { instant, objectName, readAnswer, readIdentities, readIdentity, readRequest } from '../offline/call.ts'
import { readSource } from '../offline/files.ts'
import type { Finding } from '../offline/finding.ts'
import { toFindingText } from '../offline/finding.ts'
import type { OfflineCall } from '../offline/judge-call.ts'
import type { LoadDeps, World } from '../offline/load.ts'
import { assertSound, loadWorld } from '../offline/load.ts'
import type { PlanOptions } from '../offline/plan.ts'
import type { SourceObject } from '../offline/source.ts'
import { placeOfProblem } from '../offline/source.ts'
import type { LoadedTest } from '../policy-test/load.ts'
import { loadTests } from '../policy-test/load.ts'
import { toCall } from '../policy-test/run.ts'

export interface ToExplain {
  readonly world: World
  readonly call: OfflineCall
  /** How the caller is named. */
  readonly who: string
}

/** Throws CliError for what cannot be read as a call. */
export async function loadCall(deps: LoadDeps, command: ExplainCommand, options: PlanOptions): Promise<ToExplain> {
  const { call, paths } = command
  if ('case' in call) return findCase(await loadTests(deps, paths, options), call.case)
  const world = await loadWorld(deps, paths, options)
  assertSound(world)
  const { identities, ...file } = await readFileAs(call.request, readCallFile)
  const as = Object.hasOwn(identities, call.as) ? identities[call.as] : undefined
  const spec = as ?? (await readIdentityFile(call.as))
  if (file.connection !== undefined && !world.snapshot.connections.has(file.connection)) {
    throw new CliError('fixture_invalid', `there is no ModelConnection ${file.connection} in ${paths.join(', ')}`, {
      advice: ['connection is namespace/name; leave it out to find it by the path of the request'],
    })
  }
  return { world, call: toCall({ identities }, { ...file, as: spec }), who: spec.username ?? call.as }
}

function findCase(tests: readonly LoadedTest[], wanted: string): ToExplain {
  const all = tests.flatMap((test) => test.fixture.cases.map((one) => ({ test, one })))
  const exact = all.filter(({ one }) => one.name === wanted)
  const found = exact.length > 0 ? exact : all.filter(({ one }) => one.name.includes(wanted))
  const [first] = found
  if (first === undefined || found.length > 1) {
    const what = first === undefined ? 'no case has that in its name' : `${found.length} cases have that in their names`
    const names = (first === undefined ? all : found).slice(0, 20).map(({ one }) => one.name)
    throw new CliError('fixture_invalid', what, { advice: names })
  }
  const { test, one } = first
  const call = toCall(test.fixture, one)
  return { world: test.world, call, who: call.identity.username }
}

interface CallFile extends CallSpec {
  readonly identities: Readonly<Record<string, IdentitySpec>>
}

const callFile = objectOf<CallSpec & { readonly identities?: CallFile['identities'] }>({
  connection: optional(objectName),
  identities: optional(readIdentities),
  request: readRequest,
  answer: optional(readAnswer),
  now: optional(instant),
})

const readCallFile: Read<CallFile> = (value, at) => {
  const read = callFile(value, at)
  return read === undefined ? undefined : { identities: {}, ...read }
}

async function readIdentityFile(file: string): Promise<IdentitySpec> {
  const found = await stat(file).catch(() => undefined)
  if (found?.isFile() === true) return readFileAs(file, readIdentity)
  throw new CliError('fixture_invalid', '--as is neither a file nor a name of identities in the file of --request', {
    advice: ['write identities: { alice: { username: alice, groups: [research] } } there, and ask --as alice'],
  })
}

async function readFileAs<T>(file: string, read: Read<T>): Promise<T> {
  const { objects, broken } = await readSource(path.normalize(file))
  const [source, second] = objects
  const problems = broken.map((one): Finding => ({ ...one, severity: 'error', reason: 'BrokenYaml' }))
  const result = source === undefined ? undefined : readObject(source, read, problems)
  if (result !== undefined && second === undefined && problems.length === 0) return result
  const advice = problems.length > 0 ? problems.map(toFindingText) : ['one YAML document is expected']
  throw new CliError('fixture_invalid', `${file} cannot be used`, { advice })
}

function readObject<T>(source: SourceObject, read: Read<T>, findings: Finding[]): T | undefined {
  const at = { path: '', problems: [] }
  const result = read(source.value, at)
  const problems: readonly { readonly path: string; readonly message: string }[] = at.problems
  for (const { path: where, message } of problems) {
    findings.push({
      ...placeOfProblem(source, where, message),
      severity: 'error',
      reason: 'Invalid',
      path: where,
      message,
    })
  }
  return result
}
