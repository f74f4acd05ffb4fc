// Cases of card-plain.ts.
import type { DetectorCases } from './cases.ts'

export const cardPlainCases: DetectorCases = {
  positives: [
    'My card is «4111111111111111».',
    '«378282246310005»',
    '«6304000000000000» Maestro',
    'order paid with card «4111111111111111»',
    '«2223000048410010»',
  ],
  negatives: [
    '4111111111111112',
    '1111111111111117',
    'order id 4111111111111111',
    'Invoice: 5555555555554444',
    '4111111111111111111111 is too long',
    '0000000000000000',
  ],
  evasions: [
    '«\uff14\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11»',
    '«4111\u200b111111111111»',
    '«41111111\u00ad11111111»',
    '«\u0665\u0665\u0665\u0665\u0665\u0665\u0665\u0665\u0665\u0665\u0665\u0665\u0664\u0664\u0664\u0664»',
  ],
  missed: ['hidden behind a word: order 4111111111111111', 'number literal 4.111111111111111e15'],
}
