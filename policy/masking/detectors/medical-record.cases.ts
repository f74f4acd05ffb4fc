// Cases of medical-record.ts.
import type { DetectorCases } from './cases.ts'

export const medicalRecordCases: DetectorCases = {
  positives: ['MRN «00123456»', 'medical record number: «MR-1234567»', 'Patient ID «88412345»'],
  negatives: ['00123456', 'MRN 1234', 'order 1234567'],
  evasions: ['MRN «\uff10\uff10\uff11\uff12\uff13\uff14\uff15\uff16»', 'MRN «001\u200b23456»', 'MRN «0012\u00ad3456»'],
}
