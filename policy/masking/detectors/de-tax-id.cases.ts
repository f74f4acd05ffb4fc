// Cases of de-tax-id.ts.
import type { DetectorCases } from './cases.ts'

export const deTaxIdCases: DetectorCases = {
  positives: ['Steuer-ID «86 095 742 719»', 'IdNr «86095742719»'],
  negatives: ['86095742718', '12345678901', '11111111111'],
  evasions: [
    '«\uff18\uff16\uff10\uff19\uff15\uff17\uff14\uff12\uff17\uff11\uff19»',
    '«860\u200b95742719»',
    '«8609\u00ad5742719»',
  ],
}
