// Engines for the masks that calls meet, made once for each combination and kept: which policies speak about a caller repeats itself
// from call to call, and building automata does not belong on the way of one.
import { compileTiers, type TieredEngine } from './tiers.ts'
import type { MaskDemand } from './demand.ts'
import type { Classified, MaskPlan } from './mask-plan.ts'
import { planMasks } from './mask-plan.ts'
import { pseudonymDetector } from './pseudonyms.ts'

export interface PlannedMasks {
  readonly plan: MaskPlan
  /** Undefined where masks speak of fields alone. */
  readonly engine: TieredEngine | undefined
  /** The same, and tokens found as well. */
  readonly restoring: () => TieredEngine
}

/** Masks that cannot be run together. Each policy was checked when it was accepted; several may still be too much. */
export class MasksTooLarge extends Error {
  override readonly name = 'MasksTooLarge'
}

const maxKept = 256

export class MaskEngines {
  readonly #ids = new WeakMap<object, number>()
  #lastId = 0
  readonly #kept = new Map<string, PlannedMasks>()

  /** Throws MasksTooLarge. */
  of(demands: readonly MaskDemand[], classified: Classified): PlannedMasks {
    const key = `${classified.size === 0 ? '-' : this.#idOf(classified)} ${demands.map((demand) => this.#keyOf(demand)).join(' ')}`
    const known = this.#kept.get(key)
    if (known !== undefined) return known
    const plan = planMasks(demands, classified)
    let restoring: TieredEngine | undefined
    const planned: PlannedMasks = {
      plan,
      engine: plan.tiers.length === 0 ? undefined : compile(plan.tiers),
      restoring: () => (restoring ??= compile([[pseudonymDetector], ...plan.tiers])),
    }
    const [oldest] = this.#kept.keys()
    if (this.#kept.size >= maxKept && oldest !== undefined) this.#kept.delete(oldest)
    this.#kept.set(key, planned)
    return planned
  }

  /** Compiled parts are immutable, so what they are is who they are. */
  #keyOf({ policy, name, detectors, fields, action, label, keepLast, restores, acts }: MaskDemand): string {
    const parts = [this.#idOf(detectors), this.#idOf(fields), policy, name, action, keepLast, restores, acts, label]
    return JSON.stringify(parts)
  }

  #idOf(part: object): number {
    const known = this.#ids.get(part)
    if (known !== undefined) return known
    this.#lastId += 1
    this.#ids.set(part, this.#lastId)
    return this.#lastId
  }
}

function compile(tiers: MaskPlan['tiers']): TieredEngine {
  // A token is never encoded: the model was told it as it is.
  const engine = compileTiers(tiers, { decodes: ([first]) => first !== pseudonymDetector })
  if ('problems' in engine) throw new MasksTooLarge('The masks of all policies together are too large to be run.')
  return engine
}
