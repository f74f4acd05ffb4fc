// Cases of it-codice-fiscale.ts.
import type { DetectorCases } from './cases.ts'

export const itCodiceFiscaleCases: DetectorCases = {
  positives: ['CF «RSSMRA85T10A562S»', '«rssmra85t10a562s»', '«MRTMTT25D09F205Z»'],
  negatives: ['RSSMRA85T10A562T', 'ABCDEFGHIJKLMNOP'],
  evasions: [
    '«RSSMRA\uff18\uff15T\uff11\uff10A\uff15\uff16\uff12S»',
    '«RSS\u200bMRA85T10A562S»',
    '«RSSM\u00adRA85T10A562S»',
  ],
}
