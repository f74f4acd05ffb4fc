// Brazilian CPF with both checks.
import type { Detector } from '../detector.ts'
import { isCpf } from '../verifiers/americas-asia-pacific.ts'

export const brCpf: Detector = {
  name: 'br-cpf',
  class: 'PII',
  pattern: String.raw`\b\d{3}[ .]?\d{3}[ .]?\d{3}[ .-]?\d{2}\b`,
  verify: isCpf,
  maxLength: 14,
}
