// Italian codice fiscale with its check letter.
import type { Detector } from '../detector.ts'
import { isCodiceFiscale } from '../verifiers/europe.ts'

export const itCodiceFiscale: Detector = {
  name: 'it-codice-fiscale',
  class: 'PII',
  pattern: String.raw`\b[A-Za-z]{6}[ .-]?[0-9L-Vl-v]{2}[A-Za-z][0-9L-Vl-v]{2}[ .-]?[A-Za-z][0-9L-Vl-v]{3}[A-Za-z]\b`,
  verify: isCodiceFiscale,
  maxLength: 18,
}
