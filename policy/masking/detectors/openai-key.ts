// OpenAI keys: legacy, project, service account and admin.
import type { Detector } from '../detector.ts'

export const openaiKey: Detector = {
  name: 'openai-key',
  class: 'Secret',
  pattern: String.raw`\bsk-(?:proj-|svcacct-|admin-|None-)?[A-Za-z0-9_-]{20,250}`,
  maxLength: 260,
}
