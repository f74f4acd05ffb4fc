// Cases of email.ts.
import type { DetectorCases } from './cases.ts'

export const emailCases: DetectorCases = {
  positives: [
    'write to «john.doe@example.com».',
    '<«a.b+tag@mail.example.co.uk»>',
    '«user_1@sub-domain.example.io», thanks',
    '(«o.neil@example.org»)',
  ],
  negatives: ['@handle of a site', 'a@b', 'price 5 @ 3.50', 'npm i pkg@1.2.3', 'user@localhost'],
  evasions: [
    '«john.doe(at)example.com»',
    '«john [at] example [dot] com»',
    '«jöhn@exämple.de»',
    '«иван@пример.рф»',
    '«john.doe\uff20example.com»',
    '«john\u200b.doe@example.com»',
    '«john.doe@exam\u00adple.com»',
    '«john.doe @ example.com»',
    '«john.doe[@]example[.]com»',
  ],
  missed: ['john at example dot com', 'john@example . com'],
}
