// Street addresses of the German, Dutch, Spanish, Italian and Portuguese forms by pattern.
import type { Detector } from '../detector.ts'

export const streetAddressEurope: Detector = {
  name: 'street-address-europe',
  class: 'PII',
  pattern: [
    String.raw`\b[A-ZÄÖÜ][A-Za-zäöüßÄÖÜ-]{2,25}(?:straße|strasse|str\.|weg|platz|allee|gasse|straat|laan|plein) \d{1,4} ?[a-z]?\b`,
    String.raw`\b(?:Calle|Avenida|Av\.|Plaza|Paseo|Via|Viale|Piazza|Corso|Rua|Travessa) (?:[A-Za-zÀ-ÿ'-]{1,20} ){0,3}[A-Za-zÀ-ÿ'-]{2,20},? (?:n\.? ?º? ?)?\d{1,4}\b`,
  ].join('|'),
  maxLength: 150,
}
