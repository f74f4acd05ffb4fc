// Cases of github-token.ts.
import type { DetectorCases } from './cases.ts'
import { token } from './cases.ts'

export const githubTokenCases: DetectorCases = {
  positives: [
    `use «${token('ghp_', 36)}» now`,
    `use «${token('gho_', 36)}» now`,
    `use «${token('github_pat_', 22) + token('_', 59)}» now`,
    `key="«${token('ghp_', 36)}»"`,
  ],
  negatives: [token('ghp_', 20), token('ghx_', 36), 'ghp_ is the prefix'],
  evasions: [
    `«${token('ghp_', 36).slice(0, 9)}\u200b${token('ghp_', 36).slice(9)}»`,
    `«${token('ghp_', 36).slice(0, 9)}\u00ad${token('ghp_', 36).slice(9)}»`,
    `«${token('ghp_', 36).slice(0, 9)}\u2060${token('ghp_', 36).slice(9)}»`,
    `url?key=«${token('ghp_', 36)}»&x=1`,
  ],
}
