// Cases of passport.ts.
import type { DetectorCases } from './cases.ts'

export const passportCases: DetectorCases = {
  positives: ['passport «C01X00T47»', 'Passport no. «123456789»', 'Reisepass «C4J6H9GR7»', 'passeport «AB123456»'],
  negatives: ['part AB123456', 'passport ABCDEFGHI', 'passport 12345'],
  evasions: [
    'passport «\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19»',
    'passport «AB\u200b123456»',
    'passport «AB12\u00ad3456»',
  ],
  missed: ['passport c01x00t47 in lower case', 'AB123456 (passport)'],
}
