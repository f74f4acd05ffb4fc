// Cases of jwt.ts.
import type { DetectorCases } from './cases.ts'
import { token } from './cases.ts'

export const jwtCases: DetectorCases = {
  positives: [
    `use «${token('eyJ', 33) + token('.eyJ', 60) + token('.', 43)}» now`,
    `use «${token('eyJ', 40) + token('.', 20) + token('.', 20) + token('.', 40) + token('.', 22)}» now`,
    `key="«${token('eyJ', 33) + token('.eyJ', 60) + token('.', 43)}»"`,
  ],
  negatives: ['eyJ is how they begin', 'eyJhbGciOi.short'],
  evasions: [
    `«${(token('eyJ', 33) + token('.eyJ', 60) + token('.', 43)).slice(0, 9)}\u200b${(token('eyJ', 33) + token('.eyJ', 60) + token('.', 43)).slice(9)}»`,
    `«${(token('eyJ', 33) + token('.eyJ', 60) + token('.', 43)).slice(0, 9)}\u00ad${(token('eyJ', 33) + token('.eyJ', 60) + token('.', 43)).slice(9)}»`,
    `«${(token('eyJ', 33) + token('.eyJ', 60) + token('.', 43)).slice(0, 9)}\u2060${(token('eyJ', 33) + token('.eyJ', 60) + token('.', 43)).slice(9)}»`,
    `url?key=«${token('eyJ', 33) + token('.eyJ', 60) + token('.', 43)}»&x=1`,
  ],
}
