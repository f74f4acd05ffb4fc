// Spanish DNI and NIE with their letter.
import type { Detector } from '../detector.ts'
import { isSpanishDniOrNie } from '../verifiers/europe.ts'

export const esDniNie: Detector = {
  name: 'es-dni-nie',
  class: 'PII',
  pattern: String.raw`\b(?:\d{2}\.?\d{3}\.?\d{3}|[XYZxyz][ .-]?\d{7})[ .-]?[A-Za-z]\b`,
  verify: isSpanishDniOrNie,
  maxLength: 14,
}
