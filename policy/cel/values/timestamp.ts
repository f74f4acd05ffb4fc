// Timestamps of the years 1 to 9999 with nanoseconds, without JavaScript's Date: its range, its leniency with impossible days and
// its idea of a host time zone all differ from CEL's.
import { fail } from '../failure.ts'
import type { Duration } from './duration.ts'
import { durationOfNanos, fractionText, nanosOf } from './duration.ts'

const nanosPerSecond = 1_000_000_000n
const minSeconds = -62_135_596_800
const maxSeconds = 253_402_300_799
const secondsPerDay = 86_400

/** Seconds since 1970; `nanos` is never negative. */
export class Timestamp {
  readonly seconds: number
  readonly nanos: number
  constructor(seconds: number, nanos: number) {
    this.seconds = seconds
    this.nanos = nanos
  }
}

export function makeTimestamp(seconds: number, nanos: number): Timestamp {
  if (!(seconds >= minSeconds && seconds <= maxSeconds)) fail('range')
  return new Timestamp(seconds, nanos)
}

export function timestampOfMillis(millis: number): Timestamp {
  const seconds = Math.floor(millis / 1000)
  return makeTimestamp(seconds, Math.floor(millis - seconds * 1000) * 1_000_000)
}

function timestampOfNanos(total: bigint): Timestamp {
  let seconds = total / nanosPerSecond
  let nanos = total % nanosPerSecond
  if (nanos < 0n) {
    seconds -= 1n
    nanos += nanosPerSecond
  }
  return makeTimestamp(Number(seconds), Number(nanos))
}

function totalNanos(time: Timestamp): bigint {
  return BigInt(time.seconds) * nanosPerSecond + BigInt(time.nanos)
}

export function addToTimestamp(time: Timestamp, duration: Duration): Timestamp {
  return timestampOfNanos(totalNanos(time) + nanosOf(duration))
}

export function subtractFromTimestamp(time: Timestamp, duration: Duration): Timestamp {
  return timestampOfNanos(totalNanos(time) - nanosOf(duration))
}

export function timestampDifference(a: Timestamp, b: Timestamp): Duration {
  return durationOfNanos(totalNanos(a) - totalNanos(b))
}

export function compareTimestamps(a: Timestamp, b: Timestamp): number {
  return a.seconds - b.seconds || a.nanos - b.nanos
}

export interface Civil {
  readonly year: number
  /** 1 to 12 */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  /** 0 is Sunday. */
  readonly weekday: number
  /** 0 is the first of January. */
  readonly yearday: number
}

/** Days since 1970-01-01 of the proleptic Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms"). */
export function daysOfCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

export function civilOf(seconds: number): Civil {
  const days = Math.floor(seconds / secondsPerDay)
  const rest = seconds - days * secondsPerDay
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return {
    year,
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
    hour: Math.floor(rest / 3600),
    minute: Math.floor((rest % 3600) / 60),
    second: rest % 60,
    weekday: (((days + 4) % 7) + 7) % 7,
    yearday: days - daysOfCivil(year, 1, 1),
  }
}

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:Z|([+-])(\d\d):(\d\d))$/u

/** RFC 3339 (section 5.6). Undefined where the text is none or the day does not exist; fails when out of range. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = text.length > 64 ? null : rfc3339.exec(text)
  return match === null ? undefined : timestampOfParts(match)
}

function timestampOfParts(match: readonly (string | undefined)[]): Timestamp | undefined {
  const [year = 0, month = 0, day = 0, hour, minute, second] = match.slice(1, 7).map(Number)
  const time = secondsOfClock(hour, minute, second)
  const shift = secondsOfClock(...match.slice(9, 11).map((part) => Number(part ?? 0)))
  if (!isDay(year, month, day) || time === undefined || shift === undefined) return undefined
  const seconds = daysOfCivil(year, month, day) * secondsPerDay + time - (match[8] === '-' ? -shift : shift)
  return makeTimestamp(seconds, Number((match[7] ?? '').padEnd(9, '0')))
}

function secondsOfClock(hour = 0, minute = 0, second = 0): number | undefined {
  return hour > 23 || minute > 59 || second > 59 ? undefined : hour * 3600 + minute * 60 + second
}

export function isDay(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false
  const [nextYear, nextMonth] = month === 12 ? [year + 1, 1] : [year, month + 1]
  return day <= daysOfCivil(nextYear, nextMonth, 1) - daysOfCivil(year, month, 1)
}

export function timestampText(time: Timestamp): string {
  const { year, month, day, hour, minute, second } = civilOf(time.seconds)
  const date = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`
  return `${date}T${two(hour)}:${two(minute)}:${two(second)}${fractionText(time.nanos)}Z`
}

function two(part: number): string {
  return String(part).padStart(2, '0')
}
