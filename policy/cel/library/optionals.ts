// Optional values: may be there or not, and say so in their type.
import type { Library } from '../check/signature.ts'
import { fail } from '../failure.ts'
import type { List, Value } from '../values/box.ts'
import { Double, none, Optional, some, Uint } from '../values/box.ts'
import { Duration } from '../values/duration.ts'
import { isMap } from '../values/kind.ts'
import { mapSize } from '../values/map.ts'
import { Timestamp } from '../values/timestamp.ts'

function isZero(value: Value): boolean {
  if (typeof value !== 'object' || value === null) return !value && !Number.isNaN(value)
  return isZeroObject(value)
}

function isZeroObject(value: object): boolean {
  if (value instanceof Duration || value instanceof Timestamp) return value.seconds === 0 && value.nanos === 0
  if (value instanceof Uint || value instanceof Double) return Number(value.value) === 0
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0
  return isMap(value) && mapSize(value) === 0
}

export const optionals: Library = {
  global: [
    ['optional.none(): optional<A>', () => none],
    ['optional.of(A): optional<A>', some],
    ['optional.ofNonZeroValue(A): optional<A>', (value: Value) => (isZero(value) ? none : some(value))],
    ['optional.unwrap(list<optional<A>>): list<A>', unwrap],
  ],
  member: [
    ['optional<A>.hasValue(): bool', ({ present }: Optional) => present],
    ['optional<A>.value(): A', ({ present, value }: Optional) => (present ? value : fail('optional_none'))],
    ['optional<A>.or(optional<A>): optional<A>', (a: Optional, b: Optional) => (a.present ? a : b)],
    ['optional<A>.orValue(A): A', (a: Optional, other: Value) => (a.present ? a.value : other)],
    ['list<optional<A>>.unwrapOpt(): list<A>', unwrap],
  ],
}

function unwrap(list: List): List {
  return list.flatMap((item) => {
    if (!(item instanceof Optional)) return fail('no_such_overload')
    return item.present ? [item.value] : []
  })
}
