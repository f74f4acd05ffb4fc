// The conventions of our CRDs as a lint: everything bounded and described, no booleans and floats, conditions as Kubernetes
// tools expect them, messages for people. The API server accepts all that is refused here; users would suffer from it.
import type { Crd, CrdVersion, Schema } from '../generate/crd.ts'

export type CrdReason =
  | 'Unbounded'
  | 'Undescribed'
  | 'Boolean'
  | 'Float'
  | 'Conditions'
  | 'StatusSubresource'
  | 'PrinterColumns'
  | 'UnknownFields'
  | 'DefaultInList'
  | 'TooBig'
  | 'RuleWithoutMessage'
  | 'DuplicateName'

export interface CrdProblem {
  readonly path: string
  readonly reason: CrdReason
  readonly message: string
}

/** Client-side apply stores the whole CRD in an annotation of at most 256 KiB. */
export const MAX_CRD_BYTES = 200 * 1024

/** Formats that bound a string by themselves. */
const BOUNDED_FORMATS = new Set(['date-time', 'date', 'uuid'])

interface Place {
  readonly path: string
  readonly schema: Schema
  /** Whether a list stands above: the API server would write defaults into items that a user ordered. */
  readonly inList: boolean
}

type Convention = (place: Place) => readonly CrdProblem[]

const conventions: readonly Convention[] = [
  checkBounds,
  checkDescription,
  checkType,
  checkUnknownFields,
  checkDefault,
  checkConditions,
  checkRules,
]

/** `text` is the YAML as it is stored; its size is what a client sends. */
export function lintCrd(crd: Crd, text: string): readonly CrdProblem[] {
  return [...checkSize(text), ...crd.spec.versions.flatMap((version) => lintVersion(version))]
}

function lintVersion(version: CrdVersion): readonly CrdProblem[] {
  const { openAPIV3Schema } = version.schema
  const places = listPlaces({ path: version.name, schema: openAPIV3Schema, inList: false })
  return [
    ...checkStatus(version),
    ...checkColumns(version),
    ...places.flatMap((place) => conventions.flatMap((convention) => convention(place))),
  ]
}

/** Every schema below and including `place`. Object metadata is the API server's own and cannot be described here. */
function listPlaces(place: Place): readonly Place[] {
  const { path, schema, inList } = place
  const children: Place[] = []
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    children.push({ path: `${path}.${name}`, schema: child, inList })
  }
  if (schema.items !== undefined) children.push({ path: `${path}[]`, schema: schema.items, inList: true })
  if (typeof schema.additionalProperties === 'object') {
    children.push({ path: `${path}{}`, schema: schema.additionalProperties, inList })
  }
  return [place, ...children.flatMap(listPlaces)]
}

function checkBounds({ path, schema }: Place): readonly CrdProblem[] {
  const missing = findMissingBound(schema)
  return missing === undefined
    ? []
    : [
        {
          path,
          reason: 'Unbounded',
          message: `needs ${missing}: what is unbounded can fill the store and breaks the cost of rules`,
        },
      ]
}

function findMissingBound(schema: Schema): string | undefined {
  if (schema.type === 'array' && schema.maxItems === undefined) return 'maxItems'
  if (schema.additionalProperties !== undefined && schema.maxProperties === undefined) return 'maxProperties'
  if (schema.type !== 'string' || schema.enum !== undefined) return undefined
  if (schema.format !== undefined && BOUNDED_FORMATS.has(schema.format)) return undefined
  return schema.maxLength === undefined ? 'maxLength' : undefined
}

function checkDescription({ path, schema }: Place): readonly CrdProblem[] {
  if (isObjectMetadata(path) || (schema.description ?? '').trim() !== '') return []
  return [{ path, reason: 'Undescribed', message: 'needs a description: kubectl explain is the manual' }]
}

/** The API server refuses anything but name and generateName below the root's metadata, also a description. */
function isObjectMetadata(path: string): boolean {
  return /^[^.]+\.metadata$/.test(path)
}

function checkType({ path, schema }: Place): readonly CrdProblem[] {
  if (schema.type === 'boolean') {
    return [{ path, reason: 'Boolean', message: 'is a boolean; use an enum, which can grow a third state' }]
  }
  if (schema.type === 'number') {
    return [{ path, reason: 'Float', message: 'is a float; use an integer with a unit in its name' }]
  }
  return []
}

function checkUnknownFields({ path, schema }: Place): readonly CrdProblem[] {
  const isOpen =
    schema['x-kubernetes-preserve-unknown-fields'] === true ||
    schema['x-kubernetes-embedded-resource'] === true ||
    schema.additionalProperties === true ||
    (schema.type === 'object' &&
      schema.properties === undefined &&
      schema.additionalProperties === undefined &&
      !isObjectMetadata(path))
  return isOpen
    ? [
        {
          path,
          reason: 'UnknownFields',
          message: 'accepts any field; name the fields, so that a typing error is refused',
        },
      ]
    : []
}

function checkDefault({ path, schema, inList }: Place): readonly CrdProblem[] {
  return inList && 'default' in schema
    ? [
        {
          path,
          reason: 'DefaultInList',
          message: 'has a default inside a list item; GitOps tools would see drift for ever',
        },
      ]
    : []
}

function checkConditions({ path, schema }: Place): readonly CrdProblem[] {
  if (!path.endsWith('.conditions')) return []
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const isListMap = schema['x-kubernetes-list-type'] === 'map' && keys.length === 1 && keys[0] === 'type'
  return isListMap ? [] : [{ path, reason: 'Conditions', message: 'must be a list-map with the key type' }]
}

function checkRules({ path, schema }: Place): readonly CrdProblem[] {
  return (schema['x-kubernetes-validations'] ?? [])
    .filter((rule) => (rule.message ?? '') === '' && (rule.messageExpression ?? '') === '')
    .map((rule) => ({
      path,
      reason: 'RuleWithoutMessage' as const,
      message: `the rule ${rule.rule.slice(0, 60)} needs a message that says what to do`,
    }))
}

function checkStatus(version: CrdVersion): readonly CrdProblem[] {
  return version.subresources?.status === undefined
    ? [{ path: version.name, reason: 'StatusSubresource', message: 'needs the status subresource' }]
    : []
}

function checkColumns(version: CrdVersion): readonly CrdProblem[] {
  const columns = version.additionalPrinterColumns ?? []
  if (columns.length === 0) {
    return [{ path: version.name, reason: 'PrinterColumns', message: 'needs printer columns for kubectl get' }]
  }
  return columns.some((column) => column.jsonPath === '.metadata.creationTimestamp')
    ? []
    : [{ path: version.name, reason: 'PrinterColumns', message: 'needs the column Age, which own columns replace' }]
}

function checkSize(text: string): readonly CrdProblem[] {
  const bytes = new TextEncoder().encode(text).length
  return bytes <= MAX_CRD_BYTES
    ? []
    : [{ path: '', reason: 'TooBig', message: `is ${bytes} bytes; client-side apply needs at most ${MAX_CRD_BYTES}` }]
}
