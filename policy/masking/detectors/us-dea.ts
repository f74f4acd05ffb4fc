// US DEA registration numbers of prescribers with their check.
import type { Detector } from '../detector.ts'
import { isDeaNumber } from '../verifiers/americas-asia-pacific.ts'

export const usDea: Detector = {
  name: 'us-dea',
  class: 'PHI',
  pattern: String.raw`\b[ABCDEFGHJKLMPRSTUXabcdefghjklmprstux][A-Za-z9]\d{7}\b`,
  verify: isDeaNumber,
  context: { required: true, words: ['dea', 'prescriber', 'registration', 'rx'] },
  maxLength: 9,
}
