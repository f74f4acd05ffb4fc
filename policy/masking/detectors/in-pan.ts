// Indian permanent account numbers: five letters of which the fourth tells the kind of holder, four digits, a letter.
import type { Detector } from '../detector.ts'

export const inPan: Detector = {
  name: 'in-pan',
  class: 'PII',
  pattern: String.raw`\b[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]\b`,
  maxLength: 10,
}
