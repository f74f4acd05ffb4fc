// IPv6 addresses, whole or shortened, with a dotted quad or without.
import type { Detector } from '../detector.ts'
import { isIpv6 } from '../verifiers/address.ts'

const group = '[0-9A-Fa-f]{1,4}'
const quad = '[0-9.]{7,15}'

export const ipv6: Detector = {
  name: 'ipv6',
  class: 'PII',
  // Eight groups, or a `::` somewhere: a time of day is neither.
  pattern: [
    String.raw`\b${group}(?::${group}){7}`,
    String.raw`\b${group}(?::${group}){5}:${quad}`,
    String.raw`\b${group}(?::${group}){0,5}::${group}(?::${group}){0,5}(?::${quad})?`,
    String.raw`\b${group}(?::${group}){1,6}::`,
    String.raw`::(?:${group}:){0,6}(?:${group}|${quad})\b`,
  ].join('|'),
  verify: isIpv6,
  maxLength: 60,
}
