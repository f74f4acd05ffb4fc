// Cases of be-national-number.ts.
import type { DetectorCases } from './cases.ts'

export const beNationalNumberCases: DetectorCases = {
  positives: ['«85.07.30-033.28»', 'RRN «85073003328»'],
  negatives: ['85.07.30-033.29', '85.13.30-033.28'],
  evasions: [
    '«\uff18\uff15\uff10\uff17\uff13\uff10\uff10\uff13\uff13\uff12\uff18»',
    '«850\u200b73003328»',
    '«8507\u00ad3003328»',
  ],
}
