// Australian Medicare card numbers near the word.
import type { Detector } from '../detector.ts'
import { isAustralianMedicare } from '../verifiers/americas-asia-pacific.ts'

export const auMedicare: Detector = {
  name: 'au-medicare',
  class: 'PHI',
  pattern: String.raw`\b[2-6]\d{3}[ -]?\d{5}[ -]?\d(?:[ /-]?\d)?\b`,
  verify: isAustralianMedicare,
  context: { required: true, words: ['medicare'] },
  maxLength: 15,
}
