// The two machine-readable lines of a passport, or the second alone (ICAO 9303).
import type { Detector } from '../detector.ts'
import { isPassportLine } from '../verifiers/icao.ts'

export const passportMrz: Detector = {
  name: 'passport-mrz',
  class: 'PII',
  pattern: String.raw`(?:P[A-Z<][A-Z<]{42}\s{1,2})?[A-Z0-9<]{9}\d[A-Z<]{3}\d{7}[MFX<]\d{7}[A-Z0-9<]{14}[0-9<]\d`,
  verify: isPassportLine,
  maxLength: 92,
}
