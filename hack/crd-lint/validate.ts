// Holds an object against the structural schema of its CRD without an API server: types, enums, patterns, bounds, required
// and unknown fields, keys of list-maps. CEL rules are not judged here; the cluster suite does that on a real API server.
// Used by tests of examples and samples only.
import { RE2JS } from 're2js'
import { type Crd, isRecord, type Schema } from '../generate/crd.ts'

type Report = (path: string, message: string) => void

/** What the API server would refuse, as `path: message`. */
export function validateObject(crd: Crd, object: unknown): readonly string[] {
  const problems: string[] = []
  const report: Report = (path, message) => problems.push(`${path === '' ? 'object' : path.slice(1)}: ${message}`)
  const root = crd.spec.versions[0]?.schema.openAPIV3Schema ?? {}
  const { metadata, ...properties } = root.properties ?? {}
  if (!isRecord(object)) return ['object: must be a map']
  const { metadata: own, ...rest } = object
  if (metadata !== undefined && !isRecord(own)) report('.metadata', 'is required')
  validate({ ...root, properties }, rest, '', report)
  return problems
}

type Validator = (schema: Schema, value: unknown, path: string, report: Report) => void

const validators: Readonly<Record<string, Validator>> = {
  object: (schema, value, path, report) =>
    isRecord(value) ? validateMap(schema, value, path, report) : report(path, 'must be a map'),
  array: (schema, value, path, report) =>
    Array.isArray(value) ? validateList(schema, value, path, report) : report(path, 'must be a list'),
  string: (schema, value, path, report) =>
    typeof value === 'string' ? validateString(schema, value, path, report) : report(path, 'must be a string'),
  integer: (schema, value, path, report) => {
    if (!Number.isSafeInteger(value)) return report(path, 'must be an integer')
    checkRange(Number(value), [schema.minimum, schema.maximum], 'value', (text) => report(path, text))
  },
}

function validate(schema: Schema, value: unknown, path: string, report: Report): void {
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    return report(path, `must be one of ${schema.enum.map(String).join(', ')}`)
  }
  const validator = validators[schema.type ?? '']
  if (validator === undefined) throw new Error(`${path}: schema type ${schema.type ?? '(none)'} is not understood`)
  validator(schema, value, path, report)
}

function validateMap(schema: Schema, value: Readonly<Record<string, unknown>>, path: string, report: Report): void {
  const { properties = {}, additionalProperties } = schema
  checkRange(Object.keys(value).length, [schema.minProperties, schema.maxProperties], 'number of fields', (text) =>
    report(path, text),
  )
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name)) report(`${path}.${name}`, 'is required')
  }
  for (const [name, child] of Object.entries(value)) {
    const known = Object.hasOwn(properties, name) ? properties[name] : additionalProperties
    if (typeof known === 'object') validate(known, child, `${path}.${name}`, report)
    else report(`${path}.${name}`, 'is an unknown field')
  }
}

function validateList(schema: Schema, value: readonly unknown[], path: string, report: Report): void {
  checkRange(value.length, [schema.minItems, schema.maxItems], 'number of items', (text) => report(path, text))
  const { items } = schema
  if (items !== undefined) value.forEach((item, index) => validate(items, item, `${path}[${index}]`, report))
  const keys = value.map((item) => toKey(schema, item))
  if (schema['x-kubernetes-list-type'] !== 'atomic' && new Set(keys).size < keys.length) {
    report(path, 'has two items of the same key')
  }
}

function toKey(schema: Schema, item: unknown): string {
  const keys = schema['x-kubernetes-list-map-keys']
  return JSON.stringify(keys !== undefined && isRecord(item) ? keys.map((key) => item[key]) : item)
}

function validateString(schema: Schema, value: string, path: string, report: Report): void {
  // As the API server counts: code points.
  checkRange(Array.from(value).length, [schema.minLength, schema.maxLength], 'length', (text) => report(path, text))
  if (schema.pattern !== undefined && !RE2JS.compile(schema.pattern).matcher(value).find()) {
    report(path, `must match ${schema.pattern}`)
  }
  if (schema.format === 'date-time' && Number.isNaN(Date.parse(value))) report(path, 'must be a date and time')
}

type Range = readonly [low: number | undefined, high: number | undefined]

function checkRange(value: number, [low, high]: Range, noun: string, report: (message: string) => void): void {
  if (low !== undefined && value < low) report(`${noun} must be at least ${low}`)
  if (high !== undefined && value > high) report(`${noun} must be at most ${high}`)
}
