// Cases of iban.ts.
import type { DetectorCases } from './cases.ts'

export const ibanCases: DetectorCases = {
  positives: [
    'to «DE89 3704 0044 0532 0130 00» please',
    '«GB82WEST12345698765432»',
    'IBAN: «FR14 2004 1010 0505 0001 3M02 606».',
    '«NO93 8601 1117 947»',
    '«DE89370400440532013000» by Friday',
  ],
  negatives: [
    'DE89 3704 0044 0532 0130 01',
    'ZZ89 3704 0044 0532 0130 00',
    'GB82WEST1234569876543',
    'AB12 is a short word',
  ],
  evasions: [
    'lower case «de89370400440532013000»',
    'hyphens «DE89-3704-0044-0532-0130-00»',
    'dots «DE89.3704.0044.0532.0130.00»',
    'full width «DE\uff18\uff19 \uff13\uff17\uff10\uff14 \uff10\uff10\uff14\uff14 \uff10\uff15\uff13\uff12 \uff10\uff11\uff13\uff10 \uff10\uff10»',
    'zero width «DE89\u200b3704 0044 0532 0130 00»',
    'newlines «DE89 3704\n0044 0532\n0130 00»',
    'no-break «DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000»',
  ],
  missed: ['three apart DE89   3704   0044   0532   0130   00'],
}
