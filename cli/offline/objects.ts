// From YAML documents to the objects that Portcullis judges by, held against their kinds as an API server would before it stores
// them. What is no object of ours is named and passed over; what looks like a slip of the pen is not.
import { readFile } from 'node:fs/promises'
import type { CheckObject } from '../../crds/check-object.ts'
import { compileCrd } from '../../crds/check-object.ts'
import type { ConfigMap } from '../../kube/resource.ts'
import type { InferencePolicy, ModelConnection } from '../../operator/objects.ts'
import { settingsConfigMapName } from '../../operator/publish/settings-source.ts'
import type { CheckRules } from './crd-rules.ts'
import { compileCrdRules } from './crd-rules.ts'
import type { Finding, FindingReason } from './finding.ts'
import type { Place, SourceObject } from './source.ts'
import { isRecord, locate, placeOfProblem } from './source.ts'

export const testKind = 'PolicyTest'
export const testApiVersion = 'cli.portcullis.dev/v1alpha1'

/** An object and where it was written. */
export interface Declared<T> {
  readonly object: T
  readonly source: SourceObject
}

export interface Skipped extends Place {
  /** `apps/v1 Deployment`, as far as that can be printed. */
  readonly what: string
}

export interface Objects {
  readonly connections: readonly Declared<ModelConnection>[]
  readonly policies: readonly Declared<InferencePolicy>[]
  /** The platform settings, where the files hold them. */
  readonly settings?: Declared<ConfigMap>
  /** Texts by key of every other ConfigMap, by `namespace/name`: dictionaries of policies. */
  readonly configMaps: ReadonlyMap<string, Readonly<Record<string, unknown>>>
  readonly skipped: readonly Skipped[]
  readonly findings: readonly Finding[]
}

export interface Kinds {
  readonly ModelConnection: readonly [CheckObject, CheckRules]
  readonly InferencePolicy: readonly [CheckObject, CheckRules]
}

export async function readKinds(): Promise<Kinds> {
  return { ModelConnection: await readKind('modelconnections'), InferencePolicy: await readKind('inferencepolicies') }
}

async function readKind(name: string): Promise<readonly [CheckObject, CheckRules]> {
  const text = await readFile(new URL(`../../crds/${name}.yaml`, import.meta.url), 'utf8')
  return [compileCrd(text), compileCrdRules(text)]
}

export function toObjects(kinds: Kinds, sources: readonly SourceObject[], platformNamespace: string): Objects {
  const sorting = new Sorting(kinds, platformNamespace)
  for (const source of sources) sorting.add(source)
  return sorting.finish()
}

const group = 'portcullis.dev'
const apiVersion = `${group}/v1alpha1`
const namePattern = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/
/** As kubectl does without a context that says otherwise. */
const defaultNamespace = 'default'

class Sorting {
  readonly #kinds: Kinds
  readonly #platformNamespace: string
  readonly #connections: Declared<ModelConnection>[] = []
  readonly #policies: Declared<InferencePolicy>[] = []
  readonly #skipped: Skipped[] = []
  readonly #findings: Finding[] = []
  readonly #seen = new Map<string, Place>()
  readonly #configMaps = new Map<string, Readonly<Record<string, unknown>>>()
  #settings: Declared<ConfigMap> | undefined

  constructor(kinds: Kinds, platformNamespace: string) {
    this.#kinds = kinds
    this.#platformNamespace = platformNamespace
  }

  finish(): Objects {
    return {
      connections: this.#connections,
      policies: this.#policies,
      ...(this.#settings === undefined ? {} : { settings: this.#settings }),
      configMaps: this.#configMaps,
      skipped: this.#skipped,
      findings: this.#findings,
    }
  }

  add(source: SourceObject): void {
    const { apiVersion: version, kind } = isRecord(source.value) ? source.value : {}
    if (typeof version !== 'string' || typeof kind !== 'string') {
      return this.#report(source, 'NotAnObject', { message: 'apiVersion and kind are required' })
    }
    if (version === apiVersion && isJudged(kind)) return this.#addOurs(source, kind)
    if (isSlip(version, kind)) return this.#reportSlip(source, version, kind)
    const isTaken = version === 'v1' && kind === 'ConfigMap' && this.#addConfigMap(source)
    if (!isTaken) this.#skipped.push({ ...locate(source, 'kind').place, what: toPrintable(`${version} ${kind}`) })
    return undefined
  }

  #addOurs(source: SourceObject, kind: keyof Kinds): void {
    const metadata = this.#toMetadata(source)
    if (metadata === undefined) return
    const value = isRecord(source.value) ? source.value : {}
    const object = `${kind} ${metadata.namespace}/${metadata.name}`
    if (this.#isKnown(source, object)) return
    const [checkObject, checkRules] = this.#kinds[kind]
    const structural = checkObject(value)
    for (const problem of structural) this.#addStructural(source, object, problem)
    // Rules speak about objects of the right shape.
    const broken = structural.length > 0 ? [] : checkRules(value)
    for (const { path, message } of broken) this.#report(source, 'Invalid', { object, path, message })
    if (structural.length > 0 || broken.length > 0) return
    const complete = { ...value, metadata: { uid: object, resourceVersion: '', generation: 1, ...metadata } }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- held against the schema of its kind just above
    if (kind === 'ModelConnection') this.#connections.push({ object: complete as unknown as ModelConnection, source })
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same
    else this.#policies.push({ object: complete as unknown as InferencePolicy, source })
  }

  /** `path: message`, as check-object.ts writes it. */
  #addStructural(source: SourceObject, object: string, problem: string): void {
    const colon = problem.indexOf(': ')
    const path = problem.slice(0, colon) === 'object' ? '' : problem.slice(0, colon)
    const message = problem.slice(colon + 2)
    const place = placeOfProblem(source, path, message)
    this.#findings.push({ ...place, severity: 'error', reason: 'Invalid', object, path, message })
  }

