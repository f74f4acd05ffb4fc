// The small grammars of the settings file: durations, URLs, host names, prefixes, address ranges. Pure text, shared by the
// parsers of issuers and grants.
import { parseRange } from './address.ts'
import type { Read } from './settings-reader.ts'
import { addProblem, text } from './settings-reader.ts'

const durationPattern = /^(?:[0-9]{1,5}(?:h|m|s|ms)){1,4}$/u
const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 }

/** Undefined when it is no duration. `1h30m` is 5400000. */
export function toDurationMs(value: string): number | undefined {
  if (!durationPattern.test(value)) return undefined
  let total = 0
  for (const [, count = '0', unit = 'ms'] of value.matchAll(/([0-9]+)(ms|h|m|s)/gu)) {
    total += Number(count) * (unitMs[unit] ?? 0)
  }
  return total
}

export interface DurationBounds {
  readonly min: string
  readonly max: string
}

export function duration({ min, max }: DurationBounds): Read<string> {
  const minMs = toDurationMs(min) ?? 0
  const maxMs = toDurationMs(max) ?? 0
  return (value, at) => {
    const ms = typeof value === 'string' ? toDurationMs(value) : undefined
    if (typeof value !== 'string' || ms === undefined || ms < minMs || ms > maxMs) {
      return addProblem(at, `must be a duration from ${min} to ${max}, such as 90s or 1h30m`)
    }
    return value
  }
}

/** DNS-1123: what Kubernetes calls a namespace, a Service and most other things. */
export const label = text({
  max: 63,
  pattern: /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/u,
  expected: 'a name of lower-case letters, digits and inner hyphens',
})

export const hostname = text({
  max: 253,
  pattern:
    /^(?:\*\.)?(?=[^.]*\.|localhost$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/u,
  expected: 'a lower-case host name such as models.example.com or *.example.com',
})

export const prefix = text({
  max: 256,
  pattern: /^\/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*\/)*$/u,
  expected: 'a path such as /a/b/ that starts and ends in a slash',
})

/** Where identities and keys come from: encrypted, except on this machine. */
export const issuerUrl = text({
  max: 1024,
  test: isSafeUrl,
  expected: 'an https:// URL (http:// for localhost alone) without user, query and fragment',
})

export const addressRange = text({ max: 64, test: isAddressRange, expected: 'a CIDR such as 10.0.0.0/8 or fd00::/8' })

function isSafeUrl(value: string): boolean {
  const url = URL.parse(value)
  if (url === null || /[\s?#\\]/u.test(value) || url.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname))
}

export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/u.test(host)
}

function isAddressRange(value: string): boolean {
  return value.includes('/') && parseRange(value) !== undefined
}
