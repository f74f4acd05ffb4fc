// Dates near a word for birth.
import type { Detector } from '../detector.ts'
import { isBirthDate } from '../verifiers/date.ts'

export const dateOfBirth: Detector = {
  name: 'date-of-birth',
  class: 'PII',
  pattern: [
    String.raw`\b(?:19|20)\d{2}[ ./-]{1,2}\d{1,2}[ ./-]{1,2}\d{1,2}\b`,
    String.raw`\b\d{1,2}[ ./-]{1,2}\d{1,2}[ ./-]{1,2}(?:\d{4}|\d{2})\b`,
    String.raw`\b(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}\b`,
    String.raw`\b\d{1,2}(?:st|nd|rd|th)?\.? (?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?,? \d{4}\b`,
  ].join('|'),
  verify: isBirthDate,
  context: {
    required: true,
    words: [
      'dob',
      'd.o.b',
      'birth',
      'date of birth',
      'birthday',
      'birthdate',
      'date_of_birth',
      'born',
      'geboren',
      'geburtsdatum',
      'né le',
      'née le',
      'naissance',
      'nacimiento',
      'nascita',
      'nato',
      'nata',
      'nascimento',
      'geboortedatum',
    ],
  },
  maxLength: 30,
}
