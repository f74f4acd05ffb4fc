// Tells that a caller left before its reply was finished.
import type { CallerSignal } from '../exchange.ts'

export class Departure implements CallerSignal {
  #listeners: readonly (() => void)[] = []
  #left = false

  get aborted(): boolean {
    return this.#left
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners = [...this.#listeners, listener]
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners = this.#listeners.filter((known) => known !== listener)
  }

  fire(): void {
    if (this.#left) return
    this.#left = true
    for (const listener of this.#listeners) listener()
  }
}
