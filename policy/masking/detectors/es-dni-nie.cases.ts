// Cases of es-dni-nie.ts.
import type { DetectorCases } from './cases.ts'

export const esDniNieCases: DetectorCases = {
  positives: ['DNI «12345678Z»', 'NIE «X1234567L»', '«12.345.678-Z»'],
  negatives: ['12345678A', 'X1234567A', '00000000T'],
  evasions: ['«\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18z»', '«123\u200b45678z»', '«1234\u00ad5678z»'],
}
