// JSON web tokens, signed or encrypted.
import type { Detector } from '../detector.ts'

export const jwt: Detector = {
  name: 'jwt',
  class: 'Secret',
  pattern: String.raw`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,3}`,
  maxLength: 20000,
}
