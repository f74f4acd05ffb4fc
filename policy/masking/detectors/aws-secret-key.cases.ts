// Cases of aws-secret-key.ts.
import type { DetectorCases } from './cases.ts'
import { token } from './cases.ts'

export const awsSecretKeyCases: DetectorCases = {
  positives: [`aws_secret_access_key use «${token('', 40)}» now`, `aws_secret_access_key key="«${token('', 40)}»"`],
  negatives: [`${token('', 40)} alone`, `aws ${token('', 39)}`],
  evasions: [
    `aws_secret_access_key «${token('', 40).slice(0, 9)}\u200b${token('', 40).slice(9)}»`,
    `aws_secret_access_key «${token('', 40).slice(0, 9)}\u00ad${token('', 40).slice(9)}»`,
    `aws_secret_access_key «${token('', 40).slice(0, 9)}\u2060${token('', 40).slice(9)}»`,
    `aws_secret_access_key url?key=«${token('', 40)}»&x=1`,
  ],
}
