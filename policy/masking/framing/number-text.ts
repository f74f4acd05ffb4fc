// Number literals as text, and other tokens without quotes: what is masked is how the number is written, since many readers lose the
// digits of a long one.
import type { Masker } from '../masker.ts'

const literal = /^-?(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/u

export function isNumber(source: string): boolean {
  return literal.test(source)
}

/** Undefined: there is nothing to mask in it. `start` gives a fresh masker each time. */
export function maskNumber(source: string, start: () => Masker): string | undefined {
  const masked = maskWhole(source, start)
  if (masked !== source) return masked
  const digits = toDigits(source)
  if (digits === undefined) return undefined
  const maskedDigits = maskWhole(digits, start)
  return maskedDigits === digits ? undefined : maskedDigits
}

function maskWhole(text: string, start: () => Masker): string {
  const masker = start()
  return masker.push(text) + masker.end()
}

/** No number that anybody is known by is longer, however it is written. */
const maxDigits = 64
const maxUnits = 1_000

/** `4.1e3` and `4100.0` are other spellings of 4100. Undefined: not a whole number, too long to be a name, or plain already. */
export function toDigits(source: string): string | undefined {
  if (source.length > maxUnits || !/[.eE]/u.test(source)) return undefined
  const [, whole = '', fraction = '', exponent = '0'] = literal.exec(source) ?? []
  const length = whole.length + Number(exponent)
  if (length < 1 || length > maxDigits) return undefined
  const digits = (whole + fraction).padEnd(length, '0')
  return isZero(digits.slice(length)) ? withoutZeros(digits.slice(0, length)) : undefined
}

function isZero(digits: string): boolean {
  return /^0*$/u.test(digits)
}

function withoutZeros(digits: string): string {
  return digits.replace(/^0+(?=.)/u, '')
}
