// French social security numbers (NIR) with their key.
import type { Detector } from '../detector.ts'
import { isFrenchNir } from '../verifiers/mod97.ts'

export const frNir: Detector = {
  name: 'fr-nir',
  class: 'PII',
  pattern: String.raw`\b[12378][ .-]?\d{2}[ .-]?\d{2}[ .-]?(?:\d{2}|2[ABab])[ .-]?\d{3}[ .-]?\d{3}[ .-]?\d{2}\b`,
  verify: isFrenchNir,
  maxLength: 22,
}
