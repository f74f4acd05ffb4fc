// Anthropic API, admin and OAuth keys.
import type { Detector } from '../detector.ts'

export const anthropicKey: Detector = {
  name: 'anthropic-key',
  class: 'Secret',
  pattern: String.raw`\bsk-ant-(?:api|admin|oat|ort|sid)\d{2}-[A-Za-z0-9_-]{20,250}`,
  maxLength: 270,
}
