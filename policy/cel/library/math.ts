// The math extension.
import type { Declaration, Library } from '../check/signature.ts'
import type { Meter } from '../failure.ts'
import { fail } from '../failure.ts'
import type { DoubleValue, Int, List, Value } from '../values/box.ts'
import { Double, fromDouble, toDouble, Uint } from '../values/box.ts'
import { compareNumeric } from '../values/compare.ts'
import { isInt, negateInt, toInt } from '../values/integer.ts'

function extreme(list: List, sign: 1 | -1, meter: Meter): Value {
  meter.charge(list.length)
  let best: Value
  for (const item of list) {
    const order = best === undefined ? 0 : compareNumeric(item, best)
    if (order === undefined || !isNumber(item)) return fail('no_such_overload')
    if (best === undefined || order * sign > 0) best = item
  }
  return best ?? fail('invalid_argument')
}

function isNumber(value: Value): boolean {
  return isInt(value) || typeof value === 'number' || value instanceof Double || value instanceof Uint
}

const numbers = ['int', 'uint', 'double']

function extremes(name: string, sign: 1 | -1): readonly Declaration[] {
  const declarations: Declaration[] = []
  for (const a of numbers) {
    declarations.push([`${name}(${a}): ${a}`, (value: Value) => value])
    declarations.push([`${name}(list<${a}>): ${a}`, (list: List, meter: Meter) => extreme(list, sign, meter)])
    for (const b of numbers) {
      const result = a === b ? a : 'dyn'
      declarations.push([`${name}(${a}, ${b}): ${result}`, (x: Value, y: Value, m: Meter) => extreme([x, y], sign, m)])
    }
  }
  return declarations
}

const ofDouble =
  (operate: (value: number) => number) =>
  (value: DoubleValue): DoubleValue =>
    toDouble(operate(fromDouble(value)))

/** Half away from zero; JavaScript sends halves up. */
function round(value: number): number {
  return Math.trunc(value) === value ? value : Math.sign(value) * Math.round(Math.abs(value))
}

function signOfInt(value: Int): Int {
  return value > 0 ? 1 : value < 0 ? -1 : 0
}

type Bits = (a: bigint, b: bigint) => bigint

function bitwise(name: string, operate: Bits): readonly Declaration[] {
  return [
    [`math.${name}(int, int): int`, (a: Int, b: Int) => toInt(operate(BigInt(a), BigInt(b)))],
    [`math.${name}(uint, uint): uint`, (a: Uint, b: Uint) => new Uint(BigInt.asUintN(64, operate(a.value, b.value)))],
  ]
}

/** Shifts are of the bits, not of the number: a right shift of a negative integer brings in zeros. */
function shifts(name: string, operate: Bits): readonly Declaration[] {
  const shift = (bits: bigint, by: Int): bigint => {
    if (by < 0) return fail('invalid_argument')
    return by > 63 ? 0n : BigInt.asUintN(64, operate(BigInt.asUintN(64, bits), BigInt(by)))
  }
  return [
    [`math.${name}(int, int): int`, (a: Int, by: Int) => toInt(BigInt.asIntN(64, shift(BigInt(a), by)))],
    [`math.${name}(uint, int): uint`, (a: Uint, by: Int) => new Uint(shift(a.value, by))],
  ]
}

export const math: Library = {
  global: [
    ...extremes('math.@max', 1),
    ...extremes('math.@min', -1),
    ['math.ceil(double): double', ofDouble(Math.ceil)],
    ['math.floor(double): double', ofDouble(Math.floor)],
    ['math.round(double): double', ofDouble(round)],
    ['math.trunc(double): double', ofDouble(Math.trunc)],
    ['math.abs(int): int', (value: Int) => (value < 0 ? negateInt(value) : value)],
    ['math.abs(uint): uint', (value: Uint) => value],
    ['math.abs(double): double', ofDouble(Math.abs)],
    ['math.sign(int): int', signOfInt],
    ['math.sign(uint): uint', (value: Uint) => new Uint(value.value === 0n ? 0n : 1n)],
    ['math.sign(double): double', ofDouble(Math.sign)],
    ['math.isNaN(double): bool', (value: DoubleValue) => Number.isNaN(fromDouble(value))],
    ['math.isInf(double): bool', (value: DoubleValue) => Math.abs(fromDouble(value)) === Infinity],
    ['math.isFinite(double): bool', (value: DoubleValue) => Number.isFinite(fromDouble(value))],
    ['math.sqrt(double): double', ofDouble(Math.sqrt)],
    ['math.sqrt(int): double', (value: Int) => toDouble(Math.sqrt(Number(value)))],
    ['math.sqrt(uint): double', (value: Uint) => toDouble(Math.sqrt(Number(value.value)))],
    ...bitwise('bitAnd', (a, b) => a & b),
    ...bitwise('bitOr', (a, b) => a | b),
    ...bitwise('bitXor', (a, b) => a ^ b),
    ['math.bitNot(int): int', (value: Int) => toInt(~BigInt(value))],
    ['math.bitNot(uint): uint', (value: Uint) => new Uint(BigInt.asUintN(64, ~value.value))],
    ...shifts('bitShiftLeft', (a, b) => a << b),
    ...shifts('bitShiftRight', (a, b) => a >> b),
  ],
}
