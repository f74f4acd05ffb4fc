// 64-bit arithmetic. Signed integers are numbers while they are safe and bigints beyond; leaving 64 bits is a failure, never a
// wrap. Unsigned integers are always boxed bigints: they are rare.
import { fail } from '../failure.ts'
import type { Int } from './box.ts'
import { Uint } from './box.ts'

const minInt = -(2n ** 63n)
const maxInt = 2n ** 63n - 1n
const maxUint = 2n ** 64n - 1n
const maxSafe = BigInt(Number.MAX_SAFE_INTEGER)

export function toInt(value: bigint): Int {
  if (value >= -maxSafe && value <= maxSafe) return Number(value)
  if (value < minInt || value > maxInt) fail('overflow')
  return value
}

export function toUint(value: bigint): Uint {
  if (value < 0n || value > maxUint) fail('overflow')
  return new Uint(value)
}

export function isInt(value: unknown): value is Int {
  return typeof value === 'number' ? Number.isSafeInteger(value) : typeof value === 'bigint'
}

export function addInt(a: Int, b: Int): Int {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    if (Number.isSafeInteger(sum)) return sum
  }
  return toInt(BigInt(a) + BigInt(b))
}

export function subtractInt(a: Int, b: Int): Int {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b
    if (Number.isSafeInteger(difference)) return difference
  }
  return toInt(BigInt(a) - BigInt(b))
}

export function multiplyInt(a: Int, b: Int): Int {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b
    // `+ 0` turns the negative zero of 0 * -1 into the zero of integers.
    if (Number.isSafeInteger(product)) return product + 0
  }
  return toInt(BigInt(a) * BigInt(b))
}

export function divideInt(a: Int, b: Int): Int {
  if (b === 0 || b === 0n) fail('divide_by_zero')
  if (typeof a === 'number' && typeof b === 'number') return Math.trunc(a / b) + 0
  return toInt(BigInt(a) / BigInt(b))
}

export function moduloInt(a: Int, b: Int): Int {
  if (b === 0 || b === 0n) fail('modulus_by_zero')
  if (typeof a === 'number' && typeof b === 'number') return (a % b) + 0
  if (BigInt(b) === -1n && BigInt(a) === minInt) fail('overflow')
  return toInt(BigInt(a) % BigInt(b))
}

export function negateInt(a: Int): Int {
  return typeof a === 'number' ? 0 - a : toInt(-a)
}

export function divideUint(a: Uint, b: Uint): Uint {
  if (b.value === 0n) fail('divide_by_zero')
  return new Uint(a.value / b.value)
}

export function moduloUint(a: Uint, b: Uint): Uint {
  if (b.value === 0n) fail('modulus_by_zero')
  return new Uint(a.value % b.value)
}

/** Both ends are excluded, as in cel-go: a double cannot tell the greatest integer from its successor. */
export function intOfDouble(value: number): Int {
  if (!(value > -9_223_372_036_854_775_808 && value < 9_223_372_036_854_775_808)) fail('range')
  return toInt(BigInt(Math.trunc(value)))
}

export function uintOfDouble(value: number): Uint {
  if (!(value > -1 && value < 18_446_744_073_709_551_616)) fail('range')
  return new Uint(BigInt(Math.trunc(value)))
}

export function intOfText(text: string): Int {
  if (!/^[+-]?\d{1,30}$/u.test(text)) fail('conversion')
  return toInt(BigInt(text.startsWith('+') ? text.slice(1) : text))
}

export function uintOfText(text: string): Uint {
  if (!/^\d{1,30}$/u.test(text)) fail('conversion')
  return toUint(BigInt(text))
}
