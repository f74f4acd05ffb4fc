// Cases of date-of-birth.ts.
import type { DetectorCases } from './cases.ts'

export const dateOfBirthCases: DetectorCases = {
  positives: [
    'DOB: «1984-07-21»',
    'born on «21.07.1984»',
    'date of birth «07/21/1984»',
    'born «July 21, 1984» in',
    'geboren «21 Jul 1984»',
    'Birthday: «3rd March 1990»',
  ],
  negatives: ['meeting 1984-07-21', 'DOB 1984-17-41', 'born 99/99/1984', 'DOB: 1799-01-01'],
  evasions: [
    'DOB «21. 07. 1984»',
    'DOB «\uff11\uff19\uff18\uff14-\uff10\uff17-\uff12\uff11»',
    'DOB «1984\u201307\u201321»',
    'born «1984-\u200b07-21»',
  ],
  missed: ['DOB 21071984', 'born in the summer of 84', '1984-07-21 is my birthday'],
}
