// Brazilian CNPJ of digits with both checks.
import type { Detector } from '../detector.ts'
import { isCnpj } from '../verifiers/americas-asia-pacific.ts'

export const brCnpj: Detector = {
  name: 'br-cnpj',
  class: 'PII',
  pattern: String.raw`\b\d{2}[ .]?\d{3}[ .]?\d{3}[ /]?\d{4}[ -]?\d{2}\b`,
  verify: isCnpj,
  maxLength: 18,
}
