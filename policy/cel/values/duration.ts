// Durations with nanoseconds. The range is that of 64-bit nanoseconds (about 292 years), as in cel-go and Kubernetes.
import { fail } from '../failure.ts'

const nanosPerSecond = 1_000_000_000n
const maxNanos = 2n ** 63n - 1n

/** `seconds` and `nanos` have the same sign. */
export class Duration {
  readonly seconds: number
  readonly nanos: number
  constructor(seconds: number, nanos: number) {
    this.seconds = seconds
    this.nanos = nanos
  }
}

export function durationOfNanos(total: bigint): Duration {
  if (total > maxNanos || total < -maxNanos - 1n) fail('range')
  return new Duration(Number(total / nanosPerSecond), Number(total % nanosPerSecond))
}

export function nanosOf(duration: Duration): bigint {
  return BigInt(duration.seconds) * nanosPerSecond + BigInt(duration.nanos)
}

export function addDurations(a: Duration, b: Duration): Duration {
  return durationOfNanos(nanosOf(a) + nanosOf(b))
}

export function subtractDurations(a: Duration, b: Duration): Duration {
  return durationOfNanos(nanosOf(a) - nanosOf(b))
}

export function compareDurations(a: Duration, b: Duration): number {
  return a.seconds - b.seconds || a.nanos - b.nanos
}

const unitNanos: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: nanosPerSecond,
  m: 60n * nanosPerSecond,
  h: 3600n * nanosPerSecond,
}

const wholeDuration = /^[+-]?(?:(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:ns|us|µs|μs|ms|s|m|h))+$/u
const parts = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/gu

/** As Go writes them: "1h45m47s", "-1.5s", "0". Undefined where the text is none; fails when out of range. */
export function parseDuration(text: string): Duration | undefined {
  if (/^[+-]?0$/u.test(text)) return new Duration(0, 0)
  if (text.length > 100 || !wholeDuration.test(text)) return undefined
  let total = 0n
  for (const part of text.matchAll(parts)) total += nanosOfPart(part)
  return durationOfNanos(text.startsWith('-') ? -total : total)
}

function nanosOfPart([, whole = '', fraction = '', unit = '']: readonly string[]): bigint {
  const factor = unitNanos[unit] ?? 0n
  const part = fraction === '' ? 0n : (BigInt(fraction) * factor) / 10n ** BigInt(fraction.length)
  return BigInt(whole === '' ? '0' : whole) * factor + part
}

/** In seconds, as the JSON form of protobuf durations: "6347s", "0.5s". */
export function durationText({ seconds, nanos }: Duration): string {
  const sign = seconds < 0 || nanos < 0 ? '-' : ''
  return `${sign}${Math.abs(seconds)}${fractionText(Math.abs(nanos))}s`
}

export function fractionText(nanos: number): string {
  return nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/u, '')}`
}
