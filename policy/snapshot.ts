// A bundle ready to judge with: routes to compiled connections, each with exactly the policies that select it. Immutable; a
// gateway swaps one whole snapshot for the next. Compilation is a generator that yields often, so that its driver can let
// calls through in between, and reuses whatever did not change since the snapshot before.
import type { ModelConnectionSpec } from '../crds/generated/model-connection.ts'
import type { Blocked, Bundle, BundleConnection, BundleCredential, BundleEndpoint, BundlePolicy } from './bundle.ts'
import type { CompilationCaches, Fingerprinted } from './compilations.ts'
import { Compilations, toFingerprinted } from './compilations.ts'
import type { CompiledPolicy, PolicyCompilation } from './compiled.ts'
import type { Compile } from './expression.ts'
import { findFieldProblems, toDeclaredFields } from './mask-fields.ts'
import { MaskSets } from './mask-sets.ts'
import type { ConnectionFacts } from './model.ts'
import type { Problem } from './problem.ts'
import type { Routed, RouteTable } from './route.ts'
import { buildRouteTable } from './route.ts'
import { selectsConnection } from './select.ts'
import type { Settings } from './settings.ts'

export interface CompiledConnection extends Routed {
  /** `namespace/name`. */
  readonly id: string
  readonly declared: BundleConnection
  readonly facts: ConnectionFacts
  readonly opaque: boolean
  readonly paused: boolean
  readonly blocked?: Blocked
  readonly endpoints: readonly BundleEndpoint[]
  readonly credential?: BundleCredential
  /** By public name: the name that the model server knows. Empty: any model may be named. */
  readonly models: ReadonlyMap<string, string>
  /** By public name, of those that declare one: the version to ask the model server for. */
  readonly versions: ReadonlyMap<string, string>
  /** By public name, of those that declare one: the tokenizer that counts their input, one of `tokenizers` in unsupported.ts. */
  readonly tokenizers: ReadonlyMap<string, string>
  /** Of mode Enforce, by id. */
  readonly policies: readonly CompiledPolicy[]
  /** Of mode Audit, by id: evaluated like the others, never acted on. */
  readonly audits: readonly CompiledPolicy[]
  /** By data class: names of declared fields whose whole content belongs to it, whatever it looks like. */
  readonly classified: ReadonlyMap<string, readonly string[]>
  /** What its policies ask to be masked. */
  readonly masks: MaskSets
  /** What must be in the facts of a call and its answer, for all of these policies. */
  readonly reads: ReadonlySet<string>
}

export interface Snapshot extends CompilationCaches {
  readonly bundle: Bundle
  readonly settings: Settings
  readonly connections: ReadonlyMap<string, CompiledConnection>
  readonly routes: RouteTable<CompiledConnection>
  /** By policy id; what the operator writes into each policy's status. */
  readonly problems: ReadonlyMap<string, readonly Problem[]>
}

const routelessReasons = new Set(['RouteConflict', 'RouteNotGranted'])

export function* compileSnapshot(compile: Compile, bundle: Bundle, previous?: Snapshot): Generator<void, Snapshot> {
  const connections = new Map<string, CompiledConnection>()
  const problems = new Map<string, Problem[]>()
  const all = bundle.policies.map(toFingerprinted)
  const byNamespace = Map.groupBy(
    all.filter(({ policy }) => !policy.baseline),
    ({ policy }) => policy.ref.namespace,
  )
  const baselines = all.filter(({ policy }) => policy.baseline)
  const compilations = new Compilations(compile, previous)
  for (const declared of bundle.connections) {
    const compiled: Selected[] = []
    const candidates = [...baselines, ...(byNamespace.get(declared.ref.namespace) ?? [])]
    for (const candidate of candidates) {
      if (!selectsConnection(candidate.policy, declared)) continue
      const { policy, problems: found } = yield* compileFor(compilations, candidate, declared)
      compiled.push({ mode: candidate.policy.spec.mode, policy })
      addProblems(problems, policy.id, found)
    }
    yield
    const connection = toCompiledConnection(declared, compiled, previous)
    connections.set(connection.id, connection)
  }
  return {
    bundle,
    settings: bundle.settings,
    connections,
    routes: buildRouteTable(connections.values()),
    problems,
    cache: compilations.cache,
    classes: compilations.classes,
  }
}

