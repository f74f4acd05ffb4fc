// Cases of azure-key.ts.
import type { DetectorCases } from './cases.ts'
import { token } from './cases.ts'

export const azureKeyCases: DetectorCases = {
  positives: [
    `use «${token('AccountKey=', 86) + '=='}» now`,
    `use «${token('aB38Q~', 34)}» now`,
    `use «${token('sig=', 44)}» now`,
    `key="«${token('AccountKey=', 86) + '=='}»"`,
  ],
  negatives: ['AccountKey=short', token('aB38Q~', 10), 'sig=abc'],
  evasions: [
    `«${(token('AccountKey=', 86) + '==').slice(0, 9)}\u200b${(token('AccountKey=', 86) + '==').slice(9)}»`,
    `«${(token('AccountKey=', 86) + '==').slice(0, 9)}\u00ad${(token('AccountKey=', 86) + '==').slice(9)}»`,
    `«${(token('AccountKey=', 86) + '==').slice(0, 9)}\u2060${(token('AccountKey=', 86) + '==').slice(9)}»`,
    `url?key=«${token('AccountKey=', 86) + '=='}»&x=1`,
  ],
}
