// Cases of us-mbi.ts.
import type { DetectorCases } from './cases.ts'

export const usMbiCases: DetectorCases = {
  positives: ['Medicare «1EG4-TE5-MK73»', '«1EG4TE5MK73»'],
  negatives: ['1SG4-TE5-MK73', '0EG4TE5MK73', '1EG4-TE5-MK7'],
  evasions: ['«\uff11EG\uff14TE\uff15MK\uff17\uff13»', '«1EG\u200b4TE5MK73»', '«1EG4\u00adTE5MK73»'],
}
