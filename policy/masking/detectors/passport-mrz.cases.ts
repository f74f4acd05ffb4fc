// Cases of passport-mrz.ts.
import type { DetectorCases } from './cases.ts'

export const passportMrzCases: DetectorCases = {
  positives: [
    '«L898902C36UTO7408122F1204159ZE184226B<<<<<10»',
    '«P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10»',
  ],
  negatives: ['L898902C37UTO7408122F1204159ZE184226B<<<<<10', 'L898902C36UTO7408123F1204159ZE184226B<<<<<10'],
  evasions: [
    '«L898902C36UTO\uff17\uff14\uff10\uff18\uff11\uff12\uff12F1204159ZE184226B<<<<<10»',
    '«L898902C36\u200bUTO7408122F1204159ZE184226B<<<<<10»',
    '«L898902C36UTO7408122F1204159ZE18\u00ad4226B<<<<<10»',
  ],
  missed: ['L898902C3 6 UTO 740812 2 F 120415 9'],
}
