// Maps: plain objects as JSON gives them, and CelMap where keys are typed. Numbers that are equal are the same key whatever their
// type. Only own properties count, so that `constructor` is an ordinary word.
import { fail } from '../failure.ts'
import type { Value } from './box.ts'
import { Double, Uint } from './box.ts'

export type PlainMap = Readonly<Record<string, Value>>
type Key = string | boolean | number | bigint

interface Entry {
  /** As it was written: 1u stays a uint. */
  readonly key: Value
  readonly value: Value
}

export class CelMap {
  readonly entries = new Map<Key, Entry>()
}

export type AnyMap = CelMap | PlainMap

/** Undefined for what can never be a key of this map. */
function toKey(value: Value): Key | undefined {
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value
  if (typeof value === 'bigint') return toNumberKey(value)
  if (value instanceof Uint) return toNumberKey(value.value)
  return value instanceof Double ? value.value + 0 : undefined
}

function toNumberKey(value: bigint): Key {
  const small = Number(value)
  return Number.isSafeInteger(small) ? small : value
}

/** Adds an entry of a map literal. */
export function putEntry(map: CelMap, key: Value, value: Value): void {
  const normal = typeof key === 'object' && !(key instanceof Uint) ? undefined : toKey(key)
  if (normal === undefined || (typeof normal === 'number' && !Number.isInteger(normal))) fail('unsupported_key_type')
  if (map.entries.has(normal)) fail('duplicate_key')
  map.entries.set(normal, { key, value })
}

/** Undefined: no such key. */
export function getEntry(map: AnyMap, key: Value): Value {
  if (map instanceof CelMap) {
    const normal = toKey(key)
    return normal === undefined ? undefined : map.entries.get(normal)?.value
  }
  return typeof key === 'string' && Object.hasOwn(map, key) ? map[key] : undefined
}

export function mapSize(map: AnyMap): number {
  return map instanceof CelMap ? map.entries.size : keysOf(map).length
}

export function mapKeys(map: AnyMap): readonly Value[] {
  return map instanceof CelMap ? [...map.entries.values()].map(({ key }) => key) : keysOf(map)
}

/** An undefined property is an absent one. */
function keysOf(map: PlainMap): string[] {
  return Object.keys(map).filter((key) => map[key] !== undefined)
}
