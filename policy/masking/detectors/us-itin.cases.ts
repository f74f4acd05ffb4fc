// Cases of us-itin.ts.
import type { DetectorCases } from './cases.ts'

export const usItinCases: DetectorCases = {
  positives: ['ITIN «912-70-1234»', '«998 88 4321»'],
  negatives: ['912-49-1234', '912-89-1234', '812-70-1234', '912701234'],
  evasions: ['«912.70.1234»', '«912\u201370\u20131234»', '«\uff19\uff11\uff12-\uff17\uff10-\uff11\uff12\uff13\uff14»'],
}
