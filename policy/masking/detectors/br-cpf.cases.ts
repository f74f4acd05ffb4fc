// Cases of br-cpf.ts.
import type { DetectorCases } from './cases.ts'

export const brCpfCases: DetectorCases = {
  positives: ['CPF «529.982.247-25»', '«52998224725»'],
  negatives: ['529.982.247-26', '111.111.111-11'],
  evasions: [
    '«\uff15\uff12\uff19\uff19\uff18\uff12\uff12\uff14\uff17\uff12\uff15»',
    '«529\u200b98224725»',
    '«5299\u00ad8224725»',
  ],
}
