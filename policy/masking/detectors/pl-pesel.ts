// Polish PESEL, near the word or Poland's words for number.
import type { Detector } from '../detector.ts'
import { isPesel } from '../verifiers/europe.ts'

export const plPesel: Detector = {
  name: 'pl-pesel',
  class: 'PII',
  pattern: String.raw`\b\d{11}\b`,
  verify: isPesel,
  context: { required: true, words: ['pesel', 'numer', 'identyfikacyjny', 'nr'] },
  maxLength: 11,
}
