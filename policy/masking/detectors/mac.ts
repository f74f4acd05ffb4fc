// MAC addresses in the notations of IEEE 802, Windows and Cisco.
import type { Detector } from '../detector.ts'
import { isMac } from '../verifiers/address.ts'

export const mac: Detector = {
  name: 'mac',
  class: 'PII',
  pattern: String.raw`\b[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}\b|\b[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}\b|\b[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\b`,
  verify: isMac,
  maxLength: 17,
}
