// Vehicle identification numbers with the check digit of North America and China.
import type { Detector } from '../detector.ts'
import { isVin } from '../verifiers/americas-asia-pacific.ts'

export const vin: Detector = {
  name: 'vin',
  class: 'PII',
  // In pairs: the gate takes a long repeat for an endless one of four or more, and four letters are any word.
  pattern: String.raw`\b[A-HJ-NPR-Za-hj-npr-z0-9](?:[A-HJ-NPR-Za-hj-npr-z0-9]{2}){8}\b`,
  verify: isVin,
  maxLength: 17,
}
