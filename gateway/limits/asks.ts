// From what a policy demands to what is asked of a store: how much a call takes before it goes on.
import type { LimitDemand } from '../../policy/evaluate.ts'
import type { Denied } from '../../policy/model.ts'
import type { Ask, Shortage } from './counters.ts'
import { toDemandKey } from './demand-key.ts'
import type { Spending } from './reservation.ts'

/** What a call without a ceiling of its own reserves of output, and again each time that it comes near the end of that. */
export const outputChunk = 1_024

/** One demand of a call under way. */
export interface Line {
  readonly demand: LimitDemand
  readonly ask: Ask
}

export function toLine(demand: LimitDemand, spending: Spending): Line {
  const { measure, max, acts } = demand
  const key = toDemandKey(demand)
  if (measure === 'Concurrent') {
    return { demand, ask: { key, kind: 'Slot', max, windowMs: 0, want: 1, need: 1, acts } }
  }
  const amount = measure === 'Requests' ? { want: 1, need: 1 } : toTokens(spending)
  return { demand, ask: { key, kind: 'Window', max, windowMs: demand.windowMs, ...amount, acts } }
}

/** A call with a ceiling needs all of it; one without must at least be able to begin its answer. */
function toTokens({ inputTokens, maxTokens }: Spending): Pick<Ask, 'want' | 'need'> {
  const input = Math.max(0, Math.ceil(inputTokens))
  return maxTokens > 0
    ? { want: input + Math.ceil(maxTokens), need: input + Math.ceil(maxTokens) }
    : { want: input + outputChunk, need: input + 1 }
}

export function toDenied({ policy, limit }: LimitDemand, reason: Shortage): Denied {
  return { effect: 'Deny', reason, policy, rule: limit }
}

/** What this replica may give on its own while the shared store is away. At least one, or a small limit would be none at all. */
export function toShare(ask: Ask, replicas: number): Ask {
  return { ...ask, max: Math.max(1, Math.floor(ask.max / Math.max(1, replicas))) }
}
