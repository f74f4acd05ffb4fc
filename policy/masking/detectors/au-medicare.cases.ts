// Cases of au-medicare.ts.
import type { DetectorCases } from './cases.ts'

export const auMedicareCases: DetectorCases = {
  positives: ['Medicare «2123 45670 1»', 'medicare no «2123456701»'],
  negatives: ['2123 45670 1', 'Medicare 2123 45671 1'],
  evasions: [
    'Medicare «\uff12\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff10\uff11»',
    'Medicare «212\u200b3456701»',
    'Medicare «2123\u00ad456701»',
  ],
}
