// Cases of street-address-french.ts.
import type { DetectorCases } from './cases.ts'

export const streetAddressFrenchCases: DetectorCases = {
  positives: ['«10 rue de Rivoli»', '«5 bis, avenue Foch»'],
  negatives: ['la rue est longue', '2 place'],
  evasions: ['«\uff11\uff10 rue de Rivoli»', '«10\u00a0rue\u00a0de\u00a0Rivoli»', '«10 rue de Ri\u00advoli»'],
  missed: ['rue de Rivoli, dixième', '10 rue de rivoli'],
}
