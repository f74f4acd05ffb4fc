// Cases of us-dea.ts.
import type { DetectorCases } from './cases.ts'

export const usDeaCases: DetectorCases = {
  positives: ['DEA «AB1234563»'],
  negatives: ['AB1234563', 'DEA AB1234564', 'DEA IB1234563'],
  evasions: ['DEA «AB\uff11\uff12\uff13\uff14\uff15\uff16\uff13»', 'DEA «AB1\u200b234563»', 'DEA «AB12\u00ad34563»'],
}
