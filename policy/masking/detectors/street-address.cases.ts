// Cases of street-address.ts.
import type { DetectorCases } from './cases.ts'

export const streetAddressCases: DetectorCases = {
  positives: [
    'lives at «221B Baker Street», London',
    '«1600 Pennsylvania Avenue»',
    '«742 Evergreen Terrace»',
    'at «350 Fifth Ave, Suite 5000» now',
    '«P.O. Box 1234»',
  ],
  negatives: ['5 people went this way', 'on the street', '12 Monkeys', 'Wall Street fell 3 percent'],
  evasions: ['«\uff12\uff12\uff11 Baker Street»', '«221\u00a0Baker\u00a0Street»', '«1600 Pennsylvania\u200b Avenue»'],
  missed: ['221b baker street in lower case', 'Baker Street two hundred twenty-one', 'apartment above the bakery'],
}
