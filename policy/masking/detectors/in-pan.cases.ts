// Cases of in-pan.ts.
import type { DetectorCases } from './cases.ts'

export const inPanCases: DetectorCases = {
  positives: ['PAN «ABCPE1234F»', '«AAACR5055K»'],
  negatives: ['ABCDE1234F', 'ABCPE12345', 'abcpe1234f'],
  evasions: ['«ABCPE\uff11\uff12\uff13\uff14F»', '«ABC\u200bPE1234F»', '«ABCP\u00adE1234F»'],
  missed: ['abcpe1234f in lower case', 'ABCPE 1234 F'],
}
