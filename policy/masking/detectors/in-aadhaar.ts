// Indian Aadhaar with the Verhoeff check, near the word: one in ten groups of twelve digits passes the check.
import type { Detector } from '../detector.ts'
import { isAadhaar } from '../verifiers/iso7064.ts'

export const inAadhaar: Detector = {
  name: 'in-aadhaar',
  class: 'PII',
  pattern: String.raw`\b[2-9]\d{3}[ ._-]{0,2}\d{4}[ ._-]{0,2}\d{4}\b`,
  verify: isAadhaar,
  context: { required: true, words: ['aadhaar', 'aadhar', 'adhaar', 'uidai', 'uid', 'आधार'] },
  maxLength: 16,
}
