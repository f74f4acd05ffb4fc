// AWS secret access keys: forty characters of base64 near a word of AWS.
import type { Detector } from '../detector.ts'

export const awsSecretKey: Detector = {
  name: 'aws-secret-key',
  class: 'Secret',
  // In fours: repeats up to four stay exact in the gate, which then passes ordinary words.
  pattern: String.raw`\b(?:[A-Za-z0-9+/]{4}){10}\b`,
  context: {
    required: true,
    words: ['aws', 'aws_secret_access_key', 'aws_secret_key', 'secret access key', 'secretaccesskey', 'amazon'],
  },
  maxLength: 40,
}
