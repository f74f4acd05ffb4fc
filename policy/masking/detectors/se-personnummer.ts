// Swedish personal numbers with their hyphen, or of twelve digits.
import type { Detector } from '../detector.ts'
import { isSwedishPersonnummer } from '../verifiers/luhn.ts'

export const sePersonnummer: Detector = {
  name: 'se-personnummer',
  class: 'PII',
  pattern: String.raw`\b(?:19|20)?\d{6}[-+]\d{4}\b|\b(?:19|20)\d{10}\b`,
  verify: isSwedishPersonnummer,
  maxLength: 13,
}
