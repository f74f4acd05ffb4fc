// What one call holds of its limits, from its reservation to its settlement. Without a shared store nothing here is asynchronous.
import type { LimitDemand } from '../../policy/evaluate.ts'
import type { Denied, Usage } from '../../policy/model.ts'
import type { Line } from './asks.ts'
import { outputChunk, toShare } from './asks.ts'
import type { Ask, Change, Counters, Hold, Shortage, Taken } from './counters.ts'
import type { LocalCounters } from './local-counters.ts'
import type { Reservation, Spending } from './reservation.ts'

export interface HeldDeps {
  /** Where the call's reservation stands. */
  readonly counters: Counters
  /** Used for extensions when `counters` is away and every limit says LocalShare. */
  readonly local: LocalCounters
  readonly replicas: () => number
  /** Counts the refusal. */
  readonly deny: (demand: LimitDemand, reason: Shortage) => Denied
}

/**
 * A ceiling that the caller names is the model server's to keep, and output is often counted in bytes. More than this many for each
 * token allowed are no honest count of it: the rest is then reserved as it comes, as for a call without a ceiling.
 */
const unitsPerCeilingToken = 16

interface TokenLine extends Line {
  /** Everything that was counted for this call, in whichever window. */
  total: number
  /** The part of it that stands in `window`, and can be given back there. */
  held: number
  window: number
  /** A limit in mode Audit that would have ended the call: no longer counted. */
  isOver: boolean
}

export class Held implements Reservation {
  readonly countsTokens: boolean
  readonly shadow: readonly Denied[]
  readonly #deps: HeldDeps
  readonly #shadow: Denied[]
  readonly #spending: Spending
  readonly #slot: string
  readonly #slots: readonly Line[]
  readonly #tokens: readonly TokenLine[]
  #output = 0
  /** An extension that waits for its store. */
  #asking: Promise<unknown> | undefined
  /** Less was granted than asked: asked again only for what is needed at once. */
  #isDry = false
  #isCut = false
  #isSettled = false

  constructor(deps: HeldDeps, taken: TakenLines, { spending, slot }: { spending: Spending; slot: string }) {
    this.#deps = deps
    this.#spending = spending
    this.#slot = slot
    this.#shadow = [...taken.shadow]
    this.shadow = this.#shadow
    this.#slots = taken.lines.filter(({ line }) => line.ask.kind === 'Slot').map(({ line }) => line)
    this.#tokens = taken.lines.filter(({ line }) => line.demand.measure === 'Tokens').map(toTokenLine)
    this.countsTokens = this.#tokens.length > 0
  }

  readonly spend = (outputTokens: number): boolean | Promise<boolean> => {
    this.#output = Math.max(this.#output, outputTokens)
    if (!this.countsTokens || this.#isSettled) return true
    const needed = this.#needed()
    if (needed > this.#allowance()) {
      return this.#asking === undefined ? this.#extend(needed) : this.#asking.then(() => this.spend(outputTokens))
    }
    if (this.#asking === undefined && this.#isWorthAsking(needed)) void this.#extend(needed)
    return true
  }

  readonly settle = (usage: Usage | undefined): void => {
    if (this.#isSettled) return
    this.#isSettled = true
    if (this.#asking === undefined) this.#close(usage)
    else void this.#asking.then(() => this.#close(usage))
  }

  #open(): readonly TokenLine[] {
    return this.#tokens.filter(({ isOver }) => !isOver)
  }

  /** There is enough for now; a limit in mode Audit may have less. */
  #isWorthAsking(needed: number): boolean {
    const least = Math.min(...this.#open().map(({ total }) => total))
    const isLow = this.#spending.maxTokens === 0 && needed + outputChunk / 2 > least
    return needed > least || (isLow && !this.#isDry)
  }

  /** What may be spent before anybody is asked again; limits in mode Audit hold nobody up. */
  #allowance(): number {
    let least = Number.POSITIVE_INFINITY
    for (const { ask, total } of this.#tokens) if (ask.acts) least = Math.min(least, total)
    return least
  }

  #needed(): number {
    const { inputTokens, maxTokens } = this.#spending
    const output = maxTokens === 0 ? this.#output : Math.max(maxTokens, Math.ceil(this.#output / unitsPerCeilingToken))
    return Math.ceil(inputTokens + output)
  }

  #extend(needed: number): boolean | Promise<boolean> {
    const lines = this.#open()
    const asks = lines.map(({ ask, total }): Ask => {
      const need = Math.max(0, Math.ceil(needed - total))
      return { ...ask, want: need + outputChunk, need }
    })
    const taken = this.#deps.counters.take(asks, this.#slot)
    if (!(taken instanceof Promise)) return this.#extended(lines, taken)
    const asking = taken.then((shared) => {
      this.#asking = undefined
      if (shared !== undefined) return this.#extended(lines, shared)
      return this.#extendedHere(lines, asks)
    })
    this.#asking = asking
    return asking
  }

  #extended(lines: readonly TokenLine[], taken: Taken): boolean {
    if ('refused' in taken) return this.#cut(lines[taken.refused.index], taken.refused.reason)
    for (const [i, line] of lines.entries()) this.#add(line, taken.holds[i] ?? 'LimitExceeded')
    return true
  }

  #add(line: TokenLine, hold: Hold | Shortage): void {
    if (typeof hold === 'string') {
      line.isOver = true
      this.#shadow.push(this.#deps.deny(line.demand, hold))
      return
    }
    line.total += hold.granted
    line.held = hold.window === line.window ? line.held + hold.granted : hold.granted
    line.window = hold.window
    if (hold.granted < outputChunk) this.#isDry = true
  }

