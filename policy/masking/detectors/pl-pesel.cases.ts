// Cases of pl-pesel.ts.
import type { DetectorCases } from './cases.ts'

export const plPeselCases: DetectorCases = {
  positives: ['PESEL «44051401359»'],
  negatives: ['44051401359', 'PESEL 44051401358'],
  evasions: [
    'PESEL «\uff14\uff14\uff10\uff15\uff11\uff14\uff10\uff11\uff13\uff15\uff19»',
    'PESEL «440\u200b51401359»',
    'PESEL «4405\u00ad1401359»',
  ],
  missed: ['44051401359 to PESEL'],
}
