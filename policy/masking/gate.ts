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
  /** Before what `#glide` saw no thread begin that is alive. */
  #origin = 0
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
    // Every thread that is alive began here or later.
    let origin = from
    let limit = text.length
    // Every character since then was one unit that is seen, so that offsets count characters.
    let plain = true
    let i = from
    while (i < limit) {
      if (plain && state.quiet && state.generation === gate.generation) {
        this.#state = state
        i = this.#glide(text, i)
        state = this.#state
        origin = Math.max(origin, this.#origin)
        if (i === limit) break
      }
      let symbol = table[text.charCodeAt(i)] ?? 0
      let width = 1
      if (symbol >= surrogateUnit) {
        plain = false
        symbol = symbolAt(alphabet, text, i)
        width = widthAt(text, i)
      }
      if (symbol === ignorableUnit) {
        if (!state.idle && i - origin > maxIgnored) break
      } else {
        if (state.ends && this.#stops(state, outside[symbol], firstOf(state, plain, origin, i), i)) break
        const previous = state
        state = state.next[symbol] ?? gate.step(state, symbol)
        if (state.idle) {
          origin = i + width
          plain = true
        } else if (previous.fresh[symbol] === 1) {
          origin = i
          plain = width === 1
        }
        if (i + width - origin > (plain ? state.capInUnits : state.cap)) limit = i
      }
      i += width
    }
    this.beyondCap = limit < text.length
    this.steps += i - from
    this.first = state.idle ? -1 : firstOf(state, plain, origin, i)
    this.stop = i
    this.#state = state
  }

  /** Reads on from quiet state to quiet state. What follows does the same, only slower. */
  #glide(text: string, from: number): number {
    const { gate, alphabet } = this.#compiled
    const { columns } = alphabet
    const { moves, lastIdle } = gate
    let { row } = this.#state
    let origin = 0
    let i = from
    for (; i < text.length; i += 1) {
      const move = moves[row + (columns[text.charCodeAt(i)] ?? 0)] ?? 0
      if (move <= lastIdle) {
        if (move === 0) break
        origin = move < 0 ? i : i + 1
      }
      row = Math.abs(move)
    }
    this.#origin = origin
    this.#state = gate.at(row)
    return i
  }

  #stops(state: DfaState, word: number | undefined, first: number, at: number): boolean {
    const ends = word === 1 ? state.endsBeforeWord : state.endsBeforeOther
    return ends.length > 0 && this.#isAsked(ends, first, at)
  }
}

/** Relaxed threads outlive the patterns as they are written: what began too long ago is dead in truth. */
function firstOf(state: DfaState, plain: boolean, origin: number, at: number): number {
  return plain ? Math.max(origin, at - state.reach) : origin
}