  /** The shared store is away in the middle of an answer. What is taken here instead stays here, until its window ends. */
  #extendedHere(lines: readonly TokenLine[], asks: readonly Ask[]): boolean {
    const refusing = lines.find(({ demand }) => demand.acts && demand.onUnavailable === 'Deny')
    if (refusing !== undefined) return this.#cut(refusing, 'LimitUnavailable')
    const replicas = this.#deps.replicas()
    const taken = this.#deps.local.take(asks.map((ask) => toShare(ask, replicas)))
    if ('refused' in taken) return this.#cut(lines[taken.refused.index], taken.refused.reason)
    for (const [i, line] of lines.entries()) {
      const hold = taken.holds[i]
      if (typeof hold === 'object') line.total += hold.granted
    }
    return true
  }

  /** The answer ends here, unless this was asked ahead and there is enough by the time it is needed. */
  #cut(line: TokenLine | undefined, reason: Shortage): false {
    this.#isDry = true
    if (line !== undefined && !this.#isCut && this.#needed() > line.total) {
      this.#isCut = true
      this.#deps.deny(line.demand, reason)
    }
    return false
  }

  #close(usage: Usage | undefined): void {
    const changes = [...this.#slots.map((line) => this.#toFreed(line)), ...this.#toSettled(toTokens(usage))]
    if (changes.length > 0) this.#deps.counters.change(changes)
  }

  #toFreed({ ask }: Line): Change {
    return { kind: 'Slot', key: ask.key, slot: this.#slot }
  }

  #toSettled(used: number | undefined): readonly Change[] {
    const changes: Change[] = []
    for (const { ask, total, held, window } of this.#open()) {
      const amount = Math.max((used ?? Math.max(total, this.#needed())) - total, -held)
      if (amount !== 0) changes.push({ kind: 'Window', key: ask.key, windowMs: ask.windowMs, window, amount })
    }
    return changes
  }
}

/** What of the call's demands was taken, and what limits in mode Audit would have refused. */
export interface TakenLines {
  readonly lines: readonly { readonly line: Line; readonly hold: Hold }[]
  readonly shadow: readonly Denied[]
}

function toTokenLine({ line, hold }: TakenLines['lines'][number]): TokenLine {
  return { ...line, total: hold.granted, held: hold.granted, window: hold.window, isOver: false }
}

/** What a model server tells is checked: a count that is none is as if nothing had been told. */
function toTokens(usage: Usage | undefined): number | undefined {
  if (usage === undefined) return undefined
  const { inputTokens, outputTokens } = usage
  return isCount(inputTokens) && isCount(outputTokens) ? inputTokens + outputTokens : undefined
}

const maxCount = 1e12

function isCount(count: number): boolean {
  return Number.isSafeInteger(count) && count >= 0 && count <= maxCount
}
