// GitLab personal, deploy, runner, trigger and job tokens.
import type { Detector } from '../detector.ts'

export const gitlabToken: Detector = {
  name: 'gitlab-token',
  class: 'Secret',
  pattern: String.raw`\bgl(?:pat|dt|rt|ptt|cbt|soat|ft|agent|oas)-[A-Za-z0-9_.-]{20,300}`,
  maxLength: 310,
}
