// Payment cards written in groups, with any separators up to three characters, or glued to a word. Bare digits: card-plain.ts.
import type { Detector } from '../detector.ts'
import { isMarkedCard } from '../verifiers/luhn.ts'

export const card: Detector = {
  name: 'card',
  class: 'PCI',
  pattern: [
    String.raw`\b[2-6]\d{3}[\s./_|+-]{1,3}\d{4}[\s./_|+-]{1,3}\d{4}[\s./_|+-]{1,3}\d{4}(?:[\s./_|+-]{0,3}\d{1,3})?\b`,
    String.raw`\b3[47]\d{2}[\s./_|+-]{1,3}\d{6}[\s./_|+-]{1,3}\d{5}\b`,
    String.raw`\b3[0689]\d{2}[\s./_|+-]{1,3}\d{6}[\s./_|+-]{1,3}\d{4}\b`,
    String.raw`\b[2-6](?:[\s-]{0,2}\d){13,18}\b`,
    String.raw`\b[A-Za-z_]{1,16}[2-6]\d{13,18}[A-Za-z_]{0,16}\b`,
    String.raw`\b[2-6]\d{13,18}[A-Za-z_]{1,16}\b`,
  ].join('|'),
  verify: isMarkedCard,
  maxLength: 80,
}
