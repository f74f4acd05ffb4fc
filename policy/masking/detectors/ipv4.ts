// IPv4 addresses of hosts; loopback, masks and multicast name nobody.
import type { Detector } from '../detector.ts'
import { isIpv4 } from '../verifiers/address.ts'

export const ipv4: Detector = {
  name: 'ipv4',
  class: 'PII',
  pattern: String.raw`\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b`,
  verify: isIpv4,
  maxLength: 15,
}
