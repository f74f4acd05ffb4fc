// One YAML file as a person wrote it: its documents with the place of everything in them, so that whatever is found wrong later can
// be shown where it stands. Nothing here knows a kind.
import type { Document, Node, YAMLMap, YAMLSeq } from 'yaml'
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseAllDocuments } from 'yaml'

export interface Place {
  readonly file: string
  /** Both from 1. */
  readonly line: number
  readonly column: number
}

export interface Source {
  /** As it is shown to people. */
  readonly file: string
  readonly text: string
  readonly lines: LineCounter
  readonly documents: readonly Document.Parsed[]
}

/** A document, or one item of a `kind: List`. */
export interface SourceObject {
  readonly source: Source
  readonly document: Document.Parsed
  /** The path of the object inside its document: empty, or `items[3]`. */
  readonly base: string
  readonly value: unknown
}

export interface BrokenYaml extends Place {
  readonly message: string
}

export interface ParsedSource {
  readonly objects: readonly SourceObject[]
  readonly broken: readonly BrokenYaml[]
}

const maxAliases = 100

export function parseSource(file: string, text: string): ParsedSource {
  const lines = new LineCounter()
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false })
  const documents: readonly Document.Parsed[] = Array.isArray(parsed) ? parsed : []
  const source: Source = { file, text, lines, documents }
  const broken = documents.flatMap(({ errors }) =>
    errors.map(({ code, pos }) => ({
      ...toPlace(source, pos[0]),
      message: `this is not valid YAML (${code.toLowerCase().replaceAll('_', ' ')})`,
    })),
  )
  // One broken document can swallow the next: nothing of such a file is used.
  if (broken.length > 0) return { objects: [], broken }
  const results = documents.filter(isFilled).map((document) => toObjects(source, document))
  return {
    objects: results.flatMap((result) => ('message' in result ? [] : result)),
    broken: results.flatMap((result) => ('message' in result ? [result] : [])),
  }
}

/** What stands behind a last `---` is no object. */
function isFilled({ contents }: Document.Parsed): boolean {
  return contents !== null && !(isScalar(contents) && contents.value === null)
}

function toObjects(source: Source, document: Document.Parsed): readonly SourceObject[] | BrokenYaml {
  const value = toPlain(document)
  if (value === undefined) {
    const place = toPlace(source, document.contents?.range[0] ?? 0)
    return { ...place, message: 'the aliases of this document expand to too much' }
  }
  const items: unknown = isRecord(value) && value['kind'] === 'List' ? value['items'] : undefined
  if (!Array.isArray(items)) return [{ source, document, base: '', value }]
  return items.map((item: unknown, index) => ({ source, document, base: `items[${index}]`, value: item }))
}

function toPlain(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: maxAliases })
  } catch {
    return undefined
  }
}

export function toPlace({ file, lines }: Pick<Source, 'file' | 'lines'>, offset: number): Place {
  const { line, col } = lines.linePos(offset)
  // An empty file has no lines to count.
  return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
}

export interface Located {
  readonly place: Place
  /** What stands there: the value, or (where the path leads no further) the nearest thing around it. */
  readonly node: Node | undefined
  /** Whether the whole path was found. */
  readonly exact: boolean
}

/** Where `spec.rules[0].when` of an object stands; where that is missing, the last part of the path that is there. */
export function locate(object: SourceObject, path: string): Located {
  const { source, document } = object
  let found: Step = { node: document.contents ?? undefined, key: undefined, rest: toFullPath(object.base, path) }
  for (let step: Step | undefined = found; step !== undefined; step = stepInto(document, found)) found = step
  const { node, key, rest } = found
  const shown = isScalar(node) ? node : (key ?? node)
  return { place: toPlace(source, shown?.range?.[0] ?? 0), node: resolve(node, document), exact: rest === '' }
}

function toFullPath(base: string, path: string): string {
  return base === '' || path === '' ? `${base}${path}` : `${base}.${path}`
}

/** The place of a key itself, for a field that should not be there. */
function locateKey(object: SourceObject, path: string, name: string): Place {
  const { node, place } = locate(object, path)
  const pair = isMap(node) ? node.items.find((item) => isScalar(item.key) && item.key.value === name) : undefined
  const offset = isScalar(pair?.key) ? pair.key.range?.[0] : undefined
  return offset === undefined ? place : toPlace(object.source, offset)
}

/** Where a problem stands, by its path and message: a field that should not be there is named by the message alone. */
export function placeOfProblem(object: SourceObject, path: string, message: string): Place {
  const [, unknownField] = /^has an unknown field "([^"]+)"/.exec(message) ?? []
  return unknownField === undefined ? locate(object, path).place : locateKey(object, path, unknownField)
}

interface Step {
  readonly node: Node | undefined
  readonly key: Node | undefined
  readonly rest: string
}

/** Undefined: the path ends here, or leads no further. */
function stepInto(document: Document.Parsed, { node, rest }: Step): Step | undefined {
  const container = resolve(node, document)
  if (isSeq(container)) return stepIntoList(container, rest)
  return isMap(container) ? stepIntoMap(container, rest) : undefined
}

function stepIntoList({ items }: YAMLSeq, path: string): Step | undefined {
  const [whole, index] = /^\[(\d+)\]/.exec(path) ?? []
  if (whole === undefined) return undefined
  const item = asNode(items[Number(index)])
  return item === undefined ? undefined : { node: item, key: item, rest: trimDot(path, whole.length) }
}

/** Keys may hold dots themselves (labels do), so the longest key that fits is the one that is meant. */
function stepIntoMap({ items }: YAMLMap, path: string): Step | undefined {
  const fitting = items
    .map(({ key, value }) => ({ key, value, name: isScalar(key) ? String(key.value) : '' }))
    .filter(({ name }) => name !== '' && isHead(path, name))
    .toSorted((a, b) => b.name.length - a.name.length)
  const [best] = fitting
  if (best === undefined) return undefined
  return { node: asNode(best.value), key: asNode(best.key), rest: trimDot(path, best.name.length) }
}

function isHead(path: string, name: string): boolean {
  return path.startsWith(name) && ['', '.', '['].includes(path.charAt(name.length))
}

function trimDot(path: string, length: number): string {
  return path.charAt(length) === '.' ? path.slice(length + 1) : path.slice(length)
}

function resolve(node: Node | undefined, document: Document.Parsed): Node | undefined {
  return isAlias(node) ? node.resolve(document) : node
}

function asNode(value: unknown): Node | undefined {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value) ? value : undefined
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
