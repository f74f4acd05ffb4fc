// Reading JSON objects of an inference request field by field: a wrong shape is refused with the name of the field and without
// its value, and text under keys that nobody knows is gathered, because a model may read it.
import type { Json, JsonObject } from '../../../policy/model.ts'
import { GatewayError } from '../../errors.ts'
import { findConfusingKey } from './known-keys.ts'
import type { JsonBounds } from './strict-json.ts'
import { isJsonObject, parseStrictJson } from './strict-json.ts'

export function malformed(message: string): GatewayError {
  return new GatewayError('body_malformed', message)
}

/** The body of a request that must be one JSON object, and its text. */
export function readJsonObject(
  bytes: Uint8Array,
  bounds?: JsonBounds,
): { readonly text: string; readonly body: JsonObject } {
  const text = readText(bytes)
  const parsed = parseStrictJson(text, bounds)
  if ('refused' in parsed) throw malformed(parsed.refused)
  if (!isJsonObject(parsed.value)) throw malformed('The body must be a JSON object.')
  return { text, body: parsed.value }
}

export function readText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new GatewayError('body_malformed', 'The body is not valid UTF-8.', { cause })
  }
}

/** Of an object that is looked at key by key; what a schema or a vendor's data holds is not. */
const maxKeys = 500

/** No key that another reader would take for one of these, or for another key of the same object. */
export function assertPlainKeys(object: JsonObject, known: ReadonlySet<string>): void {
  if (Object.keys(object).length > maxKeys) throw malformed(`One object has more than ${maxKeys} keys.`)
  const confusing = findConfusingKey(object, known)
  if (confusing === undefined) return
  const which = known.has(confusing) ? `\`${confusing}\` is written in another way` : 'Two keys differ in case alone'
  throw malformed(`${which}; some servers would read it, others would not.`)
}

export function readString(from: JsonObject, key: string): string {
  const value = own(from, key)
  if (typeof value !== 'string') throw malformed(`\`${key}\` must be a string.`)
  return value
}

export function readOptionalString(from: JsonObject, key: string): string {
  const value = own(from, key) ?? ''
  if (typeof value !== 'string') throw malformed(`\`${key}\` must be a string.`)
  return value
}

/** Absent or null: 0. */
export function readCount(from: JsonObject, key: string): number {
  const value = own(from, key) ?? 0
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw malformed(`\`${key}\` must be a whole number.`)
  }
  return value
}

/** Absent or null: false. */
export function readFlag(from: JsonObject, key: string): boolean {
  const value = own(from, key) ?? false
  if (typeof value !== 'boolean') throw malformed(`\`${key}\` must be true or false.`)
  return value
}

/** Absent or null: empty. */
export function readList(from: JsonObject, key: string): readonly JsonObject[] {
  const value = own(from, key) ?? []
  if (!Array.isArray(value) || !value.every(isJsonObject)) throw malformed(`\`${key}\` must be a list of objects.`)
  return value
}

export function readObject(from: JsonObject, key: string): JsonObject {
  const value = own(from, key)
  if (!isJsonObject(value)) throw malformed(`\`${key}\` must be an object.`)
  return value
}

/** Every field but these. */
export function withoutKeys(object: JsonObject, keys: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.has(key)))
}

/** Arguments of a tool call as a value; null where they are not JSON or not plain. */
export function toInput(text: string): Json {
  const parsed = parseStrictJson(text)
  return 'refused' in parsed ? null : parsed.value
}

export function joinText(text: string, others: readonly string[]): string {
  return others.length === 0 ? text : [text, ...others].join('\n')
}

function own(from: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(from, key) ? from[key] : undefined
}
