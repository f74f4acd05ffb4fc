// Cases of provider-token.ts.
import type { DetectorCases } from './cases.ts'
import { token } from './cases.ts'

export const providerTokenCases: DetectorCases = {
  positives: [
    `use «${token('hf_', 34)}» now`,
    `use «${token('npm_', 36)}» now`,
    `use «${token('pypi-', 80)}» now`,
    `use «${token('gsk_', 52)}» now`,
    `use «${token('xai-', 80)}» now`,
    `use «${token('r8_', 37)}» now`,
    `use «${token('dckr_pat_', 27)}» now`,
    `key="«${token('hf_', 34)}»"`,
  ],
  negatives: ['hf_transformer', 'npm_config_registry', 'xai-grok'],
  evasions: [
    `«${token('hf_', 34).slice(0, 9)}\u200b${token('hf_', 34).slice(9)}»`,
    `«${token('hf_', 34).slice(0, 9)}\u00ad${token('hf_', 34).slice(9)}»`,
    `«${token('hf_', 34).slice(0, 9)}\u2060${token('hf_', 34).slice(9)}»`,
    `url?key=«${token('hf_', 34)}»&x=1`,
  ],
}
