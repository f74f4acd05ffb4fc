// Cases of stripe-key.ts.
import type { DetectorCases } from './cases.ts'
import { token } from './cases.ts'

export const stripeKeyCases: DetectorCases = {
  positives: [
    `use «${token('sk_live_', 24)}» now`,
    `use «${token('rk_test_', 24)}» now`,
    `use «${token('whsec_', 32)}» now`,
    `key="«${token('sk_live_', 24)}»"`,
  ],
  negatives: [token('pk_live_', 24), 'sk_live_short', 'sk_prod_'],
  evasions: [
    `«${token('sk_live_', 24).slice(0, 9)}\u200b${token('sk_live_', 24).slice(9)}»`,
    `«${token('sk_live_', 24).slice(0, 9)}\u00ad${token('sk_live_', 24).slice(9)}»`,
    `«${token('sk_live_', 24).slice(0, 9)}\u2060${token('sk_live_', 24).slice(9)}»`,
    `url?key=«${token('sk_live_', 24)}»&x=1`,
  ],
}
