// Cases of au-tfn.ts.
import type { DetectorCases } from './cases.ts'

export const auTfnCases: DetectorCases = {
  positives: ['TFN «123 456 782»', 'tax file number: «123456782»'],
  negatives: ['123 456 782', 'TFN 123 456 783'],
  evasions: [
    'TFN «\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff12»',
    'TFN «123\u200b456782»',
    'TFN «1234\u00ad56782»',
  ],
}
