// How often, and how long to wait: exponential backoff with jitter, and a token bucket. Pure but for the clock and
// the random source they are given.

export interface BackoffRange {
  readonly minMs: number
  readonly maxMs: number
}

/** The pause before attempt `failures + 1`: doubles from min to max, spread by ±25 % so that a fleet does not march in step. */
export function backoffMs(range: BackoffRange, failures: number, random: () => number): number {
  const base = Math.min(range.maxMs, range.minMs * 2 ** Math.min(failures, 30))
  return Math.round(base * (0.75 + random() * 0.5))
}

export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

export class TokenBucket {
  readonly #rate: Rate
  readonly #nowMs: () => number
  #tokens: number
  #filledMs: number

  constructor(rate: Rate, nowMs: () => number) {
    this.#rate = rate
    this.#nowMs = nowMs
    this.#tokens = rate.burst
    this.#filledMs = nowMs()
  }

  /** Takes a token, on credit if need be, and says how long to wait before using it. */
  reserveMs(): number {
    this.#fill()
    this.#tokens -= 1
    return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens / this.#rate.perSecond) * 1000)
  }

  /** Takes a token only if there is one. */
  tryTake(): boolean {
    this.#fill()
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }

  #fill(): void {
    const now = this.#nowMs()
    const earned = ((now - this.#filledMs) / 1000) * this.#rate.perSecond
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + earned)
    this.#filledMs = now
  }
}
