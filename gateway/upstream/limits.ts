// The limits of a connection as numbers. What absence means is documented at each field of the ModelConnection CRD.
import type { CompiledConnection } from '../../policy/snapshot.ts'

export interface UpstreamLimits {
  readonly maxRequestBytes: number
  readonly maxResponseBytes: number
  readonly connectTimeoutMs: number
  readonly firstByteTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly maxConcurrent: number
}

const mebibyte = 1024 * 1024
const unitsMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }
/** The CRD's own bound; also far below what a timer can hold. */
const maxDurationMs = 24 * 3_600_000

export function toUpstreamLimits(connection: CompiledConnection): UpstreamLimits {
  const declared = connection.declared.spec.limits ?? {}
  return {
    maxRequestBytes: declared.maxRequestBytes ?? 10 * mebibyte,
    maxResponseBytes: declared.maxResponseBytes ?? 100 * mebibyte,
    connectTimeoutMs: toMilliseconds(declared.connectTimeout, 5000),
    firstByteTimeoutMs: toMilliseconds(declared.firstByteTimeout, 300_000),
    idleTimeoutMs: toMilliseconds(declared.idleTimeout, 60_000),
    requestTimeoutMs: toMilliseconds(declared.requestTimeout, 1_800_000),
    maxConcurrent: declared.maxConcurrent ?? Number.POSITIVE_INFINITY,
  }
}

/** `1m30s` is 90000. What the CRD would not admit (nothing, zero, beyond a day) counts as absent: a limit is never lost. */
export function toMilliseconds(text: string | undefined, absentMs: number): number {
  if (text === undefined || !/^(?:[0-9]{1,5}(?:h|m|s|ms)){1,4}$/.test(text)) return absentMs
  let totalMs = 0
  for (const [, amount, unit] of text.matchAll(/([0-9]+)(ms|h|m|s)/g))
    totalMs += Number(amount) * (unitsMs[unit ?? ''] ?? 0)
  return totalMs > 0 && totalMs <= maxDurationMs ? totalMs : absentMs
}
