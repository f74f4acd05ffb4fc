// Google API keys, OAuth client secrets and access tokens.
import type { Detector } from '../detector.ts'

export const googleKey: Detector = {
  name: 'google-key',
  class: 'Secret',
  pattern: String.raw`\bAIza[0-9A-Za-z_-]{35}|\bGOCSPX-[0-9A-Za-z_-]{28}|\bya29\.[0-9A-Za-z_-]{20,300}`,
  maxLength: 305,
}
