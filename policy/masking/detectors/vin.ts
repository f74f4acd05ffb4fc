// Vehicle identification numbers with the check digit of North America and China.
import type { Detector } from '../detector.ts'
import { isVin } from '../verifiers/americas-asia-pacific.ts'

export const vin: Detector = {
  name: 'vin',
  class: 'PII',
  // In fours: repeats up to four stay exact in the gate, which then passes ordinary words.
  pattern: String.raw`\b(?:[A-HJ-NPR-Za-hj-npr-z0-9]{4}){4}[A-HJ-NPR-Za-hj-npr-z0-9]\b`,
  verify: isVin,
  maxLength: 17,
}