/** What the policy names of the connection itself differs from one to the next; a name that is wrong here denies here alone. */
function* compileFor(
  compilations: Compilations,
  candidate: Fingerprinted,
  declared: BundleConnection,
): Generator<void, PolicyCompilation> {
  const compilation = yield* compilations.of(candidate, declared.spec.protocol, isOpaque(declared))
  const wrong = findFieldProblems(candidate.policy.spec, declared.spec)
  if (wrong.length === 0) return compilation
  return { policy: { ...compilation.policy, invalid: true }, problems: [...compilation.problems, ...wrong] }
}

function isOpaque(connection: BundleConnection): boolean {
  return connection.spec.content?.mode === 'Opaque'
}

interface Selected {
  readonly mode: BundlePolicy['spec']['mode']
  readonly policy: CompiledPolicy
}

function inMode(mode: Selected['mode'], compiled: readonly Selected[]): readonly CompiledPolicy[] {
  const chosen = compiled.filter((one) => one.mode === mode).map(({ policy }) => policy)
  return chosen.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

function toCompiledConnection(
  declared: BundleConnection,
  compiled: readonly Selected[],
  previous: Snapshot | undefined,
): CompiledConnection {
  const { ref, spec, labels, blocked, credential } = declared
  const policies = inMode('Enforce', compiled)
  const audits = inMode('Audit', compiled)
  const id = `${ref.namespace}/${ref.name}`
  return {
    id,
    declared,
    facts: { name: ref.name, namespace: ref.namespace, labels, protocol: spec.protocol },
    prefix: declared.prefix,
    hostnames: declared.hostnames,
    routeless: blocked !== undefined && routelessReasons.has(blocked.reason),
    opaque: isOpaque(declared),
    paused: spec.mode === 'Paused',
    ...(blocked === undefined ? {} : { blocked }),
    endpoints: declared.endpoints.map((endpoint) => withVersion(endpoint, declared)),
    ...(credential === undefined ? {} : { credential }),
    models: toModelMap(spec, ({ name, upstreamName }) => upstreamName ?? name),
    versions: toModelMap(spec, ({ upstreamVersion }) => upstreamVersion),
    tokenizers: toModelMap(spec, ({ tokenizer }) => tokenizer),
    policies,
    audits,
    classified: toClassified(spec, previous?.connections.get(id)?.classified),
    masks: new MaskSets([...policies, ...audits]),
    reads: new Set([...policies, ...audits].flatMap((policy) => [...policy.reads])),
  }
}

type Classified = CompiledConnection['classified']

const unclassified: Classified = new Map()

/** The very same map as before where nothing changed: engines are kept by it. */
function toClassified(spec: ModelConnectionSpec, before: Classified = unclassified): Classified {
  const map = new Map<string, string[]>()
  for (const { name, classification } of toDeclaredFields(spec)) {
    if (classification === undefined) continue
    const names = map.get(classification) ?? []
    map.set(classification, [...names, name])
  }
  return JSON.stringify([...map]) === JSON.stringify([...before]) ? before : map
}

type Model = NonNullable<ModelConnectionSpec['models']>[number]

function toModelMap(
  { models = [] }: ModelConnectionSpec,
  valueOf: (model: Model) => string | undefined,
): ReadonlyMap<string, string> {
  const map = new Map<string, string>()
  for (const model of models) {
    const value = valueOf(model)
    if (value !== undefined) map.set(model.name, value)
  }
  return map
}

/** A URL without a path means the version every client of the protocol knows. */
function withVersion(endpoint: BundleEndpoint, connection: BundleConnection): BundleEndpoint {
  const { protocol } = connection.spec
  return protocol === 'OpenAI' && !isOpaque(connection) && endpoint.basePath === ''
    ? { ...endpoint, basePath: '/v1' }
    : endpoint
}

function addProblems(all: Map<string, Problem[]>, policyId: string, found: readonly Problem[]): void {
  const known = all.get(policyId) ?? []
  for (const problem of found) {
    const same = (other: Problem): boolean => other.path === problem.path && other.message === problem.message
    if (!known.some(same)) known.push(problem)
  }
  all.set(policyId, known)
}
