// Fields and elements of values whose type is known only now. Own properties alone count.
import { fail } from '../failure.ts'
import type { Value } from '../values/box.ts'
import { Double, none, Optional, some, Uint } from '../values/box.ts'
import { isMap } from '../values/kind.ts'
import { getEntry } from '../values/map.ts'

/** Undefined: the key is absent. Fails where the value has no keys. */
function findKey(target: Value, key: Value): Value {
  if (Array.isArray(target)) {
    const position = toIndex(key)
    return position === undefined ? fail('no_such_overload') : target[position]
  }
  if (!isMap(target)) return fail('no_such_overload')
  return getEntry(target, key)
}

function toIndex(key: Value): number | undefined {
  if (typeof key === 'number') return Number.isSafeInteger(key) ? key : undefined
  if (typeof key === 'bigint') return Number(key)
  if (key instanceof Uint) return Number(key.value)
  return key instanceof Double && Number.isSafeInteger(key.value) ? key.value : undefined
}

function found(target: Value, key: Value): Value {
  const value = findKey(target, key)
  if (value === undefined) fail(Array.isArray(target) ? 'index_out_of_range' : 'no_such_key')
  return value
}

/** `target[key]`; through an optional the result is an optional. */
export function index(target: Value, key: Value): Value {
  return target instanceof Optional ? indexOptional(target, key) : found(target, key)
}

/** `target[?key]` */
export function indexOptional(target: Value, key: Value): Optional {
  if (target instanceof Optional && !target.present) return none
  const value = findKey(target instanceof Optional ? target.value : target, key)
  return value === undefined ? none : some(value)
}

/** `target.field`: lists have elements, but no fields. */
export function select(target: Value, field: string): Value {
  if (target instanceof Optional) return selectOptional(target, field)
  return Array.isArray(target) ? fail('no_such_overload') : found(target, field)
}

export function selectOptional(target: Value, field: string): Optional {
  if (target instanceof Optional && !target.present) return none
  const inner = target instanceof Optional ? target.value : target
  return Array.isArray(inner) ? fail('no_such_overload') : indexOptional(inner, field)
}

/** `has(target.field)` */
export function hasField(target: Value, field: string): boolean {
  return selectOptional(target, field).present
}
