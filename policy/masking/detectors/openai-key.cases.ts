// Cases of openai-key.ts.
import type { DetectorCases } from './cases.ts'
import { token } from './cases.ts'

export const openaiKeyCases: DetectorCases = {
  positives: [
    `use «${token('sk-', 48)}» now`,
    `use «${token('sk-proj-', 120)}» now`,
    `use «${token('sk-svcacct-', 60)}» now`,
    `key="«${token('sk-', 48)}»"`,
  ],
  negatives: ['sk-learn', 'sk-short-word', 'ask-me-anything-you-want-to-know'],
  evasions: [
    `«${token('sk-', 48).slice(0, 9)}\u200b${token('sk-', 48).slice(9)}»`,
    `«${token('sk-', 48).slice(0, 9)}\u00ad${token('sk-', 48).slice(9)}»`,
    `«${token('sk-', 48).slice(0, 9)}\u2060${token('sk-', 48).slice(9)}»`,
    `url?key=«${token('sk-', 48)}»&x=1`,
  ],
}
