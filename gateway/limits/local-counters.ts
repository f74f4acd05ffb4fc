// Counts in this process: exact for one replica, and each replica's share when the shared store is away. Nothing waits, no timer
// runs; windows that are over are swept as new ones come. What is full refuses: to forget a count would be to lift a limit.
import type { Ask, Change, Counters, Hold, ShortAsk, Shortage, Taken } from './counters.ts'
import { toGrant } from './counters.ts'

export interface LocalCountersDeps {
  readonly nowMs: () => number
  /** Windows and occupied slots together. */
  readonly maxKeys: number
}

interface Window {
  readonly id: number
  readonly endsMs: number
  used: number
}

/** How many windows that are over are looked for with each new one; two, so that the sweep outruns the growth. */
const sweptPerWindow = 2

export class LocalCounters implements Counters {
  readonly #deps: LocalCountersDeps
  /** By length: windows of one length end in the order in which they began, so those that are over stand in front. */
  readonly #windows = new Map<number, Map<string, Window>>()
  readonly #slots = new Map<string, number>()
  #size = 0
  #nextId = 1

  constructor(deps: LocalCountersDeps) {
    this.#deps = deps
  }

  get size(): number {
    return this.#size
  }

  readonly take = (asks: readonly Ask[]): Taken => {
    const nowMs = this.#deps.nowMs()
    let isSwept = false
    let room = this.#deps.maxKeys - this.#size
    let worst: ShortAsk | undefined
    const outcomes: (number | Shortage)[] = []
    for (const [index, ask] of asks.entries()) {
      if (room <= 0 && !isSwept) {
        isSwept = true
        room += this.#sweepAll(nowMs)
      }
      const outcome = this.#look(ask, nowMs, room > 0)
      if (outcome === 'LimitExceeded' || outcome === 'LimitUnavailable') {
        if (ask.acts) worst = toWorse(worst, this.#toShortAsk(ask, index, { reason: outcome, nowMs }))
      } else if (!this.#isKnown(ask, nowMs)) {
        room -= 1
      }
      outcomes.push(outcome)
    }
    if (worst !== undefined) return { refused: worst }
    return { holds: asks.map((ask, i) => this.#hold(ask, outcomes[i] ?? 0, nowMs)) }
  }

  readonly change = (changes: readonly Change[]): void => {
    for (const change of changes) {
      if (change.kind === 'Slot') this.#free(change.key)
      else this.#settle(change)
    }
  }

  #look(ask: Ask, nowMs: number, hasRoom: boolean): number | Shortage {
    if (!hasRoom && !this.#isKnown(ask, nowMs)) return 'LimitUnavailable'
    return toGrant(ask, ask.max - this.#used(ask, nowMs)) ?? 'LimitExceeded'
  }

  #isKnown(ask: Ask, nowMs: number): boolean {
    return ask.kind === 'Slot' ? this.#slots.has(ask.key) : this.#running(ask, nowMs) !== undefined
  }

  #used(ask: Ask, nowMs: number): number {
    return ask.kind === 'Slot' ? (this.#slots.get(ask.key) ?? 0) : (this.#running(ask, nowMs)?.used ?? 0)
  }

  #running({ key, windowMs }: Pick<Ask, 'key' | 'windowMs'>, nowMs: number): Window | undefined {
    const window = this.#windows.get(windowMs)?.get(key)
    return window !== undefined && window.endsMs > nowMs ? window : undefined
  }

  #toShortAsk(ask: Ask, index: number, { reason, nowMs }: { reason: Shortage; nowMs: number }): ShortAsk {
    const window = ask.kind === 'Slot' || ask.need > ask.max ? undefined : this.#running(ask, nowMs)
    return window === undefined || reason === 'LimitUnavailable'
      ? { index, reason }
      : { index, reason, waitMs: window.endsMs - nowMs }
  }

  #hold(ask: Ask, outcome: number | Shortage, nowMs: number): Hold | Shortage {
    if (typeof outcome === 'string') return outcome
    if (ask.kind === 'Slot') {
      const taken = this.#slots.get(ask.key)
      if (taken === undefined) this.#size += 1
      this.#slots.set(ask.key, (taken ?? 0) + outcome)
      return { granted: outcome, window: 0 }
    }
    const window = this.#running(ask, nowMs) ?? this.#begin(ask, nowMs)
    window.used += outcome
    return { granted: outcome, window: window.id }
  }

  #begin({ key, windowMs }: Pick<Ask, 'key' | 'windowMs'>, nowMs: number): Window {
    let windows = this.#windows.get(windowMs)
    if (windows === undefined) {
      windows = new Map()
      this.#windows.set(windowMs, windows)
    }
    this.#sweep(windows, nowMs, sweptPerWindow)
    const window: Window = { id: this.#nextId, endsMs: nowMs + windowMs, used: 0 }
    this.#nextId += 1
    // Taken out first, so that a window that begins anew stands at the end.
    if (!windows.delete(key)) this.#size += 1
    windows.set(key, window)
    return window
  }

  #settle(change: Change & { kind: 'Window' }): void {
    const nowMs = this.#deps.nowMs()
    const running = this.#running(change, nowMs)
    if (change.amount > 0) {
      // Beyond the bound on keys, if need be: at most one for each call that is under way.
      const window = running ?? this.#begin(change, nowMs)
      window.used += change.amount
    } else if (running?.id === change.window) {
      running.used = Math.max(0, running.used + change.amount)
    }
  }

  #free(key: string): void {
    const taken = this.#slots.get(key)
    if (taken === undefined) return
    if (taken > 1) {
      this.#slots.set(key, taken - 1)
      return
    }
    this.#slots.delete(key)
    this.#size -= 1
  }

  #sweepAll(nowMs: number): number {
    const before = this.#size
    for (const [windowMs, windows] of this.#windows) {
      this.#sweep(windows, nowMs, Number.POSITIVE_INFINITY)
      if (windows.size === 0) this.#windows.delete(windowMs)
    }
    return before - this.#size
  }

  #sweep(windows: Map<string, Window>, nowMs: number, most: number): void {
    let swept = 0
    for (const [key, window] of windows) {
      if (swept >= most || window.endsMs > nowMs) return
      windows.delete(key)
      this.#size -= 1
      swept += 1
    }
  }
}

/** What keeps a caller waiting longest; what never ends most of all. */
function toWorse(a: ShortAsk | undefined, b: ShortAsk): ShortAsk {
  if (a === undefined) return b
  return (b.waitMs ?? Number.POSITIVE_INFINITY) > (a.waitMs ?? Number.POSITIVE_INFINITY) ? b : a
}
