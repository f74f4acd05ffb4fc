// Cases of ch-ahv.ts.
import type { DetectorCases } from './cases.ts'

export const chAhvCases: DetectorCases = {
  positives: ['AHV «756.9217.0769.85»', '«7569217076985»'],
  negatives: ['756.9217.0769.84', '757.9217.0769.85'],
  evasions: [
    '«\uff17\uff15\uff16\uff19\uff12\uff11\uff17\uff10\uff17\uff16\uff19\uff18\uff15»',
    '«756\u200b9217076985»',
    '«7569\u00ad217076985»',
  ],
}
