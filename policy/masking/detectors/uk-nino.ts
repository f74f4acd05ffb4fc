// British national insurance numbers without the prefixes that are never given out.
import type { Detector } from '../detector.ts'
import { isBritishNino } from '../verifiers/europe.ts'

export const ukNino: Detector = {
  name: 'uk-nino',
  class: 'PII',
  pattern: String.raw`\b[A-Za-z]{2}[ -]?\d{2}[ -]?\d{2}[ -]?\d{2}[ -]?[A-Da-d]\b`,
  verify: isBritishNino,
  maxLength: 13,
}