  #toMetadata(source: SourceObject): { readonly namespace: string; readonly name: string } | undefined {
    const metadata = metadataOf(source)
    const { name, namespace = defaultNamespace, labels = {}, annotations = {} } = metadata
    const mistakes = [
      ['metadata.name', 'must be a lower-case DNS name', isName(name)],
      ['metadata.namespace', 'must be a lower-case DNS name', isName(namespace)],
      ['metadata.labels', mustBeText, isTextMap(labels)],
      ['metadata.annotations', mustBeText, isTextMap(annotations)],
    ] as const
    const wrong = mistakes.filter(([, , fits]) => !fits)
    for (const [path, message] of wrong) this.#report(source, 'NotAnObject', { path, message })
    if (wrong.length > 0 || !isName(name) || !isName(namespace)) return undefined
    return { ...metadata, namespace, name }
  }

  /** Whether the ConfigMap is the one that holds the platform settings. */
  #addConfigMap(source: SourceObject): boolean {
    const { name, namespace = defaultNamespace } = metadataOf(source)
    if (!isName(name) || !isName(namespace)) return false
    if (name === settingsConfigMapName) return this.#addSettings(source, { name, namespace })
    const object = `ConfigMap ${namespace}/${name}`
    if (this.#isKnown(source, object)) return true
    const data = isRecord(source.value) ? source.value['data'] : undefined
    this.#configMaps.set(`${namespace}/${name}`, isRecord(data) ? data : {})
    return true
  }

  #addSettings(source: SourceObject, { name, namespace }: Omit<Named, 'object'>): boolean {
    const object = `ConfigMap ${toPrintable(namespace)}/${name}`
    if (namespace !== this.#platformNamespace) this.#warnOfSettings(source, object)
    else if (!this.#isKnown(source, object)) this.#takeSettings(source, { object, name, namespace })
    return true
  }

  #warnOfSettings(source: SourceObject, object: string): void {
    this.#findings.push({
      ...locate(source, 'metadata.namespace').place,
      severity: 'warning',
      reason: 'NotRead',
      object,
      path: 'metadata.namespace',
      message: `the platform settings are read in namespace ${this.#platformNamespace} alone`,
      hint: 'put it there, or name the namespace of the product with --platform-namespace',
    })
  }

  #takeSettings(source: SourceObject, { object, name, namespace }: Named): void {
    const data = isRecord(source.value) ? source.value['data'] : undefined
    const metadata = { uid: object, resourceVersion: '', name, namespace }
    if (!isTextMap(data)) return this.#report(source, 'Invalid', { object, path: 'data', message: mustBeText })
    this.#settings = { object: { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }, source }
    return undefined
  }

  #isKnown(source: SourceObject, object: string): boolean {
    const { place } = locate(source, 'metadata.name')
    const first = this.#seen.get(object)
    if (first === undefined) this.#seen.set(object, place)
    else
      this.#report(source, 'DuplicateObject', {
        object,
        path: 'metadata.name',
        message: `stands already at ${first.file}:${first.line}`,
        hint: 'kubectl apply would let the last one win; keep one',
      })
    return first !== undefined
  }

  #reportSlip(source: SourceObject, version: string, kind: string): void {
    this.#report(source, 'UnknownKind', {
      path: ourKinds.has(kind) ? 'apiVersion' : 'kind',
      message: `${toPrintable(`${version} ${kind}`)} is not a kind that Portcullis knows`,
      hint: `known are ModelConnection and InferencePolicy of ${apiVersion}, and ${testKind} of ${testApiVersion}`,
    })
  }

  #report(source: SourceObject, reason: FindingReason, told: Told): void {
    const { place } = locate(source, told.path ?? '')
    this.#findings.push({ ...place, severity: 'error', reason, ...told })
  }
}

interface Named {
  readonly object: string
  readonly name: string
  readonly namespace: string
}

type Told = Pick<Finding, 'object' | 'path' | 'message' | 'hint'>

const ourKinds: ReadonlySet<string> = new Set(['ModelConnection', 'InferencePolicy', 'ApprovalRequest', testKind])
const mustBeText = 'every value must be a text (quote numbers and true or false)'

function isJudged(kind: string): kind is keyof Kinds {
  return kind === 'ModelConnection' || kind === 'InferencePolicy'
}

function metadataOf({ value }: SourceObject): Readonly<Record<string, unknown>> {
  const metadata = isRecord(value) ? value['metadata'] : undefined
  return isRecord(metadata) ? metadata : {}
}

/** A kind of ours under another version, or something that does not exist under our name. */
function isSlip(version: string, kind: string): boolean {
  if (version === apiVersion && kind === 'ApprovalRequest') return false
  if (version === testApiVersion && kind === testKind) return false
  return ourKinds.has(kind) || version.split('/', 1)[0] === group
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && namePattern.test(value)
}

function isTextMap(value: unknown): value is Readonly<Record<string, string>> {
  return isRecord(value) && Object.values(value).every((text) => typeof text === 'string')
}

function toPrintable(text: string): string {
  return /^[\w./ -]{1,120}$/.test(text) ? text : 'a document whose kind is not printable'
}
