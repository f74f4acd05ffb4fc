// US social security numbers written in their three groups, also glued to a word for them, with the rules for areas. Nine bare digits: us-ssn-plain.ts.
import type { Detector } from '../detector.ts'
import { isSsn } from '../verifiers/us-ssn.ts'

export const usSsn: Detector = {
  name: 'us-ssn',
  class: 'PII',
  pattern: [
    String.raw`\b\d{3}[\s./_-]{1,3}\d{2}[\s./_-]{1,3}\d{4}\b`,
    String.raw`\b(?i:ssn|social)[A-Za-z]{0,8}\d{3}[ ./_-]{1,3}\d{2}[ ./_-]{1,3}\d{4}[A-Za-z]{0,8}\b`,
  ].join('|'),
  verify: isSsn,
  maxLength: 34,
}
