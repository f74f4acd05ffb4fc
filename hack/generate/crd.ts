// Reads a CustomResourceDefinition from YAML into plain data: the one door through which generator, lint and the
// structural check of examples see a CRD. Keywords that nobody here understands are refused, so that none is overlooked.
import { parse } from 'yaml'

export interface ValidationRule {
  readonly rule: string
  readonly message?: string
  readonly messageExpression?: string
  readonly fieldPath?: string
  readonly reason?: string
  readonly optionalOldSelf?: boolean
}

/** The part of a structural OpenAPI v3 schema that CRDs here use. */
export interface Schema {
  readonly type?: string
  readonly description?: string
  readonly format?: string
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly default?: unknown
  readonly nullable?: boolean
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[]
  readonly 'x-kubernetes-list-type'?: string
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-map-type'?: string
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
  readonly 'x-kubernetes-embedded-resource'?: boolean
  readonly 'x-kubernetes-int-or-string'?: boolean
}

export interface PrinterColumn {
  readonly name: string
  readonly type: string
  readonly jsonPath: string
}

export interface CrdVersion {
  readonly name: string
  readonly subresources?: { readonly status?: unknown }
  readonly additionalPrinterColumns?: readonly PrinterColumn[]
  readonly schema: { readonly openAPIV3Schema: Schema }
}

export interface Crd {
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly group: string
    readonly names: {
      readonly kind: string
      readonly plural: string
      readonly shortNames?: readonly string[]
      readonly categories?: readonly string[]
    }
    readonly versions: readonly CrdVersion[]
  }
}

const TYPE_OF_KEYWORD: Readonly<Record<string, (value: unknown) => boolean>> = {
  type: isString,
  description: isString,
  format: isString,
  pattern: isString,
  enum: Array.isArray,
  default: () => true,
  nullable: isBoolean,
  minLength: isInteger,
  maxLength: isInteger,
  minimum: isInteger,
  maximum: isInteger,
  minItems: isInteger,
  maxItems: isInteger,
  minProperties: isInteger,
  maxProperties: isInteger,
  required: isStringList,
  'x-kubernetes-validations': (value) =>
    Array.isArray(value) && value.every((rule) => isRecord(rule) && isString(rule['rule'])),
  'x-kubernetes-list-type': isString,
  'x-kubernetes-list-map-keys': isStringList,
  'x-kubernetes-map-type': isString,
  'x-kubernetes-preserve-unknown-fields': isBoolean,
  'x-kubernetes-embedded-resource': isBoolean,
  'x-kubernetes-int-or-string': isBoolean,
}

/** Throws with the place of the first thing that is no CRD this project understands; CRDs are our own files. */
export function parseCrd(text: string): Crd {
  const value: unknown = parse(text)
  assertCrd(value)
  return value
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function assertCrd(value: unknown): asserts value is Crd {
  if (!isRecord(value) || value['kind'] !== 'CustomResourceDefinition') {
    throw new Error('not a CustomResourceDefinition')
  }
  const { metadata, spec } = value
  if (!isRecord(metadata) || !isString(metadata['name'])) throw new Error('metadata.name is missing')
  if (!isRecord(spec) || !isString(spec['group'])) throw new Error('spec.group is missing')
  assertNames(spec['names'])
  const { versions } = spec
  if (!Array.isArray(versions) || versions.length === 0) throw new Error('spec.versions is missing')
  versions.forEach((version: unknown, index) => assertVersion(version, `spec.versions[${index}]`))
}

function assertNames(names: unknown): void {
  if (isRecord(names) && isString(names['kind']) && isString(names['plural'])) return
  throw new Error('spec.names needs kind and plural')
}

function assertVersion(version: unknown, path: string): void {
  if (!isRecord(version) || !isString(version['name'])) throw new Error(`${path}.name is missing`)
  if (!isRecord(version['schema'])) throw new Error(`${path}.schema is missing`)
  assertSchema(version['schema']['openAPIV3Schema'], `${path}.schema.openAPIV3Schema`)
}

function assertSchema(schema: unknown, path: string): void {
  if (!isRecord(schema)) throw new Error(`${path} is not a schema`)
  for (const [keyword, value] of Object.entries(schema)) {
    assertKeyword(keyword, value, path)
  }
}

function assertKeyword(keyword: string, value: unknown, path: string): void {
  if (keyword === 'properties') {
    if (!isRecord(value)) throw new Error(`${path}.properties is not a map`)
    for (const [name, child] of Object.entries(value)) assertSchema(child, `${path}.${name}`)
    return
  }
  if (keyword === 'items') return assertSchema(value, `${path}[]`)
  if (keyword === 'additionalProperties') return isBoolean(value) ? undefined : assertSchema(value, `${path}{}`)
  const isRight = TYPE_OF_KEYWORD[keyword]
  if (isRight === undefined) throw new Error(`${path}: keyword ${keyword} is not understood`)
  if (!isRight(value)) throw new Error(`${path}: keyword ${keyword} has a value of the wrong type`)
}

function isString(value: unknown): value is string {
  return typeof value === 'string'
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean'
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

function isStringList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isString)
}
