// Swiss AHV numbers (756…) with their EAN check.
import type { Detector } from '../detector.ts'
import { isSwissAhv } from '../verifiers/europe.ts'

export const chAhv: Detector = {
  name: 'ch-ahv',
  class: 'PII',
  pattern: String.raw`\b756[ .]?\d{4}[ .]?\d{4}[ .]?\d{2}\b`,
  verify: isSwissAhv,
  maxLength: 16,
}
