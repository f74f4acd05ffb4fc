// Cases of slack-token.ts.
import type { DetectorCases } from './cases.ts'
import { token } from './cases.ts'

export const slackTokenCases: DetectorCases = {
  positives: [
    `use «${token('xoxb-', 40)}» now`,
    `use «${token('xapp-1-', 60)}» now`,
    `use «${token('hooks.slack.com/services/', 44)}» now`,
    `key="«${token('xoxb-', 40)}»"`,
  ],
  negatives: ['xoxb-short', 'xoxz-aaaaaaaaaaaaaa', 'hooks.slack.com/docs'],
  evasions: [
    `«${token('xoxb-', 40).slice(0, 9)}\u200b${token('xoxb-', 40).slice(9)}»`,
    `«${token('xoxb-', 40).slice(0, 9)}\u00ad${token('xoxb-', 40).slice(9)}»`,
    `«${token('xoxb-', 40).slice(0, 9)}\u2060${token('xoxb-', 40).slice(9)}»`,
    `url?key=«${token('xoxb-', 40)}»&x=1`,
  ],
}
