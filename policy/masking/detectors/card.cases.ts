// Cases of card.ts.
import type { DetectorCases } from './cases.ts'

export const cardCases: DetectorCases = {
  positives: [
    'Pay with «4111 1111 1111 1111» today',
    'Pay with «4111-1111-1111-1111».',
    'Mastercard «5555 5555 5555 4444»',
    'two-series «2223 0000 4841 0010»',
    'Amex «3782 822463 10005»',
    'Diners «3056 930902 5904»',
    '«6011 1111 1111 1117», expires 12/29',
    'JCB «3530 1113 3330 0000»',
    '2026 «4111 1111 1111 1111» (a number in front)',
  ],
  negatives: [
    '4111 1111 1111 1112 fails Luhn',
    '0000 0000 0000 0000',
    '1234 5678 9012 3452 has no issuer',
    '3.141592653589793 and 4.111111111111111',
    '2026-11-20 10:15:30',
    '4111111111111111 is for card-plain',
  ],
  evasions: [
    'dots «4111.1111.1111.1111»',
    'doubled «4111  1111  1111  1111»',
    'mixed «4111 - 1111 - 1111 - 1111»',
    'odd groups «41 11 1111 111111 11»',
    'glued «card4111111111111111x»',
    'glued «pan_4111111111111111»',
    'full width «\uff14\uff11\uff11\uff11 \uff11\uff11\uff11\uff11 \uff11\uff11\uff11\uff11 \uff11\uff11\uff11\uff11»',
    'Arabic-Indic «\u0664\u0661\u0661\u0661 \u0661\u0661\u0661\u0661 \u0661\u0661\u0661\u0661 \u0661\u0661\u0661\u0661»',
    'en dash «4111\u20131111\u20131111\u20131111»',
    'no-break space «4111\u00a01111\u00a01111\u00a01111»',
    'zero width «4111\u200b 1111 1111 11\u200b11»',
    'slashes «4111/1111/1111/1111»',
    'underscores «4111_1111_1111_1111»',
    'a line each «4111\n1111\n1111\n1111»',
  ],
  missed: [
    'in words four one one one',
    'spread over commas 4,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1',
    'reversed 1111 1111 1111 1114',
  ],
}
