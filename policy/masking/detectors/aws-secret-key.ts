// AWS secret access keys: forty characters of base64 near a word of AWS.
import type { Detector } from '../detector.ts'

export const awsSecretKey: Detector = {
  name: 'aws-secret-key',
  class: 'Secret',
  // In pairs: the gate takes a long repeat for an endless one of four or more, and four letters are any word.
  pattern: String.raw`\b(?:[A-Za-z0-9+/]{2}){20}\b`,
  context: {
    required: true,
    words: ['aws', 'aws_secret_access_key', 'aws_secret_key', 'secret access key', 'secretaccesskey', 'amazon'],
  },
  maxLength: 40,
}
