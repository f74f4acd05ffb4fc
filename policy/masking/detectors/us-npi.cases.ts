// Cases of us-npi.ts.
import type { DetectorCases } from './cases.ts'

export const usNpiCases: DetectorCases = {
  positives: ['NPI «1234567893»', 'provider: «1234567893»'],
  negatives: ['1234567893', 'NPI 1234567890'],
  evasions: [
    'NPI «\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19\uff13»',
    'NPI «123\u200b4567893»',
    'NPI «1234\u00ad567893»',
  ],
}
