// US social security numbers as nine digits in other groupings or none, near a word for them.
import type { Detector } from '../detector.ts'
import { isSsn } from '../verifiers/us-ssn.ts'

export const usSsnPlain: Detector = {
  name: 'us-ssn-plain',
  class: 'PII',
  pattern: String.raw`\b\d(?:[ .-]?\d){8}\b`,
  verify: isSsn,
  context: {
    required: true,
    words: [
      'ssn',
      'ssns',
      'social',
      'social security',
      'social security number',
      'tax id',
      'tin',
      'itin',
      'soc sec',
      's.s.n',
    ],
  },
  maxLength: 17,
}
