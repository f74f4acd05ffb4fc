// Cases of nl-bsn.ts.
import type { DetectorCases } from './cases.ts'

export const nlBsnCases: DetectorCases = {
  positives: ['BSN «123456782»', 'burgerservicenummer: «1112.22.333»'],
  negatives: ['123456782', 'BSN 123456789'],
  evasions: [
    'BSN «\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff12»',
    'BSN «123\u200b456782»',
    'BSN «1234\u00ad56782»',
  ],
  missed: ['123456782 (BSN)'],
}
