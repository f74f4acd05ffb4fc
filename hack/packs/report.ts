// What `npm run packs` prints. Figures and names of rules, never a prompt: these texts are not for a terminal or a log.
import type { Judged, SetResult } from './measure.ts'
import { countSigns, show, toFresh, toMissedFamilies, toRate } from './measure.ts'

const uses = {
  Tuned: 'attacks that the rules were written from',
  Held: 'attacks that the rules were not written from',
  Benign: 'harmless',
} as const

export function toSetLines({ name, role, about, judged }: SetResult): readonly string[] {
  const refused = judged.filter((one) => one.refused).length
  const head = `${name} (${uses[role]}): ${refused} of ${judged.length} refused, ${show(toRate(judged))}`
  return ['', head, `  ${about}`, ...(role === 'Held' ? toHeldLines(judged) : []), ...toDetails(role, judged)]
}

function toHeldLines(judged: readonly Judged[]): readonly string[] {
  const fresh = toFresh(judged)
  if (fresh.length === 0 || fresh.length === judged.length) return []
  const refused = fresh.filter((one) => one.refused).length
  return [
    `  ${judged.length - fresh.length} stand, in the main, in the sources of the rules as well;`,
    `  of the ${fresh.length} others ${refused} are refused, ${show(toRate(fresh))}`,
  ]
}

function toDetails(role: SetResult['role'], judged: readonly Judged[]): readonly string[] {
  if (role === 'Benign') return toList('refused by', countSigns(judged.filter(({ refused }) => refused)))
  return toList('got through with', toMissedFamilies(judged))
}

function toList(
  title: string,
  families: readonly { readonly what: string; readonly count: number }[],
): readonly string[] {
  if (families.length === 0) return []
  return [
    `  ${title}: ${families
      .slice(0, 8)
      .map(({ what, count }) => `${what} ${count}`)
      .join(', ')}`,
  ]
}

export function toOwnLines(judged: readonly Judged[]): readonly string[] {
  const refused = judged.filter((one) => one.refused)
  return [
    `packs: ${refused.length} of ${judged.length} prompts refused, ${show(toRate(judged))}`,
    ...toList('refused by', countSigns(refused)),
  ]
}

export interface Time {
  readonly size: number
  readonly us: number
}

export function toTimeLines(times: readonly Time[]): readonly string[] {
  return [
    '',
    ...times.map(({ size, us }) => `evaluation of a harmless prompt of ${size} characters: ${us.toFixed(0)} µs`),
  ]
}

/** The last line is the one that is quoted; the line before it says what it is worth. */
export function toClosingLines(results: readonly SetResult[]): readonly string[] {
  const of = (role: SetResult['role']): readonly Judged[] =>
    results.filter((one) => one.role === role).flatMap(({ judged }) => judged)
  const attacks = of('Held')
  const fresh = toFresh(attacks)
  const harmless = of('Benign')
  const recall = `recall ${show(toRate(attacks))} of ${attacks.length} attacks`
  return [
    `of the ${fresh.length} attacks that are not, in the main, in the sources of the rules: ${show(toRate(fresh))}`,
    `packs: ${recall}, false positives ${toRate(harmless).toFixed(2)} % of ${harmless.length}`,
  ]
}
