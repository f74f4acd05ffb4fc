// Between the gate and the attempts: passes starts whose threads all die in the relaxed automaton before a match may end. In a word
// every letter may begin an address, and all of these threads are of one mind after a character or two: what is known of the last
// start's is known of this one's from there on.
import { ignorableUnit, surrogateUnit, type Alphabet } from './automata/alphabet.ts'
import type { DfaState, LazyDfa } from './automata/lazy-dfa.ts'

export interface StartsToPass {
  readonly at: number
  readonly until: number
  readonly afterWord: boolean
  /** The text ends with what is here. */
  readonly final: boolean
}

/** How far a start is followed, and how much is remembered: less than that and a power of two. */
const farthest = 500
const remembered = 512

/** Keeps nothing from call to call, so that all streams share it. */
export class Starts {
  readonly #alphabet: Alphabet
  readonly #relaxed: LazyDfa
  /** The row in which a thread came to each offset, modulo its length, and died later without an end: for those before `#to`. */
  readonly #rows = new Int32Array(remembered)
  #to = 0
  /** Characters read by the last call. */
  steps = 0

  constructor(alphabet: Alphabet, relaxed: LazyDfa) {
    this.#alphabet = alphabet
    this.#relaxed = relaxed
  }

  /** The first start that cannot be passed, or `until`. */
  pass(text: string, { at, until, afterWord, final }: StartsToPass): number {
    const { table, outside } = this.#alphabet
    const relaxed = this.#relaxed
    let word = afterWord
    this.steps = 0
    this.#to = 0
    for (let i = at; i < until; i += 1) {
      const symbol = table[text.charCodeAt(i)] ?? 0
      if (symbol === surrogateUnit) return i
      this.steps += 1
      // No match begins with what nobody sees.
      if (symbol === ignorableUnit) continue
      const start = relaxed.start(word)
      const state = start.next[symbol] ?? relaxed.step(start, symbol)
      if (!state.idle && !this.#dies(text, i, state, final)) return i
      word = outside[symbol] === 1
    }
    return until
  }

  // oxlint-disable-next-line complexity -- the loop of all starts: a call in it is felt
  #dies(text: string, start: number, { quiet, row: first }: DfaState, final: boolean): boolean {
    if (!quiet) return false
    const { columns, size } = this.#alphabet
    const rows = this.#rows
    const stop = Math.min(text.length, start + farthest)
    let { moves } = this.#relaxed
    let row = first
    let i = start + 1
    for (; i < stop; i += 1) {
      if (i < this.#to && rows[i % remembered] === row) break
      rows[i % remembered] = row
      const column = columns[text.charCodeAt(i)] ?? 0
      let move = moves[row + column] ?? 0
      if (move === 0) {
        if (column < size) move = this.#learn(row, column)
        if (move === 0) return false
        moves = this.#relaxed.moves
      }
      if (move < 0) break
      row = move
    }
    this.steps += i - start
    if (i === stop && !(final && stop === text.length)) return false
    this.#to = Math.max(this.#to, i + 1)
    return true
  }

  /** As `moves` has it; 0 where a match may end, or nothing is known any more. */
  #learn(row: number, symbol: number): number {
    const relaxed = this.#relaxed
    const { generation } = relaxed
    const next = relaxed.step(relaxed.at(row), symbol)
    if (relaxed.generation !== generation) return 0
    return next.idle ? -1 : next.quiet ? next.row : 0
  }
}
