// Cases of in-aadhaar.ts.
import type { DetectorCases } from './cases.ts'

export const inAadhaarCases: DetectorCases = {
  positives: ['Aadhaar «2341 2341 2346»', 'UID «2341-2341-2346»', 'Aadhaar: «234123412346»'],
  negatives: ['2341 2341 2346', 'Aadhaar 2341 2341 2347', 'Aadhaar 1341 2341 2346'],
  evasions: [
    'aadhaar «\uff12\uff13\uff14\uff11 \uff12\uff13\uff14\uff11 \uff12\uff13\uff14\uff16»',
    'aadhaar «234\u200b1 2341 2346»',
    'aadhaar «2341\u00ad 2341 2346»',
  ],
}
