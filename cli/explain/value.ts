// Values of CEL as people and JSON can read them.
import { CelMap } from '../../policy/cel/values/map.ts'
import { Double, Optional, Uint } from '../../policy/cel/values/box.ts'

/** JSON where there is a form of it; the name of the kind where there is none. */
export function toPlainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  return Array.isArray(value) ? value.map(toPlainValue) : toPlainObject(value)
}

function toPlainObject(value: object): unknown {
  if (value instanceof CelMap) {
    return Object.fromEntries([...value.entries].map(([key, entry]) => [String(key), toPlainValue(entry.value)]))
  }
  if (value instanceof Double) return value.value
  if (value instanceof Uint) return String(value.value)
  if (value instanceof Optional) return value.present ? toPlainValue(value.value) : null
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return `(${value.constructor.name.toLowerCase()})`
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, toPlainValue(one)]))
}
