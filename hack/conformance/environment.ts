// From the tests' protobuf JSON to this engine's environments and values.
import { CelMap, putEntry } from '../../policy/cel/values/map.ts'
import { toDouble, TypeValue, Uint } from '../../policy/cel/values/box.ts'
import { parseDuration } from '../../policy/cel/values/duration.ts'
import { toInt } from '../../policy/cel/values/integer.ts'
import { parseTimestamp } from '../../policy/cel/values/timestamp.ts'
import type { Library } from '../../policy/cel/check/signature.ts'
import type { Original } from './classify.ts'

type Fields = Readonly<Record<string, unknown>>

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {}
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

const readers: Readonly<Record<string, (value: unknown) => unknown>> = {
  nullValue: () => null,
  boolValue: (value) => value,
  stringValue: (value) => value,
  int64Value: (value) => toInt(BigInt(textOf(value))),
  uint64Value: (value) => new Uint(BigInt(textOf(value))),
  doubleValue: (value) => toDouble(Number(value)),
  bytesValue: (value) => Uint8Array.fromBase64(textOf(value)),
  typeValue: (value) => new TypeValue(textOf(value)),
  listValue: (value) => listOf(fieldsOf(value)['values']).map(toValue),
  mapValue: (value) => toMap(listOf(fieldsOf(value)['entries'])),
  objectValue: (value) => toWellKnown(fieldsOf(value)),
}

export function toValue(value: unknown): unknown {
  for (const [name, read] of Object.entries(readers)) {
    if (Object.hasOwn(fieldsOf(value), name)) return read(fieldsOf(value)[name])
  }
  throw new Error(`a value of the specification that cannot be read: ${JSON.stringify(value)}`)
}

function toMap(entries: readonly unknown[]): CelMap {
  const map = new CelMap()
  for (const entry of entries) putEntry(map, toValue(fieldsOf(entry)['key']), toValue(fieldsOf(entry)['value']))
  return map
}

function toWellKnown(object: Fields): unknown {
  const text = textOf(object['value'])
  return textOf(object['@type']).endsWith('Duration') ? parseDuration(text) : parseTimestamp(text)
}

export function toBindings(bindings: Original['bindings']): Record<string, unknown> {
  return Object.fromEntries(Object.entries(bindings ?? {}).map(([name, { value }]) => [name, toValue(value)]))
}

const primitives: Readonly<Record<string, string>> = {
  BOOL: 'bool',
  INT64: 'int',
  UINT64: 'uint',
  DOUBLE: 'double',
  STRING: 'string',
  BYTES: 'bytes',
}

/** The specification's type as this engine writes it. */
export function toTypeText(type: unknown): string {
  const fields = fieldsOf(type)
  const { listType, mapType, abstractType } = fields
  if (isFields(listType)) return `list<${toTypeText(listType['elemType'])}>`
  if (isFields(mapType)) return `map<${toTypeText(mapType['keyType'])}, ${toTypeText(mapType['valueType'])}>`
  if (isFields(abstractType)) return toAbstract(abstractType)
  if ('null' in fields) return 'null_type'
  if ('type' in fields) return 'type<dyn>'
  if (fields['wellKnown'] === 'TIMESTAMP') return 'timestamp'
  if (fields['wellKnown'] === 'DURATION') return 'duration'
  return primitives[textOf(fields['primitive'])] ?? (textOf(fields['typeParam']) || 'dyn')
}

function toAbstract(type: Fields): string {
  const name = textOf(type['name']) === 'optional_type' ? 'optional' : textOf(type['name'])
  const parameters = listOf(type['parameterTypes']).map(toTypeText)
  return parameters.length === 0 ? name : `${name}<${parameters.join(', ')}>`
}

export interface TypedEnvironment {
  readonly variables: Record<string, string>
  readonly library: Library
}

export function toEnvironment({ typeEnv = [], bindings = {}, disableCheck = false }: Original): TypedEnvironment {
  const variables: Record<string, string> = {}
  const global: [string, () => never][] = []
  for (const declaration of typeEnv.map(fieldsOf)) {
    const name = textOf(declaration['name'])
    if (declaration['ident'] !== undefined) variables[name] = toTypeText(fieldsOf(declaration['ident'])['type'])
    for (const overload of listOf(fieldsOf(declaration['function'])['overloads']).map(fieldsOf)) {
      const types = listOf(overload['params']).map(toTypeText).join(', ')
      global.push([`${name}(${types}): ${toTypeText(overload['resultType'])}`, unimplemented])
    }
  }
  if (disableCheck) for (const name of Object.keys(bindings)) variables[name] ??= 'dyn'
  return { variables, library: { global } }
}

function unimplemented(): never {
  throw new Error('only its type is tested')
}
