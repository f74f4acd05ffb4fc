// Slack tokens and incoming webhooks.
import type { Detector } from '../detector.ts'

export const slackToken: Detector = {
  name: 'slack-token',
  class: 'Secret',
  pattern: String.raw`\bxox[abeoprs]-[A-Za-z0-9-]{10,250}|\bxapp-[A-Za-z0-9-]{20,250}|hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]{20,120}`,
  maxLength: 260,
}
