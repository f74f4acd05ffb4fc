// What every store of counts can do: take for all limits of one call or for none, and correct later. Keys are digests; a store
// never sees a policy, a name or the key that a policy computed.

export interface Ask {
  readonly key: string
  /** Window: an amount that is used up until its window ends. Slot: a place that is free again when the call ends. */
  readonly kind: 'Window' | 'Slot'
  readonly max: number
  /** 0 for slots. */
  readonly windowMs: number
  /** What is taken at most. */
  readonly want: number
  /** With less than this it refuses. */
  readonly need: number
  /** False: never refuses the others; its own outcome is told all the same. */
  readonly acts: boolean
}

export interface Hold {
  readonly granted: number
  /** Tells two windows of one key apart; 0 for slots. */
  readonly window: number
}

export type Shortage = 'LimitExceeded' | 'LimitUnavailable'

export interface ShortAsk {
  /** Which ask refuses: of several the one that keeps a caller waiting longest. */
  readonly index: number
  readonly reason: Shortage
  /** Absent: nobody can tell, or waiting does not help. */
  readonly waitMs?: number
}

/** In the order of the asks. Nothing was taken when it is refused. */
export type Taken = { readonly holds: readonly (Hold | Shortage)[] } | { readonly refused: ShortAsk }

export type Change =
  | {
      readonly kind: 'Window'
      readonly key: string
      readonly windowMs: number
      readonly window: number
      /** Below 0 is given back, to that very window or to none; above 0 is charged, to whichever window runs now, beyond `max` too. */
      readonly amount: number
    }
  | { readonly kind: 'Slot'; readonly key: string; readonly slot: string }

export interface Counters {
  /** `slot` names the place that this call takes. Undefined: the store is away, and nothing is known to be taken. */
  readonly take: (asks: readonly Ask[], slot: string) => Taken | Promise<Taken | undefined>
  readonly change: (changes: readonly Change[]) => void
}

/** What one ask may have of what is left. Undefined: less than it needs. */
export function toGrant({ want, need }: Pick<Ask, 'want' | 'need'>, room: number): number | undefined {
  const granted = Math.max(0, Math.min(want, room))
  return granted < need ? undefined : granted
}
