// Cases of br-cnpj.ts.
import type { DetectorCases } from './cases.ts'

export const brCnpjCases: DetectorCases = {
  positives: ['CNPJ «11.222.333/0001-81»', '«11222333000181»'],
  negatives: ['11.222.333/0001-82', '11111111111111'],
  evasions: [
    '«\uff11\uff11\uff12\uff12\uff12\uff13\uff13\uff13\uff10\uff10\uff10\uff11\uff18\uff11»',
    '«112\u200b22333000181»',
    '«1122\u00ad2333000181»',
  ],
}
