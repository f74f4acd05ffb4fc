// IPv6 addresses, whole or shortened, with a dotted quad or without.
import type { Detector } from '../detector.ts'
import { isIpv6 } from '../verifiers/address.ts'

export const ipv6: Detector = {
  name: 'ipv6',
  class: 'PII',
  pattern: String.raw`\b[0-9A-Fa-f]{1,4}(?::{1,2}[0-9A-Fa-f]{1,4}){1,7}(?::[0-9.]{7,15})?(?:::)?|::(?:[0-9A-Fa-f]{1,4}:){0,6}(?:[0-9A-Fa-f]{1,4}|[0-9.]{7,15})\b`,
  verify: isIpv6,
  maxLength: 60,
}
