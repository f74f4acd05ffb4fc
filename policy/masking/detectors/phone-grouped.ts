// Telephone numbers with the national 0 in groups, and the grouped forms of countries without one.
import type { Detector } from '../detector.ts'
import { isPhone } from '../verifiers/phone.ts'

export const phoneGrouped: Detector = {
  name: 'phone-grouped',
  class: 'PII',
  pattern: [
    String.raw`\b0\d{1,4}[ /.-]{1,2}\d{2,8}(?:[ -]\d{2,5}){0,4}\b`,
    String.raw`\b[1-9]\d{1,4}(?:[ -]\d{2,5}){1,3}\b`,
    String.raw`\b8 ?\(?[3489]\d{2}\)?[ -]\d{3}[ -]\d{2}[ -]\d{2}\b`,
  ].join('|'),
  verify: isPhone,
  maxLength: 45,
}
