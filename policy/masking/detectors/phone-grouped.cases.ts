// Cases of phone-grouped.ts.
import type { DetectorCases } from './cases.ts'

export const phoneGroupedCases: DetectorCases = {
  positives: [
    '«020 7946 0958»',
    '«06 12 34 56 78»',
    '«0412 345 678»',
    '«030/9018200»',
    '«98765 43210»',
    '«612 34 56 78»',
    '«131 2345 6789»',
    '«8 (912) 345-67-89»',
  ],
  negatives: ['2026-11-20', '01.02.2026', '10.0.0.12', 'version 0.12.345', '0123456789', '100 200 300'],
  evasions: [
    '«020\u00a07946\u00a00958»',
    '«\uff10\uff16 \uff11\uff12 \uff13\uff14 \uff15\uff16 \uff17\uff18»',
    '«0412\u200b 345 678»',
    '«090\u20131234\u20135678»',
  ],
  missed: ['0 2 0 7 9 4 6 0 9 5 8', '020\n7946\n0958'],
}
