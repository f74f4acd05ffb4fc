// Assignments to names such as api_key, token or secret whose value looks random.
import type { Detector } from '../detector.ts'
import { isRandomAssignment } from '../verifiers/entropy.ts'

export const genericSecret: Detector = {
  name: 'generic-secret',
  class: 'Secret',
  pattern: String.raw`(?i:api[_-]?key|secret|token|access[_-]?key|private[_-]?key|auth[_-]?key|encryption[_-]?key|signing[_-]?key|credentials?|bearer)[A-Za-z0-9_]{0,20}["\'\x60]?\s{0,4}(?::=|=>|:|={1,3})\s{0,4}["\'\x60]?[^\s"\'\x60,;=]{8}[^\s"\'\x60,;]{0,504}`,
  verify: isRandomAssignment,
  maxLength: 580,
}
