// Street addresses of the English form by pattern, number before street, and post boxes.
import type { Detector } from '../detector.ts'

export const streetAddress: Detector = {
  name: 'street-address',
  class: 'PII',
  pattern: [
    String.raw`\b\d{1,5}[A-Za-z]? (?:[NSEW]\.? )?(?:[A-Z][A-Za-z'-]{1,20} ){1,3}(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq|Terrace|Ter|Way|Parkway|Pkwy|Highway|Hwy|Crescent|Close|Grove)\b(?:\.?,? (?:Apt|Suite|Unit|Ste|Floor|#)\.? ?[A-Za-z0-9-]{1,6})?`,
    String.raw`\b(?:P\.? ?O\.? ?Box|Postfach|Apartado) \d{1,7}\b`,
  ].join('|'),
  maxLength: 110,
}
