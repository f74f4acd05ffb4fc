// The gate: runs over text that is not known to hold anything and stops where a match may end. What it passes cannot be part of any
// match, for it accepts all that the detectors accept, and more. It stops as well where a match may grow beyond its cap.
import { ignorableUnit, surrogateUnit, symbolAt, widthAt } from './automata/alphabet.ts'
import type { DfaState } from './automata/lazy-dfa.ts'
import { maxIgnored } from './attempt.ts'
import type { Compiled } from './compiled.ts'

/** Whether one of these detectors can have a finding that begins at `first` or behind it and ends at `stop`. */
export type IsAsked = (detectors: readonly number[], first: number, stop: number) => boolean

export class Gate {
  readonly #compiled: Compiled
  readonly #isAsked: IsAsked
  /** The first start that may still match, before `stop`; -1 when there is none. */
  first = -1
  /** Where a match may end, or the end of the text. */
  stop = 0
  #state: DfaState
  /** Characters read: what linear time is asserted on. */
  steps = 0

  constructor(compiled: Compiled, isAsked: IsAsked) {
    this.#compiled = compiled
    this.#isAsked = isAsked
    this.#state = compiled.gate.start(false)
  }

  /** It stopped because a match may have grown beyond its cap. */
  beyondCap = false

  /** Whether a match may end with the text itself. */
  get mayEnd(): boolean {
    return this.#state.endsBeforeOther.length > 0
  }

  // oxlint-disable-next-line complexity -- the loop that all text runs through: a call in it is felt
  run(text: string, from: number, afterWord: boolean): void {
    const { gate, alphabet } = this.#compiled
    const { table, outside } = alphabet
    let state = gate.start(afterWord)
    let first = -1
    let limit = text.length
    // Every character so far was one unit that is seen, so that offsets count characters.
    let plain = true
    let i = from
    while (i < limit) {
      let symbol = table[text.charCodeAt(i)] ?? 0
      let width = 1
      if (symbol >= surrogateUnit) {
        plain = false
        symbol = symbolAt(alphabet, text, i)
        width = widthAt(text, i)
      }
      if (symbol === ignorableUnit) {
        if (isFlood(first, i)) break
      } else {
        if (state.ends && this.#stops(state, outside[symbol], plain ? Math.max(first, i - state.reach) : first, i))
          break
        state = state.next[symbol] ?? gate.step(state, symbol)
        if (state.idle) {
          first = -1
          plain = true
        } else if (first < 0) first = i
        // An idle state has no cap.
        if (i + width - first > (plain ? state.capInUnits : state.cap)) limit = i
      }
      i += width
    }
    this.beyondCap = limit < text.length
    this.steps += i - from
    // Relaxed threads outlive the patterns as they are written: what began too long ago is dead in truth.
    this.first = first >= 0 && plain ? Math.max(first, i - state.reach) : first
    this.stop = i
    this.#state = state
  }

  #stops(state: DfaState, word: number | undefined, first: number, at: number): boolean {
    const ends = word === 1 ? state.endsBeforeWord : state.endsBeforeOther
    return ends.length > 0 && this.#isAsked(ends, first, at)
  }
}

function isFlood(first: number, at: number): boolean {
  return first >= 0 && at - first > maxIgnored
}
