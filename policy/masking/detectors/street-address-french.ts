// Street addresses of the French form by pattern: number, kind of street, name.
import type { Detector } from '../detector.ts'

export const streetAddressFrench: Detector = {
  name: 'street-address-french',
  class: 'PII',
  pattern: String.raw`\b\d{1,4}(?: ?bis| ?ter)?,? (?:rue|avenue|boulevard|place|chemin|impasse|allée) (?:de |du |des |la |le |l')?(?:de |la )?[A-Z][A-Za-zÀ-ÿ'-]{2,25}(?: [A-Z][A-Za-zÀ-ÿ'-]{2,25}){0,3}`,
  maxLength: 150,
}
