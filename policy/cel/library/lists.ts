// Lists: Kubernetes' functions (isSorted, sum, min, max, indexOf) and those of the lists extension.
import type { Declaration, Library } from '../check/signature.ts'
import type { Meter } from '../failure.ts'
import { fail } from '../failure.ts'
import type { DoubleValue, Int, List, Value } from '../values/box.ts'
import { Double, fromDouble, toDouble, Uint } from '../values/box.ts'
import { compareMetered, isEqual } from '../values/compare.ts'
import { Duration, addDurations } from '../values/duration.ts'
import { addInt, isInt, toUint } from '../values/integer.ts'

const ordered = ['int', 'uint', 'double', 'bool', 'string', 'bytes', 'duration', 'timestamp']

function isSorted(list: List, meter: Meter): boolean {
  return list.every((item, index) => index === 0 || compareMetered(list[index - 1], item, meter) <= 0)
}

function extreme(list: List, sign: 1 | -1, meter: Meter): Value {
  if (list.length === 0) return fail('invalid_argument')
  return list.reduce((best, item) => (compareMetered(item, best, meter) * sign > 0 ? item : best))
}

/** Elements decide, not the type of the list: that of a list of JSON is known only now. */
function sum(list: List, zero: Value, meter: Meter): Value {
  meter.charge(list.length)
  const [first, ...rest] = list
  if (first === undefined) return zero
  return rest.length === 0 ? requireSummand(first) : rest.reduce(add, first)
}

function requireSummand(value: Value): Value {
  const isSummand = isInt(value) || isDouble(value) || value instanceof Uint || value instanceof Duration
  return isSummand ? value : fail('no_such_overload')
}

function add(a: Value, b: Value): Value {
  if (isInt(a) && isInt(b)) return addInt(a, b)
  if (a instanceof Uint && b instanceof Uint) return toUint(a.value + b.value)
  if (a instanceof Duration && b instanceof Duration) return addDurations(a, b)
  return isDouble(a) && isDouble(b) ? toDouble(fromDouble(a) + fromDouble(b)) : fail('no_such_overload')
}

function isDouble(value: Value): value is DoubleValue {
  return typeof value === 'number' || value instanceof Double
}

function indexOf(list: List, value: Value, meter: Meter): number {
  meter.charge(list.length)
  return list.findIndex((item) => isEqual(item, value, meter))
}

function lastIndexOf(list: List, value: Value, meter: Meter): number {
  meter.charge(list.length)
  return list.findLastIndex((item) => isEqual(item, value, meter))
}

function slice(list: List, start: Int, end: Int, meter: Meter): List {
  if (start < 0 || end > list.length || start > end) return fail('index_out_of_range')
  meter.charge(Number(end) - Number(start))
  return list.slice(Number(start), Number(end))
}

function flatten(list: List, depth: Int, meter: Meter): List {
  if (depth < 0) return fail('invalid_argument')
  meter.charge(list.length)
  return list.flatMap((item) => {
    if (!Array.isArray(item)) return [item]
    return depth > 1 ? flatten(item, Number(depth) - 1, meter) : takeAll(item, meter)
  })
}

function takeAll(list: List, meter: Meter): List {
  meter.charge(list.length)
  return list
}

function distinct(list: List, meter: Meter): List {
  const kept: Value[] = []
  for (const item of list) if (indexOf(kept, item, meter) < 0) kept.push(item)
  return kept
}

function range(count: Int, meter: Meter): List {
  if (count < 0) return []
  meter.charge(Number(count))
  return Array.from({ length: Number(count) }, (_item, index) => index)
}

function reverse(list: List, meter: Meter): List {
  return takeAll(list, meter).toReversed()
}

function sort(list: List, meter: Meter): List {
  meter.charge(list.length)
  return list.toSorted((a, b) => compareMetered(a, b, meter))
}

function ofOrdered(type: string): readonly Declaration[] {
  return [
    [`list<${type}>.isSorted(): bool`, isSorted],
    [`list<${type}>.min(): ${type}`, (list: List, meter: Meter) => extreme(list, -1, meter)],
    [`list<${type}>.max(): ${type}`, (list: List, meter: Meter) => extreme(list, 1, meter)],
    [`list<${type}>.sort(): list<${type}>`, sort],
  ]
}

export const lists: Library = {
  global: [['lists.range(int): list<int>', range]],
  member: [
    ...ordered.flatMap(ofOrdered),
    ['list<int>.sum(): int', (list: List, meter: Meter) => sum(list, 0, meter)],
    ['list<uint>.sum(): uint', (list: List, meter: Meter) => sum(list, new Uint(0n), meter)],
    ['list<double>.sum(): double', (list: List, meter: Meter) => sum(list, new Double(0), meter)],
    ['list<duration>.sum(): duration', (list: List, meter: Meter) => sum(list, new Duration(0, 0), meter)],
    ['list<A>.indexOf(A): int', indexOf],
    ['list<A>.lastIndexOf(A): int', lastIndexOf],
    ['list<A>.slice(int, int): list<A>', slice],
    ['list<A>.flatten(): list<dyn>', (list: List, meter: Meter) => flatten(list, 1, meter)],
    ['list<A>.flatten(int): list<dyn>', flatten],
    ['list<A>.distinct(): list<A>', distinct],
    ['list<A>.reverse(): list<A>', reverse],
  ],
}
