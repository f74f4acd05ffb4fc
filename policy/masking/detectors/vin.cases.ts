// Cases of vin.ts.
import type { DetectorCases } from './cases.ts'

export const vinCases: DetectorCases = {
  positives: ['VIN «1M8GDM9AXKP042788»', '«1hgcm82633a004352»'],
  negatives: ['1M8GDM9A1KP042788', '11111111111111111', 'ABCDEFGHJKLMNPRST', '1M8GDM9AXkp042788'],
  evasions: [
    '«\uff11M\uff18GDM\uff19AXKP\uff10\uff14\uff12\uff17\uff18\uff18»',
    '«1M8\u200bGDM9AXKP042788»',
    '«1M8G\u00adDM9AXKP042788»',
  ],
}
