// German tax ids (Steuer-IdNr.): digit rule and mod 11,10, in groups or near the word.
import type { Detector } from '../detector.ts'
import { isGermanTaxId } from '../verifiers/iso7064.ts'

export const deTaxId: Detector = {
  name: 'de-tax-id',
  class: 'PII',
  pattern: String.raw`\b[1-9]\d[ ./-]?\d{3}[ ./-]?\d{3}[ ./-]?\d{3}\b`,
  verify: isGermanTaxId,
  maxLength: 14,
}
