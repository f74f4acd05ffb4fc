// Cases of ca-sin.ts.
import type { DetectorCases } from './cases.ts'

export const caSinCases: DetectorCases = {
  positives: ['SIN «130 692 544»', 'social insurance number «130-692-544»', 'NAS «130692544»'],
  negatives: ['130 692 544', 'SIN 130 692 545', 'SIN 046 454 286'],
  evasions: [
    'SIN «\uff11\uff13\uff10\uff16\uff19\uff12\uff15\uff14\uff14»',
    'SIN «130\u200b692544»',
    'SIN «1306\u00ad92544»',
  ],
}
