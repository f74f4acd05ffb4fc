// Names and passwords in URLs and connection strings.
import type { Detector } from '../detector.ts'

export const urlCredentials: Detector = {
  name: 'url-credentials',
  class: 'Secret',
  pattern: String.raw`\b[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:@/"]{0,64}:[^\s@/"]{1,128}@[A-Za-z0-9.-]{0,253}`,
  maxLength: 470,
}
