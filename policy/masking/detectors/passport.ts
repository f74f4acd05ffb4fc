// Passport numbers of one or two letters and digits, or nine digits, near the word.
import type { Detector } from '../detector.ts'

export const passport: Detector = {
  name: 'passport',
  class: 'PII',
  pattern: String.raw`\b(?:[A-Z]{1,2}\d{6,8}|[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{7}\d|\d{9})\b`,
  context: {
    required: true,
    words: [
      'passport',
      'passports',
      'reisepass',
      'pass-nr',
      'passeport',
      'pasaporte',
      'passaporto',
      'paspoort',
      'passaporte',
      'travel document',
    ],
  },
  maxLength: 10,
}
