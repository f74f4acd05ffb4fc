// Cases of aws-access-key.ts.
import type { DetectorCases } from './cases.ts'
import { alphabets, token } from './cases.ts'

export const awsAccessKeyCases: DetectorCases = {
  positives: [
    `use «${token('AKIA', 16, alphabets.upper)}» now`,
    `use «${token('ASIA', 16, alphabets.upper)}» now`,
    `key="«${token('AKIA', 16, alphabets.upper)}»"`,
  ],
  negatives: ['AKIA too short', token('AKIA', 15, alphabets.upper), token('AKIB', 16, alphabets.upper)],
  evasions: [
    `«${token('AKIA', 16, alphabets.upper).slice(0, 9)}\u200b${token('AKIA', 16, alphabets.upper).slice(9)}»`,
    `«${token('AKIA', 16, alphabets.upper).slice(0, 9)}\u00ad${token('AKIA', 16, alphabets.upper).slice(9)}»`,
    `«${token('AKIA', 16, alphabets.upper).slice(0, 9)}\u2060${token('AKIA', 16, alphabets.upper).slice(9)}»`,
    `url?key=«${token('AKIA', 16, alphabets.upper)}»&x=1`,
  ],
}
