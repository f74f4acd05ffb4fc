// Cases of sg-nric.ts.
import type { DetectorCases } from './cases.ts'

export const sgNricCases: DetectorCases = {
  positives: ['NRIC «S1234567D»', '«T1234567J»', 'FIN «F1234567N»', '«G1234567X»'],
  negatives: ['S1234567A', 'A1234567D'],
  evasions: ['«S\uff11\uff12\uff13\uff14\uff15\uff16\uff17D»', '«S12\u200b34567D»', '«S123\u00ad4567D»'],
}
