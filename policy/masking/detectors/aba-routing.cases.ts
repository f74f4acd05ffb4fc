// Cases of aba-routing.ts.
import type { DetectorCases } from './cases.ts'

export const abaRoutingCases: DetectorCases = {
  positives: ['routing number «021000021»', 'ABA: «122105155»', 'wire to «0210-0002-1»'],
  negatives: ['021000021 without a word', 'routing 021000022', 'routing 999999999'],
  evasions: [
    'routing «\uff10\uff12\uff11\uff10\uff10\uff10\uff10\uff12\uff11»',
    'ABA «0210\u200b00021»',
    'bank «1221\u00ad05155»',
  ],
  missed: ['r0uting 021000021'],
}
