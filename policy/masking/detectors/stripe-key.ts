// Stripe secret and restricted keys and webhook secrets.
import type { Detector } from '../detector.ts'

export const stripeKey: Detector = {
  name: 'stripe-key',
  class: 'Secret',
  pattern: String.raw`\b[sr]k_(?:live|test)_[A-Za-z0-9]{10,247}\b|\bwhsec_[A-Za-z0-9+/]{20,100}`,
  maxLength: 260,
}
