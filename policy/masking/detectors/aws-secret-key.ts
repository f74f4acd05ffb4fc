// AWS secret access keys: forty characters of base64 near a word of AWS.
import type { Detector } from '../detector.ts'

export const awsSecretKey: Detector = {
  name: 'aws-secret-key',
  class: 'Secret',
  pattern: String.raw`\b[A-Za-z0-9+/]{40}\b`,
  context: {
    required: true,
    words: ['aws', 'aws_secret_access_key', 'aws_secret_key', 'secret access key', 'secretaccesskey', 'amazon'],
  },
  maxLength: 40,
}
