// GitHub tokens of every kind.
import type { Detector } from '../detector.ts'

export const githubToken: Detector = {
  name: 'github-token',
  class: 'Secret',
  pattern: String.raw`\bgh[pousr]_[A-Za-z0-9]{36,251}\b|\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b`,
  maxLength: 260,
}
