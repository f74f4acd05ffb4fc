// British NHS numbers in their three groups, or near the word.
import type { Detector } from '../detector.ts'
import { isNhsNumber } from '../verifiers/europe.ts'

export const ukNhs: Detector = {
  name: 'uk-nhs',
  class: 'PHI',
  pattern: String.raw`\b\d{3}[ .-]?\d{3}[ .-]?\d{4}\b`,
  verify: isNhsNumber,
  context: { required: true, words: ['nhs', 'nhs number', 'patient', 'patients', 'chi'] },
  maxLength: 12,
}
