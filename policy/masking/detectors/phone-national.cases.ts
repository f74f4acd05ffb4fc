// Cases of phone-national.ts.
import type { DetectorCases } from './cases.ts'

export const phoneNationalCases: DetectorCases = {
  positives: ['«(212) 555-2368»', '«212-555-2368» or', '«1-212-555-2368»', '«(11) 91234-5678»', '«(030) 9018200»'],
  negatives: ['123-456-7890', '911-555-2368', '1234567890', '536-22-1234', '(2024) 12'],
  evasions: [
    '«212.555.2368»',
    '«212\u2013555\u20132368»',
    '«\uff12\uff11\uff12-\uff15\uff15\uff15-\uff12\uff13\uff16\uff18»',
    '«212\u200b-555-2368»',
    '«212- 555- 2368»',
  ],
  missed: ['two one two 555 2368', '2 1 2 5 5 5 2 3 6 8', '212\n555\n2368'],
}
