// Telephone numbers in the North American form, and with the area in parentheses.
import type { Detector } from '../detector.ts'
import { isPhone } from '../verifiers/phone.ts'

export const phoneNational: Detector = {
  name: 'phone-national',
  class: 'PII',
  pattern: [
    String.raw`\b(?:1[ .-])?[2-9]\d{2}[ .-]{1,2}[2-9]\d{2}[ .-]{1,2}\d{4}\b`,
    String.raw`(?:1[ .-])?\(\d{2,5}\) ?\d{2,8}(?:[ -]\d{2,5}){0,3}\b`,
  ].join('|'),
  verify: isPhone,
  maxLength: 45,
}
