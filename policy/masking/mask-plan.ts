// What several masks amount to together: which detectors are run, and whose each of their findings is. Where masks meet in one
// detector or field, the strictest action is taken and all of them count.
import type { MaskDemand } from './demand.ts'
import { maskActions } from './demand.ts'
import type { Detector } from './detector.ts'

export interface Owners {
  /** Whose action is taken. */
  readonly strictest: MaskDemand
  readonly all: readonly MaskDemand[]
}

export interface MaskPlan {
  /** From the strictest action to the mildest; those without detectors are left out. */
  readonly tiers: readonly (readonly Detector[])[]
  readonly owners: ReadonlyMap<string, Owners>
  readonly fields: ReadonlyMap<string, Owners>
}

/** Fields of a connection by the class of data that it says they hold. */
export type Classified = ReadonlyMap<string, readonly string[]>

export function planMasks(demands: readonly MaskDemand[], classified: Classified): MaskPlan {
  const detectors = new Map<string, Detector>()
  const owners = new Map<string, Owners>()
  const fields = new Map<string, Owners>()
  for (const demand of demands) {
    for (const detector of demand.detectors) {
      detectors.set(detector.name, detector)
      own(owners, detector.name, demand)
    }
    for (const field of fieldsOf(demand, classified)) own(fields, field, demand)
  }
  const tiers = maskActions.map((action) =>
    [...detectors.values()].filter(({ name }) => owners.get(name)?.strictest.action === action),
  )
  return { tiers: tiers.filter((tier) => tier.length > 0), owners, fields }
}

/** A place may be named by the policy, by the connection, or by both. */
function fieldsOf(demand: MaskDemand, classified: Classified): ReadonlySet<string> {
  const declared = demand.class === undefined ? [] : (classified.get(demand.class) ?? [])
  return new Set([...demand.fields, ...declared])
}

function own(owners: Map<string, Owners>, what: string, demand: MaskDemand): void {
  const known = owners.get(what)
  const all = [...(known?.all ?? []), demand]
  owners.set(what, { strictest: known === undefined ? demand : toStricter(known.strictest, demand), all })
}

/** Of equal actions the first by policy and name, whatever order they came in. */
function toStricter(one: MaskDemand, other: MaskDemand): MaskDemand {
  const ranks = maskActions.indexOf(one.action) - maskActions.indexOf(other.action)
  if (ranks !== 0) return ranks < 0 ? one : other
  if (one.restores !== other.restores) return one.restores ? other : one
  if (one.action === 'Partial' && one.keepLast !== other.keepLast) return one.keepLast < other.keepLast ? one : other
  return `${one.policy}/${one.name}` <= `${other.policy}/${other.name}` ? one : other
}
