// Conversions between the standard types. Texts of timestamps and durations that are written out are checked at compile time.
import type { ConstantCheck, Library } from '../check/signature.ts'
import type { Meter } from '../failure.ts'
import { CelFailure, fail, unitsPerText } from '../failure.ts'
import type { DoubleValue, Int, List, Uint, Value } from '../values/box.ts'
import { fromDouble, toDouble, TypeValue } from '../values/box.ts'
import { durationText, parseDuration } from '../values/duration.ts'
import type { Duration } from '../values/duration.ts'
import { intOfDouble, intOfText, toInt, toUint, uintOfDouble, uintOfText } from '../values/integer.ts'
import { typeNameOf } from '../values/kind.ts'
import type { AnyMap } from '../values/map.ts'
import { mapSize } from '../values/map.ts'
import { codePointCount, decodeUtf8, doubleText, encodeUtf8 } from '../values/text.ts'
import { makeTimestamp, parseTimestamp, timestampText } from '../values/timestamp.ts'
import type { Timestamp } from '../values/timestamp.ts'

const same = (value: Value): Value => value

const booleans = new Map([
  ...['1', 't', 'true', 'TRUE', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'false', 'FALSE', 'False'].map((text) => [text, false] as const),
])

/** The number as a JavaScript double, as `double(text)` reads it. */
function doubleOfText(text: string): DoubleValue {
  const special = /^[+-]?inf(?:inity)?$/iu.test(text) ? (text.startsWith('-') ? -Infinity : Infinity) : undefined
  if (special !== undefined) return special
  if (/^nan$/iu.test(text)) return Number.NaN
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/u.test(text) || text.length > 400) return fail('conversion')
  const value = Number(text)
  return Number.isFinite(value) ? toDouble(value) : fail('range')
}

function textOfBytes(bytes: Uint8Array, meter: Meter): string {
  meter.charge(bytes.length * unitsPerText)
  return decodeUtf8(bytes)
}

/** Undefined where the text is fine. */
function findProblem(parse: (text: string) => unknown, hint: string): (value: Value) => string | undefined {
  return (value) => {
    try {
      return typeof value === 'string' && parse(value) === undefined ? hint : undefined
    } catch (error) {
      if (error instanceof CelFailure) return 'out of range'
      throw error
    }
  }
}

const timestampText3339: ConstantCheck = {
  index: 0,
  what: 'timestamp (RFC 3339)',
  check: findProblem(parseTimestamp, 'write it as "2026-01-31T12:00:00Z"'),
}

const durationTextCheck: ConstantCheck = {
  index: 0,
  what: 'duration',
  check: findProblem(parseDuration, 'write it as "1h30m" or "90s"'),
}

export const conversions: Library = {
  global: [
    ['dyn(A): dyn', same],
    ['type(A): type<A>', (value: Value) => new TypeValue(typeNameOf(value))],
    ['bool(bool): bool', same],
    ['bool(string): bool', (text: string) => booleans.get(text) ?? fail('conversion')],
    ['int(int): int', same],
    ['int(uint): int', (value: Uint) => toInt(value.value)],
    ['int(double): int', (value: DoubleValue) => intOfDouble(fromDouble(value))],
    ['int(string): int', intOfText],
    ['int(timestamp): int', (time: Timestamp) => time.seconds],
    ['int(duration): int', (duration: Duration) => duration.seconds],
    ['uint(uint): uint', same],
    ['uint(int): uint', (value: Int) => toUint(BigInt(value))],
    ['uint(double): uint', (value: DoubleValue) => uintOfDouble(fromDouble(value))],
    ['uint(string): uint', uintOfText],
    ['double(double): double', same],
    ['double(int): double', (value: Int) => toDouble(Number(value))],
    ['double(uint): double', (value: Uint) => toDouble(Number(value.value))],
    ['double(string): double', doubleOfText],
    ['string(string): string', same],
    ['string(bool): string', String],
    ['string(int): string', String],
    ['string(uint): string', (value: Uint) => String(value.value)],
    ['string(double): string', (value: DoubleValue) => doubleText(fromDouble(value))],
    ['string(bytes): string', textOfBytes],
    ['string(timestamp): string', timestampText],
    ['string(duration): string', durationText],
    ['bytes(bytes): bytes', same],
    ['bytes(string): bytes', (text: string, meter: Meter) => toBytes(text, meter)],
    ['timestamp(timestamp): timestamp', same],
    ['timestamp(string): timestamp', (text: string) => parseTimestamp(text) ?? fail('conversion'), timestampText3339],
    ['timestamp(int): timestamp', (seconds: Int) => makeTimestamp(Number(seconds), 0)],
    ['duration(duration): duration', same],
    ['duration(string): duration', (text: string) => parseDuration(text) ?? fail('conversion'), durationTextCheck],
    ['size(string): int', sizeOfText],
    ['size(bytes): int', (bytes: Uint8Array) => bytes.length],
    ['size(list<A>): int', (list: List) => list.length],
    ['size(map<A, B>): int', mapSize],
  ],
  member: [
    ['string.size(): int', sizeOfText],
    ['bytes.size(): int', (bytes: Uint8Array) => bytes.length],
    ['list<A>.size(): int', (list: List) => list.length],
    ['map<A, B>.size(): int', (map: AnyMap) => mapSize(map)],
  ],
}

function toBytes(text: string, meter: Meter): Uint8Array {
  meter.charge(text.length * unitsPerText)
  return encodeUtf8(text)
}

function sizeOfText(text: string, meter: Meter): number {
  meter.charge(text.length * unitsPerText)
  return codePointCount(text)
}
