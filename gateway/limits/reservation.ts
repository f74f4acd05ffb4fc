// What the story of a call knows of limits: everything is reserved before the call goes on, and settled once it has ended.
import type { LimitDemand } from '../../policy/evaluate.ts'
import type { Denied, Usage } from '../../policy/model.ts'

/** What a call may cost at most, as far as the request tells. */
export interface Spending {
  readonly inputTokens: number
  /** What the caller allows the model to say; 0 where nothing is said. */
  readonly maxTokens: number
}

export interface Reservation {
  /** True when a limit counts tokens: the answer must then be read for its usage. */
  readonly countsTokens: boolean
  /** What limits of policies in mode Audit would have refused. */
  readonly shadow: readonly Denied[]
  /**
   * Told before a piece of the answer goes on, with an upper bound of the output so far. False: the budget is spent and nothing
   * more may go on.
   */
  readonly spend: (outputTokens: number) => boolean | Promise<boolean>
  /** Once, however the call ended. Without usage what was reserved or spent counts, whichever is more. */
  readonly settle: (usage: Usage | undefined) => void
}

export interface LimitRefusal {
  readonly denied: Denied
  readonly retryAfterSeconds?: number
}

export type Reserved = { readonly reservation: Reservation } | { readonly refused: LimitRefusal }

/** Nothing stays reserved when it refuses. Not a promise unless a store has to be asked. */
export type Reserve = (demands: readonly LimitDemand[], spending: Spending) => Reserved | Promise<Reserved>
