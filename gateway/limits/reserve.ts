// Limits: what a call may cost is reserved before it goes on, for all of its limits or for none, and settled once it has ended. With
// a shared store the counts are those of all replicas; while it is away each limit says what happens.
import type { LimitDemand } from '../../policy/evaluate.ts'
import type { Denied } from '../../policy/model.ts'
import type { Line } from './asks.ts'
import { toDenied, toLine, toShare } from './asks.ts'
import type { Ask, Counters, Taken } from './counters.ts'
import type { HeldDeps, TakenLines } from './held.ts'
import { Held } from './held.ts'
import type { LocalCounters } from './local-counters.ts'
import type { Reserve, Reserved, Spending } from './reservation.ts'

export interface ReserveDeps {
  readonly local: LocalCounters
  /** Absent: every replica counts for itself. */
  readonly shared?: SharedCounters | undefined
  readonly newId: () => string
  /** A limit refused, or would have if it were not in mode Audit. */
  readonly onRefused: (demand: LimitDemand, denied: Denied) => void
}

export interface SharedCounters extends Counters {
  /** How many replicas there were when the store was last heard. */
  readonly replicas: () => number
}

interface Call {
  readonly lines: readonly Line[]
  readonly asks: readonly Ask[]
  readonly spending: Spending
  readonly slot: string
}

const unlimited: Reserved = {
  reservation: { countsTokens: false, shadow: [], spend: () => true, settle: () => {} },
}

export function makeReserve(deps: ReserveDeps): Reserve {
  const { local, shared } = deps
  return (demands, spending) => {
    if (demands.length === 0) return unlimited
    const lines = demands.map((demand) => toLine(demand, spending))
    const call: Call = { lines, asks: lines.map(({ ask }) => ask), spending, slot: deps.newId() }
    if (shared === undefined) return toReserved(deps, call, { taken: local.take(call.asks), counters: local })
    const taken = shared.take(call.asks, call.slot)
    if (!(taken instanceof Promise)) return toReserved(deps, call, { taken, counters: shared })
    return taken.then((known) =>
      known === undefined ? reserveHere(deps, call) : toReserved(deps, call, { taken: known, counters: shared }),
    )
  }
}

/** The shared store is away. Limits that would rather refuse do; if none acts so, this replica gives of its share. */
function reserveHere(deps: ReserveDeps, { lines, spending, slot }: Call): Reserved {
  const refusing = lines.find(({ demand }) => demand.acts && demand.onUnavailable === 'Deny')
  if (refusing !== undefined) return refuse(deps, refusing, { reason: 'LimitUnavailable' })
  const replicas = deps.shared?.replicas() ?? 1
  const here = lines.filter(({ demand }) => demand.onUnavailable === 'LocalShare')
  const shared = here.map(({ demand, ask }): Line => ({ demand, ask: toShare(ask, replicas) }))
  const call: Call = { lines: shared, asks: shared.map(({ ask }) => ask), spending, slot }
  const shadow: Denied[] = []
  for (const { demand } of lines) {
    if (demand.onUnavailable === 'Deny') shadow.push(noteRefusal(deps, demand, 'LimitUnavailable'))
  }
  return toReserved(deps, call, { taken: deps.local.take(call.asks), counters: deps.local, shadow })
}

interface Answer {
  readonly taken: Taken
  readonly counters: Counters
  readonly shadow?: readonly Denied[]
}

function toReserved(deps: ReserveDeps, call: Call, { taken, counters, shadow = [] }: Answer): Reserved {
  const { lines, spending, slot } = call
  if ('refused' in taken) {
    const line = lines[taken.refused.index]
    if (line === undefined) throw new Error('a store refused what nobody asked for')
    return refuse(deps, line, taken.refused)
  }
  const held: TakenLines['lines'][number][] = []
  const denials = [...shadow]
  for (const [i, line] of lines.entries()) {
    const hold = taken.holds[i] ?? 'LimitUnavailable'
    if (typeof hold === 'object') held.push({ line, hold })
    else denials.push(noteRefusal(deps, line.demand, hold))
  }
  const heldDeps: HeldDeps = {
    counters,
    local: deps.local,
    replicas: () => deps.shared?.replicas() ?? 1,
    deny: (demand, reason) => noteRefusal(deps, demand, reason),
  }
  return { reservation: new Held(heldDeps, { lines: held, shadow: denials }, { spending, slot }) }
}

interface Why {
  readonly reason: 'LimitExceeded' | 'LimitUnavailable'
  readonly waitMs?: number
}

function refuse(deps: ReserveDeps, { demand }: Line, { reason, waitMs }: Why): Reserved {
  const denied = noteRefusal(deps, demand, reason)
  if (waitMs === undefined) return { refused: { denied } }
  return { refused: { denied, retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) } }
}

function noteRefusal(deps: ReserveDeps, demand: LimitDemand, reason: Why['reason']): Denied {
  const denied = toDenied(demand, reason)
  deps.onRefused(demand, denied)
  return denied
}
