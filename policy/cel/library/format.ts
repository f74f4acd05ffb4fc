// `"%s has %d".format([...])`: the verbs of the strings extension. What a verb cannot write is a failure, not an approximation.
import type { ConstantCheck } from '../check/signature.ts'
import type { Meter } from '../failure.ts'
import { fail, unitsPerText } from '../failure.ts'
import type { List, Value } from '../values/box.ts'
import { Double, Opaque, TypeValue, Uint } from '../values/box.ts'
import { Duration, durationText } from '../values/duration.ts'
import { isInt } from '../values/integer.ts'
import { isMap } from '../values/kind.ts'
import type { AnyMap } from '../values/map.ts'
import { getEntry, mapKeys } from '../values/map.ts'
import { compareText, doubleText, encodeUtf8 } from '../values/text.ts'
import { Timestamp, timestampText } from '../values/timestamp.ts'

const verb = /%(?:%|(\.\d{0,3})?([a-zA-Z])|)/gu
const maxPrecision = 100

/** For templates that are written out: a verb that does not exist is told before the first request. */
export const templateCheck: ConstantCheck = {
  index: 0,
  what: 'format',
  check: (value) => {
    if (typeof value !== 'string') return undefined
    const unknown = [...value.matchAll(verb)].find(
      ([whole, , letter]) => whole !== '%%' && !Object.hasOwn(verbs, letter ?? ''),
    )
    return unknown === undefined ? undefined : `unknown verb ${unknown[0]}; there are %s %d %f %e %b %o %x %X`
  },
}

export function formatText(template: string, args: List, meter: Meter): string {
  meter.charge(template.length * unitsPerText + args.length)
  let used = 0
  return template.replaceAll(verb, (whole: string, precision: string | undefined, letter: string | undefined) => {
    if (whole === '%%') return '%'
    if (letter === undefined || used >= args.length) return fail('invalid_argument')
    const value = args[used]
    used += 1
    const write = Object.hasOwn(verbs, letter) ? verbs[letter] : undefined
    const text = (write ?? unknownVerb)(value, { precision: toPrecision(precision), meter })
    meter.charge(text.length * unitsPerText)
    return text
  })
}

function unknownVerb(): never {
  return fail('invalid_argument')
}

function toPrecision(text: string | undefined): number {
  if (text === undefined) return 6
  const precision = Number(text.slice(1))
  return precision > maxPrecision ? fail('invalid_argument') : precision
}

interface Writing {
  readonly precision: number
  readonly meter: Meter
}

const verbs: Readonly<Record<string, (value: Value, writing: Writing) => string>> = {
  s: (value, { meter }) => plain(value, meter),
  d: decimal,
  f: (value, { precision }) => special(value) ?? fixed(toNumber(value), precision),
  e: (value, { precision }) => special(value) ?? exponential(toNumber(value), precision),
  b: (value) => (typeof value === 'boolean' ? String(Number(value)) : inBase(value, 2)),
  o: (value) => inBase(value, 8),
  x: hex,
  X: (value) => hex(value).toUpperCase(),
}

/** The text of a value as `%s` writes it. */
function plain(value: Value, meter: Meter): string {
  meter.charge(8)
  if (typeof value === 'string') return value
  if (value === null || typeof value === 'boolean') return String(value)
  if (isInt(value) || value instanceof Uint || typeof value === 'number' || value instanceof Double)
    return decimal(value)
  if (Array.isArray(value)) return `[${value.map((item) => plain(item, meter)).join(', ')}]`
  return isMap(value) ? mapText(value, meter) : boxText(value)
}

function boxText(value: Value): string {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value)
  if (value instanceof Timestamp) return timestampText(value)
  if (value instanceof Duration) return durationText(value)
  if (value instanceof TypeValue) return value.name
  return value instanceof Opaque ? value.toText() : fail('invalid_argument')
}

function mapText(map: AnyMap, meter: Meter): string {
  const entries = mapKeys(map).map((key) => [plain(key, meter), plain(getEntry(map, key), meter)] as const)
  const sorted = entries.toSorted(([a], [b]) => compareText(a, b))
  return `{${sorted.map(([key, value]) => `${key}: ${value}`).join(', ')}}`
}

function decimal(value: Value): string {
  if (isInt(value)) return String(value)
  if (value instanceof Uint) return String(value.value)
  return special(value) ?? doubleText(doubleOf(value))
}

/** Doubles that are no numbers are written as words by every verb that takes doubles. */
function special(value: Value): string | undefined {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : undefined
}

function doubleOf(value: Value): number {
  if (typeof value === 'number') return value
  return value instanceof Double ? value.value : fail('invalid_argument')
}

function toNumber(value: Value): number {
  if (typeof value === 'bigint') return Number(value)
  return value instanceof Uint ? Number(value.value) : doubleOf(value)
}

function inBase(value: Value, base: number): string {
  if (isInt(value)) return BigInt(value).toString(base)
  return value instanceof Uint ? value.value.toString(base) : fail('invalid_argument')
}

function hex(value: Value): string {
  if (typeof value === 'string') return hexOfBytes(encodeUtf8(value))
  return value instanceof Uint8Array ? hexOfBytes(value) : inBase(value, 16)
}

function hexOfBytes(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

/** Ties go to the even digit, as in Go; JavaScript's own rounding sends them up. */
function fixed(value: number, precision: number): string {
  const magnitude = Math.abs(value)
  const sign = value < 0 ? '-' : ''
  if (magnitude >= 1e21) return `${sign}${BigInt(magnitude)}${precision === 0 ? '' : `.${'0'.repeat(precision)}`}`
  // oxlint-disable-next-line oxc/number-arg-out-of-range -- up to 100 since ES2018
  return sign + toEven(magnitude.toFixed(precision), magnitude.toFixed(100), precision)
}

/** `exact` has all digits: a tie is a five with nothing after it. */
function toEven(rounded: string, exact: string, precision: number): string {
  const cut = exact.indexOf('.') + 1 + precision
  const isTie = /^50*$/u.test(exact.slice(cut))
  const kept = exact.slice(0, cut).replace(/\.$/u, '')
  return isTie && /[02468]$/u.test(kept) ? kept : rounded
}

function exponential(value: number, precision: number): string {
  const [mantissa = '', power = '+0'] = value.toExponential(precision).split('e')
  return `${mantissa}e${power.slice(0, 1)}${power.slice(1).padStart(2, '0')}`
}
