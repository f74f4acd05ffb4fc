// Cases of uk-nhs.ts.
import type { DetectorCases } from './cases.ts'

export const ukNhsCases: DetectorCases = {
  positives: ['NHS number «943 476 5919»', 'patient «9434765919»'],
  negatives: ['943 476 5919', 'NHS 943 476 5918'],
  evasions: [
    'NHS «\uff19\uff14\uff13\uff14\uff17\uff16\uff15\uff19\uff11\uff19»',
    'NHS «943\u200b4765919»',
    'NHS «9434\u00ad765919»',
  ],
}
