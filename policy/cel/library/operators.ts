// Arithmetic, and the operators that the planner knows itself: those are declared here for their types.
import type { Library } from '../check/signature.ts'
import type { Meter } from '../failure.ts'
import { fail, unitsPerText } from '../failure.ts'
import type { DoubleValue, List, Uint, Value } from '../values/box.ts'
import { fromDouble, toDouble } from '../values/box.ts'
import { compare, isEqual } from '../values/compare.ts'
import { addDurations, subtractDurations } from '../values/duration.ts'
import {
  addInt,
  divideInt,
  divideUint,
  moduloInt,
  moduloUint,
  multiplyInt,
  negateInt,
  subtractInt,
  toUint,
} from '../values/integer.ts'
import type { AnyMap } from '../values/map.ts'
import { getEntry } from '../values/map.ts'
import { joinBytes } from '../syntax/literal.ts'
import { addToTimestamp, subtractFromTimestamp, timestampDifference } from '../values/timestamp.ts'
import type { Timestamp } from '../values/timestamp.ts'
import type { Duration } from '../values/duration.ts'

const ordered = ['bool', 'int', 'uint', 'double', 'string', 'bytes', 'timestamp', 'duration']
const numbers = ['int', 'uint', 'double']

const orders: Readonly<Record<string, (order: number) => boolean>> = {
  '_<_': (order) => order < 0,
  '_<=_': (order) => order <= 0,
  '_>_': (order) => order > 0,
  '_>=_': (order) => order >= 0,
}

function comparisons(): NonNullable<Library['global']> {
  const pairs = ordered.map((type) => [type, type])
  for (const a of numbers) for (const b of numbers) if (a !== b) pairs.push([a, b])
  return Object.entries(orders).flatMap(([name, decide]) =>
    pairs.map(([a, b]) => [`${name}(${a}, ${b}): bool`, (x: Value, y: Value) => decide(compare(x, y))] as const),
  )
}

const double =
  (operate: (a: number, b: number) => number) =>
  (a: DoubleValue, b: DoubleValue): DoubleValue =>
    toDouble(operate(fromDouble(a), fromDouble(b)))

/** Strings longer than this are not built; JavaScript's own limit would end in a RangeError. */
export const maxTextLength = 16_777_216

function concatenate(a: string, b: string, meter: Meter): string {
  meter.charge((a.length + b.length) * unitsPerText)
  return a.length + b.length > maxTextLength ? fail('range') : a + b
}

function concatenateLists(a: List, b: List, meter: Meter): List {
  meter.charge(a.length + b.length)
  return [...a, ...b]
}

export function listContains(list: List, value: Value, meter: Meter): boolean {
  meter.charge(list.length)
  if (typeof value === 'string' && value.length < 256) return list.includes(value)
  return list.some((item) => isEqual(item, value, meter))
}

export const operators: Library = {
  global: [
    ...comparisons(),
    ['_==_(A, A): bool', (a: Value, b: Value, meter: Meter) => isEqual(a, b, meter)],
    ['_!=_(A, A): bool', (a: Value, b: Value, meter: Meter) => !isEqual(a, b, meter)],
    ['_?_:_(bool, A, A): A', (condition: boolean, a: Value, b: Value) => (condition ? a : b)],
    ['!_(bool): bool', (a: boolean) => !a],
    ['-_(int): int', negateInt],
    ['-_(double): double', (a: DoubleValue) => toDouble(-fromDouble(a))],
    ['@in(A, list<A>): bool', (value: Value, list: List, meter: Meter) => listContains(list, value, meter)],
    ['@in(A, map<A, B>): bool', (key: Value, map: AnyMap) => getEntry(map, key) !== undefined],
    ['_+_(int, int): int', addInt],
    ['_+_(uint, uint): uint', (a: Uint, b: Uint) => toUint(a.value + b.value)],
    ['_+_(double, double): double', double((a, b) => a + b)],
    ['_+_(string, string): string', concatenate],
    ['_+_(bytes, bytes): bytes', (a: Uint8Array, b: Uint8Array, meter: Meter) => addBytes(a, b, meter)],
    ['_+_(list<A>, list<A>): list<A>', concatenateLists],
    ['_+_(duration, duration): duration', addDurations],
    ['_+_(timestamp, duration): timestamp', addToTimestamp],
    ['_+_(duration, timestamp): timestamp', (a: Duration, b: Timestamp) => addToTimestamp(b, a)],
    ['_-_(int, int): int', subtractInt],
    ['_-_(uint, uint): uint', (a: Uint, b: Uint) => toUint(a.value - b.value)],
    ['_-_(double, double): double', double((a, b) => a - b)],
    ['_-_(duration, duration): duration', subtractDurations],
    ['_-_(timestamp, duration): timestamp', subtractFromTimestamp],
    ['_-_(timestamp, timestamp): duration', timestampDifference],
    ['_*_(int, int): int', multiplyInt],
    ['_*_(uint, uint): uint', (a: Uint, b: Uint) => toUint(a.value * b.value)],
    ['_*_(double, double): double', double((a, b) => a * b)],
    ['_/_(int, int): int', divideInt],
    ['_/_(uint, uint): uint', divideUint],
    ['_/_(double, double): double', double((a, b) => a / b)],
    ['_%_(int, int): int', moduloInt],
    ['_%_(uint, uint): uint', moduloUint],
  ],
}

function addBytes(a: Uint8Array, b: Uint8Array, meter: Meter): Uint8Array {
  meter.charge((a.length + b.length) * unitsPerText)
  return a.length + b.length > maxTextLength ? fail('range') : joinBytes([a, b])
}
