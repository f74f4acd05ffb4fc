// Between the gate and the attempts: passes starts whose threads all die in the relaxed automaton before a match may end. In a word
// every letter may begin an address, and all of these threads are of one mind after a character or two: what is known of the last
// start's is known of this one's from there on.
import { ignorableUnit, surrogateUnit, type Alphabet } from './automata/alphabet.ts'
import { maxIgnored } from './attempt.ts'
import type { DfaState, LazyDfa } from './automata/lazy-dfa.ts'

export interface StartsToPass {
  readonly at: number
  readonly until: number
  readonly afterWord: boolean
  /** The text ends with what is here. */
  readonly final: boolean
}

/** How far a start is followed before it is asked whether its threads are too old to live, again and again; and at most. */
const near = 80
const farthest = 400

/** The way of the last start, by offset modulo its length, which is a power of two beyond `farthest`. */
class Trail {
  /** The rows its threads came to, at the offsets before `to`. */
  readonly rows = new Int32Array(512)
  to = 0
  /** The row at `to`, if the threads were too old there; 0 if they were dead. */
  last = 0
  /** At the most so many units on the way are skipped. */
  ignored = 0
}

/** Keeps nothing from call to call, so that all streams share it. */
export class Starts {
  readonly #alphabet: Alphabet
  readonly #relaxed: LazyDfa
  /** Of even starts and of odd ones: patterns that count in pairs tell these apart. */
  readonly #trails = [new Trail(), new Trail()] as const
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
    for (const trail of this.#trails) trail.to = 0
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
    const trail = this.#trails[start % 2 === 0 ? 0 : 1]
    const { to, rows } = trail
    // Until it is known how this one ends.
    trail.to = 0
    if (!quiet) return false
    const { columns, size } = this.#alphabet
    const relaxed = this.#relaxed
    let { moves } = relaxed
    let stop = Math.min(text.length, start + near)
    let row = first
    let ignored = 0
    let i = start + 1
    for (;;) {
      if (i >= stop) {
        const isOld = i - start - ignored > relaxed.at(row).reach
        if (isOld || (final && i === text.length)) {
          trail.to = i
          trail.last = isOld ? row : 0
          trail.ignored = ignored
          break
        }
        if (i >= text.length || i >= start + farthest) return false
        stop = Math.min(text.length, i + near)
      }
      if (i < to && rows[i % rows.length] === row) {
        trail.to = to
        if (trail.last === 0) break
        row = trail.last
        // At the most: they count from where that way began.
        ignored += trail.ignored
        i = to
        continue
      }
      rows[i % rows.length] = row
      const column = columns[text.charCodeAt(i)] ?? 0
      let move = moves[row + column] ?? 0
      if (move === 0) {
        if (column < size) move = this.#learn(row, column)
        else if (this.#isSkipped(text, i) && (ignored += 1) <= maxIgnored) move = row
        if (move === 0) return false
        moves = relaxed.moves
      }
      i += 1
      if (move < 0) {
        trail.to = i
        trail.last = 0
        break
      }
      row = move
    }
    this.steps += i - start
    return true
  }

  #isSkipped(text: string, at: number): boolean {
    return this.#alphabet.table[text.charCodeAt(at)] === ignorableUnit
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
