// A clock whose hands the test turns. `advance` runs due timers in order and lets promises settle in between.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../kube/clock.ts'

export class ManualClock implements Clock {
  readonly #startedMs: number
  #nowMs = 0
  #nextId = 0
  readonly #timers = new Map<number, { readonly dueMs: number; readonly run: () => void }>()

  constructor(start = '2026-01-01T00:00:00Z') {
    this.#startedMs = Date.parse(start)
  }

  readonly monotonicMs = (): number => this.#nowMs

  readonly date = (): Date => new Date(this.#startedMs + this.#nowMs)

  readonly after = (ms: number, run: () => void): (() => void) => {
    const id = this.#nextId
    this.#nextId += 1
    this.#timers.set(id, { dueMs: this.#nowMs + Math.max(0, ms), run })
    return () => this.#timers.delete(id)
  }

  get pending(): number {
    return this.#timers.size
  }

  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    for (;;) {
      await settle()
      const next = [...this.#timers]
        .filter(([, timer]) => timer.dueMs <= endMs)
        .toSorted(([, a], [, b]) => a.dueMs - b.dueMs)[0]
      if (next === undefined) break
      const [id, timer] = next
      this.#timers.delete(id)
      this.#nowMs = timer.dueMs
      timer.run()
    }
    this.#nowMs = endMs
    await settle()
  }
}

/** Lets everything that is ready to run do so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await nextTurn()
}
