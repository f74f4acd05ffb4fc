// US individual taxpayer identification numbers: 9xx and a group the IRS gives out.
import type { Detector } from '../detector.ts'
import { isItin } from '../verifiers/us-ssn.ts'

export const usItin: Detector = {
  name: 'us-itin',
  class: 'PII',
  pattern: String.raw`\b9\d{2}[ .-]{1,2}\d{2}[ .-]{1,2}\d{4}\b`,
  verify: isItin,
  maxLength: 15,
}
