// Cases of google-key.ts.
import type { DetectorCases } from './cases.ts'
import { token } from './cases.ts'

export const googleKeyCases: DetectorCases = {
  positives: [
    `use «${token('AIza', 35)}» now`,
    `use «${token('GOCSPX-', 28)}» now`,
    `use «${token('ya29.', 60)}» now`,
    `key="«${token('AIza', 35)}»"`,
  ],
  negatives: [token('AIza', 20), 'AIzawa', 'ya29.short'],
  evasions: [
    `«${token('AIza', 35).slice(0, 9)}\u200b${token('AIza', 35).slice(9)}»`,
    `«${token('AIza', 35).slice(0, 9)}\u00ad${token('AIza', 35).slice(9)}»`,
    `«${token('AIza', 35).slice(0, 9)}\u2060${token('AIza', 35).slice(9)}»`,
    `url?key=«${token('AIza', 35)}»&x=1`,
  ],
}
