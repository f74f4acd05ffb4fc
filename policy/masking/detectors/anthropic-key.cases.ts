// Cases of anthropic-key.ts.
import type { DetectorCases } from './cases.ts'
import { token } from './cases.ts'

export const anthropicKeyCases: DetectorCases = {
  positives: [
    `use «${token('sk-ant-api03-', 95)}» now`,
    `use «${token('sk-ant-admin01-', 95)}» now`,
    `use «${token('sk-ant-oat01-', 80)}» now`,
    `key="«${token('sk-ant-api03-', 95)}»"`,
  ],
  negatives: ['sk-ant-api03-short', 'sk-ant-hill'],
  evasions: [
    `«${token('sk-ant-api03-', 95).slice(0, 9)}\u200b${token('sk-ant-api03-', 95).slice(9)}»`,
    `«${token('sk-ant-api03-', 95).slice(0, 9)}\u00ad${token('sk-ant-api03-', 95).slice(9)}»`,
    `«${token('sk-ant-api03-', 95).slice(0, 9)}\u2060${token('sk-ant-api03-', 95).slice(9)}»`,
    `url?key=«${token('sk-ant-api03-', 95)}»&x=1`,
  ],
}
