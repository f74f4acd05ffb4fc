// Cases of gitlab-token.ts.
import type { DetectorCases } from './cases.ts'
import { token } from './cases.ts'

export const gitlabTokenCases: DetectorCases = {
  positives: [
    `use «${token('glpat-', 20)}» now`,
    `use «${token('glrt-', 20)}» now`,
    `use «${token('gldt-', 20)}» now`,
    `key="«${token('glpat-', 20)}»"`,
  ],
  negatives: ['glpat-short', token('glxx-', 20)],
  evasions: [
    `«${token('glpat-', 20).slice(0, 9)}\u200b${token('glpat-', 20).slice(9)}»`,
    `«${token('glpat-', 20).slice(0, 9)}\u00ad${token('glpat-', 20).slice(9)}»`,
    `«${token('glpat-', 20).slice(0, 9)}\u2060${token('glpat-', 20).slice(9)}»`,
    `url?key=«${token('glpat-', 20)}»&x=1`,
  ],
}
