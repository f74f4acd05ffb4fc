// Medical record, patient and health plan numbers: digits with up to three letters in front, near such a word.
import type { Detector } from '../detector.ts'

export const medicalRecord: Detector = {
  name: 'medical-record',
  class: 'PHI',
  pattern: String.raw`\b(?:[A-Za-z]{1,3}[ -]?)?\d{5,12}\b`,
  context: {
    required: true,
    words: [
      'mrn',
      'mrns',
      'medical record',
      'medical record number',
      'patient id',
      'patient number',
      'patient no',
      'health plan',
      'member id',
      'hospital number',
      'chart number',
      'fallnummer',
      'patientennummer',
      'kvnr',
    ],
  },
  maxLength: 16,
}
