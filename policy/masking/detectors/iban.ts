// IBAN in either case and any grouping: country lengths and mod 97.
import type { Detector } from '../detector.ts'
import { isIban } from '../verifiers/mod97.ts'

export const iban: Detector = {
  name: 'iban',
  class: 'PII',
  pattern: String.raw`\b[A-Za-z]{2}[\s.-]{0,2}\d{2}(?:[\s.-]{0,2}[A-Za-z0-9]){11,29}\b`,
  verify: isIban,
  maxLength: 90,
}
