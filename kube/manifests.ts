// Reads one YAML file of Kubernetes objects: several documents, `kind: List`, positions for everything that is wrong.
// Problems say where and what kind of mistake, never what stands there: the file may hold a Secret.
import type { Document, LineCounter as Lines } from 'yaml'
import { LineCounter, parseAllDocuments } from 'yaml'
import { isRecord } from './errors.ts'
import type { NewMeta, Resource } from './resource.ts'
import { toApiVersion } from './resource.ts'
import type { Draft } from './store-memory.ts'
import { toRecord } from './wire.ts'

export interface FolderProblem {
  /** Relative to the folder. */
  readonly file: string
  readonly reason: 'BrokenYaml' | 'NotAnObject' | 'UnknownKind' | 'DuplicateObject' | 'Unreadable'
  readonly message: string
  readonly line?: number
  readonly column?: number
}

export interface Manifest {
  readonly resource: Resource
  readonly object: Draft
  readonly file: string
  readonly line: number
}

export interface ParsedFile {
  readonly manifests: readonly Manifest[]
  readonly problems: readonly FolderProblem[]
}

export interface ManifestOptions {
  readonly file: string
  /** Kinds that are served, as if their CRDs were installed. */
  readonly resources: readonly Resource[]
  /** For namespaced objects that name none. */
  readonly defaultNamespace: string
  /** Documents that stand beside objects and are none, as `apiVersion kind`: passed over without a word. */
  readonly beside?: ReadonlySet<string> | undefined
}

const namePattern = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/

export function parseManifests(text: string, options: ManifestOptions): ParsedFile {
  const lines = new LineCounter()
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false })
  const documents: readonly Document.Parsed[] = Array.isArray(parsed) ? parsed : []
  const broken = documents.flatMap((document) => document.errors.map((error) => toBroken(error, lines, options.file)))
  // One broken document can swallow the next: nothing of such a file is used.
  if (broken.length > 0) return { manifests: [], problems: broken }
  const results = documents
    .filter((document) => document.contents !== null)
    .flatMap((document) => toResults(document, options, lines.linePos(document.contents?.range[0] ?? 0).line))
  return {
    manifests: results.flatMap((result) => ('object' in result ? [result] : [])),
    problems: results.flatMap((result) => ('reason' in result ? [result] : [])),
  }
}

function toBroken(error: { code: string; pos: readonly number[] }, lines: Lines, file: string): FolderProblem {
  const { line, col } = lines.linePos(error.pos[0] ?? 0)
  const words = error.code.toLowerCase().replaceAll('_', ' ')
  return { file, reason: 'BrokenYaml', message: `this is not valid YAML (${words})`, line, column: col }
}

function toResults(
  document: Document.Parsed,
  options: ManifestOptions,
  line: number,
): readonly (Manifest | FolderProblem)[] {
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 })
    const { kind, items } = toRecord(value)
    const objects: readonly unknown[] = kind === 'List' && Array.isArray(items) ? items : [value]
    return objects.filter((object) => !isBeside(object, options)).map((object) => toManifest(object, options, line))
  } catch {
    return [
      {
        file: options.file,
        line,
        column: 1,
        reason: 'BrokenYaml',
        message: 'the aliases of this document expand to too much',
      },
    ]
  }
}

function isBeside(value: unknown, { beside }: ManifestOptions): boolean {
  const { apiVersion, kind } = toRecord(value)
  return typeof apiVersion === 'string' && typeof kind === 'string' && beside?.has(`${apiVersion} ${kind}`) === true
}

function toManifest(value: unknown, options: ManifestOptions, line: number): Manifest | FolderProblem {
  const { file } = options
  const refuse = (reason: FolderProblem['reason'], message: string): FolderProblem => ({
    file,
    line,
    column: 1,
    reason,
    message,
  })
  const { apiVersion, kind, metadata, ...rest } = toRecord(value)
  const resource = options.resources.find((known) => toApiVersion(known) === apiVersion && known.kind === kind)
  if (typeof apiVersion !== 'string' || typeof kind !== 'string')
    return refuse('NotAnObject', 'apiVersion and kind are required')
  if (resource === undefined) return refuse('UnknownKind', 'this apiVersion and kind are not served here')
  const meta = toMeta(metadata, resource.namespaced ? options.defaultNamespace : undefined)
  return typeof meta === 'string'
    ? refuse('NotAnObject', meta)
    : { resource, object: { ...rest, metadata: meta }, file, line }
}

/** The metadata that a file may set, or what is wrong with it. */
function toMeta(metadata: unknown, defaultNamespace: string | undefined): NewMeta | string {
  const { name, namespace = defaultNamespace, labels = {}, annotations = {} } = toRecord(metadata)
  if (!isName(name)) return 'metadata.name must be a lower-case DNS name'
  if (!isTextMap(labels)) return 'every value of metadata.labels must be a string (quote numbers and true or false)'
  if (!isTextMap(annotations))
    return 'every value of metadata.annotations must be a string (quote numbers and true or false)'
  if (defaultNamespace === undefined) return { name, labels, annotations }
  return isName(namespace)
    ? { name, namespace, labels, annotations }
    : 'metadata.namespace must be a lower-case DNS name'
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && namePattern.test(value)
}

function isTextMap(value: unknown): value is Readonly<Record<string, string>> {
  return isRecord(value) && Object.values(value).every((text) => typeof text === 'string')
}
