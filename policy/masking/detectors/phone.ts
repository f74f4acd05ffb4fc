// International telephone numbers: + or 00 and a country code with the length its numbers have.
import type { Detector } from '../detector.ts'
import { isPhone } from '../verifiers/phone.ts'

export const phone: Detector = {
  name: 'phone',
  class: 'PII',
  pattern: [String.raw`\+\d(?:[ .()/-]{0,3}\d){6,14}\b`, String.raw`\b00[1-9](?:[ .()/-]{0,2}\d){7,13}\b`].join('|'),
  verify: isPhone,
  maxLength: 60,
}
