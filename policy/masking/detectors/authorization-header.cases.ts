// Cases of authorization-header.ts.
import type { DetectorCases } from './cases.ts'
import { token } from './cases.ts'

export const authorizationHeaderCases: DetectorCases = {
  positives: [`Authorization: «Bearer ${token('', 40)}»`, '«Basic dXNlcjpwYXNzd29yZDEyMw==»'],
  negatives: ['basic understanding of things', 'Bearer of good news', 'basic internationalization'],
  evasions: [`«bearer   ${token('', 40)}»`, `«Bear\u200ber ${token('', 40)}»`, `«BEARER \u00a0${token('', 40)}»`],
  missed: [`Bearer\n\n\n\n${token('', 40)}`],
}
