// Cases of phone-in-context.ts.
import type { DetectorCases } from './cases.ts'

export const phoneInContextCases: DetectorCases = {
  positives: [
    'phone: «5552368»',
    'call me at «2125552368»',
    'Handy «015123456789»',
    'mobile «8123 4567»',
    'tel. «32 12 34 56»',
  ],
  negatives: ['5552368 alone', 'call on 2026-11-20', 'tel 10.20.30.140', 'phone 1111111'],
  evasions: [
    'phone «\uff15\uff15\uff15\uff12\uff13\uff16\uff18»',
    'tel «212\u200b5552368»',
    'mobile «555\u00ad2368»',
    'call «2 1 2 5 5 5 2 3 6 8»',
  ],
  missed: ['2125552368, that is my phone', 'f0ne 5552368'],
}
