// Equality and order. Numbers are compared by value across int, uint and double; values of kinds that have nothing to do with each
// other are unequal, never an error. The meter pays for every element that is looked at.
import { fail, unitsPerText } from '../failure.ts'
import type { Meter } from '../failure.ts'
import type { Value } from './box.ts'
import { Double, Opaque, Optional, TypeValue, Uint } from './box.ts'
import { compareDurations, Duration } from './duration.ts'
import { isMap } from './kind.ts'
import type { AnyMap } from './map.ts'
import { getEntry, mapKeys, mapSize } from './map.ts'
import { compareText } from './text.ts'
import { compareTimestamps, Timestamp } from './timestamp.ts'

export function isEqual(a: Value, b: Value, meter: Meter): boolean {
  if (typeof a === 'string') return typeof b === 'string' && isEqualText(a, b, meter)
  if (typeof a === 'object' && a !== null) return isEqualObject(a, b, meter)
  return a === b || compareNumeric(a, b) === 0
}

/** Texts of different length are told apart without looking. */
export function isEqualText(a: string, b: string, meter: Meter): boolean {
  if (a.length !== b.length) return false
  if (a.length > 64) meter.charge(a.length * unitsPerText)
  return a === b
}

type Numeric = number | bigint

/** Numbers stay numbers; beyond the safe range integers stay bigints. */
function toNumeric(value: Value): Numeric | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value
  if (value instanceof Double) return value.value
  if (value instanceof Uint) return value.value <= 9_007_199_254_740_991n ? Number(value.value) : value.value
  return undefined
}

/**
 * Undefined when one of them is not a number. Beyond the safe range an integer meets a double as a double does, losing digits, as
 * in cel-go.
 */
export function compareNumeric(a: Value, b: Value): number | undefined {
  const left = toNumeric(a)
  const right = toNumeric(b)
  return left === undefined || right === undefined ? undefined : compareNumbers(left, right)
}

function compareNumbers(a: Numeric, b: Numeric): number {
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : a === b ? 0 : Number.NaN
  const left = Number(a)
  const right = Number(b)
  return left < right ? -1 : left > right ? 1 : left === right ? 0 : Number.NaN
}

function isEqualObject(a: object, b: Value, meter: Meter): boolean {
  const numbers = compareNumeric(a, b)
  if (numbers !== undefined) return numbers === 0
  if (typeof b !== 'object' || b === null) return false
  if (Array.isArray(a)) return Array.isArray(b) && isEqualList(a, b, meter)
  if (isMap(a)) return isMap(b) && isEqualMap(a, b, meter)
  if (a instanceof Optional) return b instanceof Optional && isEqualOptional(a, b, meter)
  return isEqualBox(a, b)
}

function isEqualBox(a: object, b: object): boolean {
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name
  if (a instanceof Opaque) return b instanceof Opaque && a.typeName === b.typeName && a.equals(b)
  return compareBoxes(a, b) === 0
}

/** Undefined where there is no order between them. */
function compareBoxes(a: Value, b: Value): number | undefined {
  if (a instanceof Timestamp) return b instanceof Timestamp ? compareTimestamps(a, b) : undefined
  if (a instanceof Duration) return b instanceof Duration ? compareDurations(a, b) : undefined
  return a instanceof Uint8Array && b instanceof Uint8Array ? compareBytes(a, b) : undefined
}

function isEqualList(a: readonly Value[], b: readonly Value[], meter: Meter): boolean {
  if (a.length !== b.length) return false
  meter.charge(a.length)
  for (let index = 0; index < a.length; index += 1) if (!isEqual(a[index], b[index], meter)) return false
  return true
}

function isEqualMap(a: AnyMap, b: AnyMap, meter: Meter): boolean {
  const keys = mapKeys(a)
  if (keys.length !== mapSize(b)) return false
  meter.charge(keys.length * 4)
  for (const key of keys) {
    const other = getEntry(b, key)
    if (other === undefined || !isEqual(getEntry(a, key), other, meter)) return false
  }
  return true
}

function isEqualOptional(a: Optional, b: Optional, meter: Meter): boolean {
  return a.present === b.present && (!a.present || isEqual(a.value, b.value, meter))
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length)
  for (let index = 0; index < shorter; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** For sorting, which compares more often than anybody wrote down. */
export function compareMetered(a: Value, b: Value, meter: Meter): number {
  meter.charge(typeof a === 'string' ? 1 + a.length * unitsPerText : 1)
  return compare(a, b)
}

/** Negative, zero, positive; NaN where a NaN takes part. Fails where there is no order. */
export function compare(a: Value, b: Value): number {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b)
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b)
  return compareNumeric(a, b) ?? compareBoxes(a, b) ?? fail('no_such_overload')
}
