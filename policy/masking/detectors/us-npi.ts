// US national provider identifiers near the word, with Luhn over 80840.
import type { Detector } from '../detector.ts'
import { isNpi } from '../verifiers/luhn.ts'

export const usNpi: Detector = {
  name: 'us-npi',
  class: 'PHI',
  pattern: String.raw`\b[12]\d{9}\b`,
  verify: isNpi,
  context: { required: true, words: ['npi', 'provider', 'prescriber', 'physician'] },
  maxLength: 10,
}
