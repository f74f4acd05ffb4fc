// AWS access key ids.
import type { Detector } from '../detector.ts'

export const awsAccessKey: Detector = {
  name: 'aws-access-key',
  class: 'Secret',
  pattern: String.raw`\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b`,
  maxLength: 20,
}
