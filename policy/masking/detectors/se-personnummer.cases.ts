// Cases of se-personnummer.ts.
import type { DetectorCases } from './cases.ts'

export const sePersonnummerCases: DetectorCases = {
  positives: ['«811228-9874»', '«19811228-9874»', '«198112289874»'],
  negatives: ['811228-9875', '811328-9874', '8112289874'],
  evasions: [
    '«\uff11\uff19\uff18\uff11\uff11\uff12\uff12\uff18\uff19\uff18\uff17\uff14»',
    '«198\u200b112289874»',
    '«1981\u00ad12289874»',
  ],
}
