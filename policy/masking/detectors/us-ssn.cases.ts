// Cases of us-ssn.ts.
import type { DetectorCases } from './cases.ts'

export const usSsnCases: DetectorCases = {
  positives: ['SSN «536-22-1234».', '«536 22 1234»', 'his number, «219-09-9998», is', 'id=«001-01-0001»'],
  negatives: [
    '000-12-3456',
    '666-12-3456',
    '900-12-3456',
    '536-00-1234',
    '536-22-0000',
    '078-05-1120',
    '123-45-6789 of the forms',
    '1536-22-1234',
    '536-22-12345',
    '536-221-234',
    '536221234',
  ],
  evasions: [
    'dots «536.22.1234»',
    'doubled «536--22--1234»',
    'spaced «536 - 22 - 1234»',
    'en dash «536\u201322\u20131234»',
    'full width «\uff15\uff13\uff16-\uff12\uff12-\uff11\uff12\uff13\uff14»',
    'Arabic-Indic «\u0665\u0663\u0666-\u0662\u0662-\u0661\u0662\u0663\u0664»',
    'zero width «536\u200b-22-1\u200b234»',
    'soft hyphen «536-2\u00ad2-1234»',
    'no-break «536\u00a022\u00a01234»',
    'newlines «536\n22\n1234»',
    'glued «ssn536-22-1234x»',
  ],
  missed: ['in words five three six', 'glued to another word a536-22-1234x'],
}
