// Cases of password.ts.
import type { DetectorCases } from './cases.ts'

export const passwordCases: DetectorCases = {
  positives: [
    '«password: hunter2xyz»',
    '«PWD=Tr0ub4dor&3»;',
    'DB_«PASSWORD=correcthorse»',
    'the «password is hunter2!»',
  ],
  negatives: [
    'password: <your-password>',
    'password is required',
    'password=$(VAR_NAME)',
    'password: ********',
    'reset your password now',
  ],
  evasions: [
    '«PassWord := hunter2xyz»',
    '«pass\u200bword: hunter2xyz»',
    '«passwort: geheim123»',
    '«password\uff1ahunter2xyz»',
  ],
  missed: ['pass word hunter2xyz', 'p@ssword: hunter2xyz', 'hunter2xyz is the password'],
}
