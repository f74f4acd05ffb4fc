// Credentials of an Authorization header, basic or bearer.
import type { Detector } from '../detector.ts'
import { isHeaderCredential } from '../verifiers/entropy.ts'

export const authorizationHeader: Detector = {
  name: 'authorization-header',
  class: 'Secret',
  pattern: String.raw`\b(?i:basic|bearer)\s{1,3}[A-Za-z0-9+/_.~-]{16,}={0,2}`,
  verify: isHeaderCredential,
  maxLength: 4120,
}
