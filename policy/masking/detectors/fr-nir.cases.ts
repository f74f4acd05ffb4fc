// Cases of fr-nir.ts.
import type { DetectorCases } from './cases.ts'

export const frNirCases: DetectorCases = {
  positives: ['NIR «2 55 08 14 168 025 38»', '«255081416802538»'],
  negatives: ['2 55 08 14 168 025 39', '455081416802538'],
  evasions: [
    '«\uff12\uff15\uff15\uff10\uff18\uff11\uff14\uff11\uff16\uff18\uff10\uff12\uff15\uff13\uff18»',
    '«255\u200b081416802538»',
    '«2550\u00ad81416802538»',
  ],
}
