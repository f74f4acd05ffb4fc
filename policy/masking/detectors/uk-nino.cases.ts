// Cases of uk-nino.ts.
import type { DetectorCases } from './cases.ts'

export const ukNinoCases: DetectorCases = {
  positives: ['NINO «AB123456C»', '«AB 12 34 56 C»', '«ab123456c»'],
  negatives: ['BG123456C', 'AB123456E', 'DA123456C', 'AB12345C'],
  evasions: ['«AB\uff11\uff12\uff13\uff14\uff15\uff16C»', '«AB1\u200b23456C»', '«AB12\u00ad3456C»'],
}
