// E-mail addresses, also of other Latin, Greek and Cyrillic letters, and with at or dot in brackets.
import type { Detector } from '../detector.ts'

export const email: Detector = {
  name: 'email',
  class: 'PII',
  pattern: String.raw`[A-Za-z0-9\u00c0-\u024f\u0370-\u052f\u0530-\u1fff_][A-Za-z0-9\u00c0-\u024f\u0370-\u052f\u0530-\u1fff._%+'-]{0,63}(?:\s?@\s?|\s?[\[({]\s?(?i:at|@)\s?[\])}]\s?)(?:[A-Za-z0-9\u00c0-\u024f\u0370-\u052f\u0530-\u1fff-]+(?:\.|\s?[\[({]\s?(?i:dot|\.)\s?[\])}]\s?))+(?:[A-Za-z\u00c0-\u024f\u0370-\u052f\u0530-\u1fff]{2,24}|(?i:xn--)[A-Za-z0-9-]{2,59})`,
  maxLength: 420,
}
