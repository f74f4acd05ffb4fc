// Belgian national register numbers with their check.
import type { Detector } from '../detector.ts'
import { isBelgianNationalNumber } from '../verifiers/mod97.ts'

export const beNationalNumber: Detector = {
  name: 'be-national-number',
  class: 'PII',
  pattern: String.raw`\b\d{2}[ .]?\d{2}[ .]?\d{2}[ -]?\d{3}[ .]?\d{2}\b`,
  verify: isBelgianNationalNumber,
  maxLength: 16,
}
