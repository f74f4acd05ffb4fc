// Australian tax file numbers, near the word.
import type { Detector } from '../detector.ts'
import { isTfn } from '../verifiers/americas-asia-pacific.ts'

export const auTfn: Detector = {
  name: 'au-tfn',
  class: 'PII',
  pattern: String.raw`\b\d{3}[ .-]?\d{3}[ .-]?\d{3}\b`,
  verify: isTfn,
  context: { required: true, words: ['tfn', 'tax file number', 'tax file'] },
  maxLength: 11,
}
