// Cases of mac.ts.
import type { DetectorCases } from './cases.ts'

export const macCases: DetectorCases = {
  positives: ['«00:1a:2b:3c:4d:5e»', '«00-1A-2B-3C-4D-5E»', '«001a.2b3c.4d5e»'],
  negatives: ['00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff', '00:1a:2b:3c:4d', 'zz:1a:2b:3c:4d:5e'],
  evasions: [
    '«00:1a:2b:\u200b3c:4d:5e»',
    '«\uff10\uff10:1a:2b:3c:4d:5e»',
    '«00\u20131a\u20132b\u20133c\u20134d\u20135e»',
  ],
  missed: ['001a2b3c4d5e'],
}
