// The structural schema of a CRD, held against an object as an API server would before it stores one: types, required and unknown
// fields, enums, patterns, bounds, keys of list-maps. CEL rules of CRDs are not judged here. Messages name the field and what is
// allowed there, never the value.
import { RE2JS } from 're2js'
import { parse } from 'yaml'

/** What is wrong, as `path: message`; empty when an API server would take it. */
export type CheckObject = (object: unknown) => readonly string[]

type Schema = Readonly<Record<string, unknown>>
type Report = (path: string, message: string) => void

/** `text`: a CustomResourceDefinition as YAML, one of our own. */
export function compileCrd(text: string): CheckObject {
  const { spec } = toRecord(parse(text))
  const [version]: readonly unknown[] = toList(toRecord(spec)['versions'])
  const root = toRecord(toRecord(toRecord(version)['schema'])['openAPIV3Schema'])
  // What stands in metadata is the API server's own business, for every kind.
  const schema: Schema = { ...root, properties: { ...toRecord(root['properties']), metadata: {} } }
  return (object) => {
    const problems: string[] = []
    check(schema, object, '', (path, message) => problems.push(`${path === '' ? 'object' : path.slice(1)}: ${message}`))
    return problems
  }
}

function check(schema: Schema, value: unknown, path: string, report: Report): void {
  const allowed = schema['enum']
  if (Array.isArray(allowed) && !allowed.includes(value)) {
    return report(path, `must be one of ${allowed.map(String).join(', ')}`)
  }
  const typed = schema['type']
  const checker = typeof typed === 'string' ? checkers[typed] : undefined
  checker?.(schema, value, path, report)
}

type Checker = (schema: Schema, value: unknown, path: string, report: Report) => void

const checkers: Readonly<Record<string, Checker>> = {
  object: (schema, value, path, report) => {
    if (isRecord(value)) checkMap(schema, value, path, report)
    else report(path, 'must be a map')
  },
  array: (schema, value, path, report) => {
    if (Array.isArray(value)) checkList(schema, value, path, report)
    else report(path, 'must be a list')
  },
  string: (schema, value, path, report) => {
    if (typeof value === 'string') checkText(schema, value, path, report)
    else report(path, 'must be text (quote numbers and true or false)')
  },
  integer: (schema, value, path, report) => {
    if (!Number.isSafeInteger(value)) return report(path, 'must be a whole number')
    checkRange(Number(value), [schema['minimum'], schema['maximum']], (limit) => report(path, `must be ${limit}`))
  },
  boolean: (_schema, value, path, report) => {
    if (typeof value !== 'boolean') report(path, 'must be true or false')
  },
}

function checkMap(schema: Schema, value: Schema, path: string, report: Report): void {
  const properties = toRecord(schema['properties'])
  for (const name of toList(schema['required'])) {
    if (typeof name === 'string' && !Object.hasOwn(value, name)) report(`${path}.${name}`, 'is required')
  }
  const size = Object.keys(value).length
  checkRange(size, [schema['minProperties'], schema['maxProperties']], (limit) =>
    report(path, `must have ${limit} fields`),
  )
  for (const [name, child] of Object.entries(value)) {
    const known = Object.hasOwn(properties, name) ? properties[name] : schema['additionalProperties']
    if (isRecord(known)) check(known, child, `${path}.${name}`, report)
    else report(path, `has an unknown field ${toFieldText(name)}`)
  }
}

function checkList(schema: Schema, value: readonly unknown[], path: string, report: Report): void {
  checkRange(value.length, [schema['minItems'], schema['maxItems']], (limit) =>
    report(path, `must have ${limit} items`),
  )
  const items = toRecord(schema['items'])
  for (const [index, item] of value.entries()) check(items, item, `${path}[${index}]`, report)
  const keys = toList(schema['x-kubernetes-list-map-keys'])
  const isSet = schema['x-kubernetes-list-type'] === 'set'
  if (keys.length === 0 && !isSet) return
  const ids = value.map((item) => JSON.stringify(isSet ? item : keys.map((key) => toRecord(item)[String(key)])))
  if (new Set(ids).size < ids.length)
    report(path, `has two items with the same ${isSet ? 'value' : keys.join(' and ')}`)
}

function checkText(schema: Schema, value: string, path: string, report: Report): void {
  // As the API server counts: code points.
  const length = Array.from(value).length
  checkRange(length, [schema['minLength'], schema['maxLength']], (limit) =>
    report(path, `must have ${limit} characters`),
  )
  const pattern = schema['pattern']
  if (typeof pattern === 'string' && !RE2JS.compile(pattern).matcher(value).find())
    report(path, `must match ${pattern}`)
  checkFormat(schema, value, path, report)
}

function checkFormat(schema: Schema, value: string, path: string, report: Report): void {
  if (schema['format'] === 'date-time' && Number.isNaN(Date.parse(value))) report(path, 'must be a date and time')
}

function checkRange(value: number, [low, high]: readonly [unknown, unknown], report: (limit: string) => void): void {
  if (typeof low === 'number' && value < low) report(`at least ${low}`)
  if (typeof high === 'number' && value > high) report(`at most ${high}`)
}

function toFieldText(name: string): string {
  return /^[\w.:/-]{1,64}$/.test(name) ? `"${name}"` : 'whose name is not printable'
}

function toRecord(value: unknown): Schema {
  return isRecord(value) ? value : {}
}

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function isRecord(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
