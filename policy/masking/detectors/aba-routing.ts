// American bank routing numbers: nine digits with a Federal Reserve prefix and checksum, near a word of banking.
import type { Detector } from '../detector.ts'
import { isAbaRouting } from '../verifiers/americas-asia-pacific.ts'

export const abaRouting: Detector = {
  name: 'aba-routing',
  class: 'PCI',
  // In threes: the gate takes a long repeat for an endless one of four or more, and four digits are any year.
  pattern: String.raw`\b(?:\d{3}){3}\b|\b\d{4}[ -]\d{4}[ -]\d\b`,
  verify: isAbaRouting,
  context: { required: true, words: ['routing', 'aba', 'rtn', 'wire', 'ach', 'bank'] },
  maxLength: 11,
}
