// Singapore NRIC and FIN with their letter.
import type { Detector } from '../detector.ts'
import { isNric } from '../verifiers/americas-asia-pacific.ts'

export const sgNric: Detector = {
  name: 'sg-nric',
  class: 'PII',
  pattern: String.raw`\b[STFGMstfgm]\d{7}[A-Za-z]\b`,
  verify: isNric,
  maxLength: 9,
}
