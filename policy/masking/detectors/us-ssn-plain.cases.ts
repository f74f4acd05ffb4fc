// Cases of us-ssn-plain.ts.
import type { DetectorCases } from './cases.ts'

export const usSsnPlainCases: DetectorCases = {
  positives: ['SSN: «536221234»', 'social security number is «536221234».', 'ssn «53622-1234»'],
  negatives: ['order 536221234', 'SSN 000221234', 'SSN 5362212345'],
  evasions: [
    'ssn «\uff15\uff13\uff16\uff12\uff12\uff11\uff12\uff13\uff14»',
    'SSN «536\u200b221234»',
    'SSN «5 3 6 2 2 1 2 3 4»',
    'Social Security «5362\u00ad21234»',
    's.s.n. «536221234»',
  ],
  missed: ['536221234 is my SSN (the word stands behind)'],
}
