// Cases of platform-token.ts.
import type { DetectorCases } from './cases.ts'
import { alphabets, token } from './cases.ts'

export const platformTokenCases: DetectorCases = {
  positives: [
    `use «${token('dop_v1_', 64, alphabets.hex)}» now`,
    `use «${token('SG.', 22) + token('.', 43)}» now`,
    `use «${token('dapi', 32, alphabets.hex)}» now`,
    `use «${token('shpat_', 32, alphabets.hex)}» now`,
    `use «${token('lin_api_', 40)}» now`,
    `use «${token('hvs.', 40)}» now`,
    `use «${token('123456789:AA', 33)}» now`,
    `key="«${token('dop_v1_', 64, alphabets.hex)}»"`,
  ],
  negatives: ['SG.short.key', 'dapper', '12345678:AAbb'],
  evasions: [
    `«${token('dop_v1_', 64, alphabets.hex).slice(0, 9)}\u200b${token('dop_v1_', 64, alphabets.hex).slice(9)}»`,
    `«${token('dop_v1_', 64, alphabets.hex).slice(0, 9)}\u00ad${token('dop_v1_', 64, alphabets.hex).slice(9)}»`,
    `«${token('dop_v1_', 64, alphabets.hex).slice(0, 9)}\u2060${token('dop_v1_', 64, alphabets.hex).slice(9)}»`,
    `url?key=«${token('dop_v1_', 64, alphabets.hex)}»&x=1`,
  ],
}
