// US Medicare beneficiary identifiers: eleven places, each with its own alphabet (CMS).
import type { Detector } from '../detector.ts'

export const usMbi: Detector = {
  name: 'us-mbi',
  class: 'PHI',
  pattern: String.raw`\b[1-9][AC-HJKMNP-RT-Yac-hjkmnp-rt-y][AC-HJKMNP-RT-Yac-hjkmnp-rt-y0-9]\d-?[AC-HJKMNP-RT-Yac-hjkmnp-rt-y][AC-HJKMNP-RT-Yac-hjkmnp-rt-y0-9]\d-?[AC-HJKMNP-RT-Yac-hjkmnp-rt-y]{2}\d{2}\b`,
  maxLength: 13,
}
