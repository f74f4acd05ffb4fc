// American bank routing numbers: nine digits with a Federal Reserve prefix and checksum, near a word of banking.
import type { Detector } from '../detector.ts'
import { isAbaRouting } from '../verifiers/americas-asia-pacific.ts'

export const abaRouting: Detector = {
  name: 'aba-routing',
  class: 'PCI',
  pattern: String.raw`\b\d{9}\b|\b\d{4}[ -]\d{4}[ -]\d\b`,
  verify: isAbaRouting,
  context: { required: true, words: ['routing', 'aba', 'rtn', 'wire', 'ach', 'bank'] },
  maxLength: 11,
}
