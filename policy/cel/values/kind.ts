// Which kind of CEL value a JavaScript value is, when no checker has said so.
import { Double, Opaque, Optional, TypeValue, Uint } from './box.ts'
import type { Value } from './box.ts'
import { Duration } from './duration.ts'
import { CelMap } from './map.ts'
import type { AnyMap } from './map.ts'
import { Timestamp } from './timestamp.ts'

export type Kind =
  | 'null_type'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'list'
  | 'map'
  | 'google.protobuf.Timestamp'
  | 'google.protobuf.Duration'
  | 'type'
  | 'optional_type'
  | 'opaque'

export function kindOf(value: Value): Kind {
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'int' : 'double'
  if (typeof value === 'bigint') return 'int'
  return typeof value === 'object' && value !== null ? kindOfObject(value) : 'null_type'
}

const boxes = [
  [CelMap, 'map'],
  [Double, 'double'],
  [Uint, 'uint'],
  [Timestamp, 'google.protobuf.Timestamp'],
  [Duration, 'google.protobuf.Duration'],
  [Uint8Array, 'bytes'],
  [Optional, 'optional_type'],
  [TypeValue, 'type'],
  [Opaque, 'opaque'],
] as const

function kindOfObject(value: object): Kind {
  if (Array.isArray(value)) return 'list'
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return 'map'
  for (const [type, kind] of boxes) if (value instanceof type) return kind
  return 'map'
}

export function isMap(value: Value): value is AnyMap {
  return typeof value === 'object' && value !== null && kindOfObject(value) === 'map'
}

/** The name that `type()` gives. */
export function typeNameOf(value: Value): string {
  return value instanceof Opaque ? value.typeName : kindOf(value)
}
