// Tokens of platforms told by their prefix: SendGrid, DigitalOcean, Databricks, Shopify, Linear, HashiCorp Vault, Telegram.
import type { Detector } from '../detector.ts'

export const platformToken: Detector = {
  name: 'platform-token',
  class: 'Secret',
  pattern: String.raw`\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}|\bdo[opr]_v1_[a-f0-9]{64}\b|\bdapi[a-f0-9]{32}\b|\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b|\blin_api_[A-Za-z0-9]{40}\b|\bhv[sbr]\.[A-Za-z0-9_-]{24,}|\b\d{8,10}:AA[A-Za-z0-9_-]{33}`,
  maxLength: 260,
}
