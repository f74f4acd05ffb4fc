// Canadian social insurance numbers, near the word: Luhn lets one in ten pass.
import type { Detector } from '../detector.ts'
import { isCanadianSin } from '../verifiers/luhn.ts'

export const caSin: Detector = {
  name: 'ca-sin',
  class: 'PII',
  pattern: String.raw`\b[1-79]\d{2}[ .-]{0,2}\d{3}[ .-]{0,2}\d{3}\b`,
  verify: isCanadianSin,
  context: {
    required: true,
    words: ['sin', 'social insurance', 'social insurance number', 'nas', 'assurance sociale'],
  },
  maxLength: 13,
}
