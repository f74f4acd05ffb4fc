// What CEL values are in JavaScript. JSON is used as it is, without copying:
//   int        a number that is a safe integer; beyond that a bigint
//   double     any other number; a whole-numbered double is a boxed Double, so that 1.0 is not 1
//   list       an array;  map: a plain object (own properties only) or a CelMap, whose keys are typed
// Everything else has a class of its own. A struct of a typed environment is a plain object too: only the checker knows it.

export type Value = unknown
export type Int = number | bigint
export type List = readonly Value[]

/** A double that has the value of an integer, or is negative zero. */
export class Double {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

export type DoubleValue = number | Double

export function toDouble(value: number): DoubleValue {
  return Number.isSafeInteger(value) ? new Double(value) : value
}

export function fromDouble(value: DoubleValue): number {
  return typeof value === 'number' ? value : value.value
}

export class Uint {
  readonly value: bigint
  constructor(value: bigint) {
    this.value = value
  }
}

export class TypeValue {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

export class Optional {
  readonly present: boolean
  readonly value: Value
  constructor(present: boolean, value: Value) {
    this.present = present
    this.value = value
  }
}

export const none = new Optional(false, null)

export function some(value: Value): Optional {
  return new Optional(true, value)
}

/** A value whose inside only its library knows: an IP address, a quantity, a version, a URL, a format. */
export abstract class Opaque {
  abstract readonly typeName: string
  abstract equals(other: Opaque): boolean
  /** As `string()` and `%s` write it. */
  abstract toText(): string
}
