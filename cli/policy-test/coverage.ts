// Which rules the cases met: a rule counts as met when its condition held on a call that its policy spoke about. Rules that no case
// meets are rules whose change no test would notice.
import type { JudgedCall } from '../offline/judge-call.ts'
import type { World } from '../offline/load.ts'
import { toId } from '../offline/problems.ts'
import { locate } from '../offline/source.ts'
import type { Place } from '../offline/source.ts'

export interface CoveredRule extends Place {
  /** `namespace/name`. */
  readonly policy: string
  readonly rule: string
  readonly met: boolean
}

export interface CoverageReport {
  readonly rules: readonly CoveredRule[]
  readonly met: number
  readonly total: number
  /** Of the rules; 100 where there are none. */
  readonly percent: number
}

export function toMissingText({ file, line, policy, rule }: CoveredRule): string {
  return `${file}:${line}: no case meets rule ${rule} of ${policy}`
}

type Rule = Omit<CoveredRule, 'met'>

export class Coverage {
  readonly #rules = new Map<string, Rule>()
  readonly #met = new Set<string>()

  /** All rules that could be met. A policy that stands in the objects of several tests counts once, by its place. */
  expect({ objects }: Pick<World, 'objects'>): void {
    for (const declared of objects.policies) {
      const { mode, rules = [] } = declared.object.spec
      if (mode === 'Disabled') continue
      const policy = toId(declared)
      for (const [i, { name: rule }] of rules.entries()) {
        const { place } = locate(declared.source, `spec.rules[${i}].name`)
        this.#rules.set(toKey(place.file, policy, rule), { ...place, policy, rule })
      }
    }
  }

  add({ objects }: Pick<World, 'objects'>, { explanation, answers = [] }: JudgedCall): void {
    const files = new Map(objects.policies.map((declared) => [toId(declared), declared.source.source.file]))
    for (const { policy, rules } of [...(explanation?.policies ?? []), ...answers]) {
      const file = files.get(policy) ?? ''
      for (const { name, outcome } of rules) if (outcome === 'Matched') this.#met.add(toKey(file, policy, name))
    }
  }

  report(): CoverageReport {
    const rules = [...this.#rules].map(([key, rule]) => ({ ...rule, met: this.#met.has(key) }))
    const met = rules.filter((rule) => rule.met).length
    const total = rules.length
    return { rules, met, total, percent: total === 0 ? 100 : (met / total) * 100 }
  }
}

function toKey(file: string, policy: string, rule: string): string {
  return `${file}\n${policy}\n${rule}`
}
