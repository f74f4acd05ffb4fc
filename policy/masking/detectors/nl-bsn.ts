// Dutch BSN, near the word: the eleven test lets one in eleven pass.
import type { Detector } from '../detector.ts'
import { isDutchBsn } from '../verifiers/europe.ts'

export const nlBsn: Detector = {
  name: 'nl-bsn',
  class: 'PII',
  pattern: String.raw`\b\d{4}[ .]?\d{2}[ .]?\d{3}\b`,
  verify: isDutchBsn,
  context: { required: true, words: ['bsn', 'burgerservicenummer', 'sofinummer', 'sofi'] },
  maxLength: 11,
}
