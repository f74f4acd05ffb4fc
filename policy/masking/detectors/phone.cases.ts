// Cases of phone.ts.
import type { DetectorCases } from './cases.ts'

export const phoneCases: DetectorCases = {
  positives: [
    'call «+49 30 901820»',
    '«+1 (212) 555-2368»',
    '«+44 20 7946 0958»',
    '«0049 30 901820»',
    '«+33612345678»',
  ],
  negatives: ['+12', '+999 1234', '0045 1', 'a + 1234567'],
  evasions: [
    '«+49.30.901820»',
    '«+44 (0)20 7946 0958»',
    '«+\uff14\uff19 \uff13\uff10 \uff19\uff10\uff11\uff18\uff12\uff10»',
    '«+49\u00a030\u00a0901820»',
    '«+49\u200b 30 901820»',
    '«+1--212--555--2368»',
  ],
  missed: ['plus 49 30 901820', '+4\n9\n30901820'],
}
