// One form for all spellings of a value, so that the same card, number or address always gets the same digest or pseudonym.
import { foldText } from './fold.ts'

/** Case, look-alikes, spaces and the signs that people put between digits make no difference; in an address every sign does. */
export function toCanonical(value: string): string {
  const folded = foldText(value).toLowerCase().replaceAll(/\s/gu, '')
  if (folded.includes('@')) return folded
  return /[a-z]/u.test(folded) ? folded.replaceAll('-', '') : folded.replaceAll(/[-().]/gu, '')
}
