// Strings as CEL sees them: sequences of code points. JavaScript counts UTF-16 units, and the two differ only where surrogates
// are; text without any takes the fast way.
import type { Meter } from '../failure.ts'
import { fail, unitsPerText } from '../failure.ts'

const surrogate = /[\uD800-\uDFFF]/
const encoder = new TextEncoder()

export function hasSurrogates(text: string): boolean {
  return surrogate.test(text)
}

export function codePointCount(text: string): number {
  if (!surrogate.test(text)) return text.length
  let count = 0
  for (let index = 0; index < text.length; index += 1) {
    if (isPairAt(text, index)) index += 1
    count += 1
  }
  return count
}

function isPairAt(text: string, index: number): boolean {
  const unit = text.charCodeAt(index)
  if (unit < 0xd8_00 || unit > 0xdb_ff) return false
  const next = text.charCodeAt(index + 1)
  return next >= 0xdc_00 && next <= 0xdf_ff
}

/**
 * Negative, zero or positive: the number of code points against a bound. A text has between half as many code points as units
 * and as many, so that nearly every bound is decided without reading the text.
 */
export function compareCodePointCount(text: string, bound: number, meter: Meter): number {
  if (text.length < bound) return -1
  if (text.length > bound * 2) return 1
  meter.charge(text.length * unitsPerText)
  return codePointCount(text) - bound
}

/** The index in units of a code point; one past the end is allowed. */
export function unitIndex(text: string, point: number): number {
  if (point < 0) fail('index_out_of_range')
  if (!surrogate.test(text)) {
    if (point > text.length) fail('index_out_of_range')
    return point
  }
  let unit = 0
  for (let passed = 0; passed < point; passed += 1) {
    if (unit >= text.length) fail('index_out_of_range')
    unit += isPairAt(text, unit) ? 2 : 1
  }
  return unit
}

export function pointIndex(text: string, unit: number): number {
  return unit <= 0 ? unit : codePointCount(text.slice(0, unit))
}

/** By code point. Units order differently where a surrogate meets U+E000 to U+FFFF. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  const byUnit = a < b ? -1 : 1
  if (!surrogate.test(a) && !surrogate.test(b)) return byUnit
  const shorter = Math.min(a.length, b.length)
  let index = 0
  while (index < shorter && a.charCodeAt(index) === b.charCodeAt(index)) index += 1
  if (index === shorter) return byUnit
  return toCodePointOrder(a.charCodeAt(index)) - toCodePointOrder(b.charCodeAt(index))
}

function toCodePointOrder(unit: number): number {
  return unit >= 0xd8_00 && unit <= 0xdf_ff ? unit + 0x1_00_00 : unit
}

export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text)
}

export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return fail('invalid_utf8')
  }
}

/** As Go's strconv writes a double: shortest digits; an exponent of two digits from 1e6 on and below 1e-4. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const magnitude = Math.abs(value)
  if (magnitude >= 1e6 || magnitude < 1e-4) {
    return value.toExponential().replace(/e([+-])(\d)$/u, 'e$10$2')
  }
  return value.toString()
}
