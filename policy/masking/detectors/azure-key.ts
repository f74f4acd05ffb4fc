// Azure storage and service-bus keys in connection strings, shared access signatures, and client secrets.
import type { Detector } from '../detector.ts'

export const azureKey: Detector = {
  name: 'azure-key',
  class: 'Secret',
  pattern: String.raw`(?i:AccountKey|SharedAccessKey)\s?=\s?[A-Za-z0-9+/]{42,86}={0,2}|\b[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}|\bsig=[A-Za-z0-9%+/]{40,120}`,
  maxLength: 130,
}
