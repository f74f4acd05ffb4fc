// One start of a text, tried on the exact automaton: which detector matches from here, and how far. It stops where the text that
// arrived does and goes on with the next piece, so it decides the same for every cutting.
//
//   reading ──all threads dead──▶ decided          longest end that holds, or no match
//      └──a thread beyond its cap──▶ overflowing ──that thread dead──▶ decided      masked as far as it lived
import { ignorableUnit, surrogateUnit, symbolAt, widthAt } from './automata/alphabet.ts'
import type { DfaState } from './automata/lazy-dfa.ts'
import type { Compiled } from './compiled.ts'

/** Characters that nobody sees within one candidate before it counts as overflowing: nobody writes so many. */
export const maxIgnored = 256

/** Ends tried from one start, the longest first: a verifier that refuses them all costs no more than this. */
const maxTries = 32

/** Units that verifiers are given from one start before no shorter end is tried. */
const maxTried = 512

export interface Candidate {
  readonly end: number
  readonly detector: number
}

export class Attempt {
  readonly #compiled: Compiled
  #state: DfaState
  #at = 0
  #ignored = 0
  #beyondAscii = false
  /** Offsets count from the start of the text the caller holds; `rebase` follows when that moves. */
  start = 0
  /** Behind the last character a thread consumed. */
  end = 0
  /** How long the longest is that holds for certain, whatever verifiers say, and its detector; or -1. */
  #certain = -1
  #certainOf = 0
  /** The last ends after that, in a ring, with their detectors: by end, and by priority at the same end. */
  readonly #ends: number[] = []
  readonly #enders: number[] = []
  #noted = 0
  /** The first end from which on one detector alone is left and matches for certain, as long as what it matches is ASCII. */
  sure: number | undefined
  overflow: number | undefined
  /** Where the value ends that is kept of an overflowing match. */
  valueEnd = 0
  /** Characters read by all attempts: what linear time is asserted on. */
  steps = 0

  constructor(compiled: Compiled) {
    this.#compiled = compiled
    this.#state = compiled.exact.start(false)
  }

  begin(start: number, afterWord: boolean): void {
    this.start = start
    this.end = start
    this.#at = start
    this.#state = this.#compiled.exact.start(afterWord)
    this.#ignored = 0
    this.#beyondAscii = false
    this.#noted = 0
    this.#certain = -1
    this.sure = undefined
    this.overflow = undefined
  }

  /** Whether all that it has read is ASCII, which stands for itself. */
  get isAscii(): boolean {
    return !this.#beyondAscii
  }

  /** The longest end that holds. */
  choose(holds: (candidate: Candidate) => boolean): Candidate | undefined {
    let tried = 0
    for (let i = this.#noted - 1; i >= Math.max(0, this.#noted - maxTries) && tried < maxTried; i -= 1) {
      const candidate = this.#candidate(i)
      if (holds(candidate)) return candidate
      tried += candidate.end - this.start
    }
    return this.#surest()
  }

  /** The longest end so far, of a match that is sure. */
  get last(): Candidate | undefined {
    return this.#noted === 0 ? this.#surest() : this.#candidate(this.#noted - 1)
  }

  #surest(): Candidate | undefined {
    return this.#certain < 0 ? undefined : { end: this.start + this.#certain, detector: this.#certainOf }
  }

  #candidate(index: number): Candidate {
    const at = index % maxTries
    return { end: this.start + (this.#ends[at] ?? 0), detector: this.#enders[at] ?? 0 }
  }

  rebase(by: number): void {
    this.start -= by
    this.end -= by
    this.#at -= by
    this.valueEnd -= by
    if (this.sure !== undefined) this.sure -= by
  }

  /** Reads on. True when no more text can change the outcome; at the end of all text nothing is open. */
  run(text: string, final: boolean): boolean {
    while (this.#at < text.length) {
      if (this.overflow === undefined) this.#glide(text)
      if (this.#at < text.length && !this.#read(text)) return true
    }
    if (final) this.#note(this.#state, this.#state.endsBeforeOther)
    return final
  }

  /** Reads on while nothing but ends happen: nothing that is skipped, no cap. All of what follows does the same, only slower. */
  // oxlint-disable-next-line complexity -- the loop of all attempts: a call in it is felt
  #glide(text: string): void {
    const { alphabet, exact } = this.#compiled
    const { table, outside } = alphabet
    let state = this.#state
    let i = this.#at
    const stop = Math.min(text.length, this.start + this.#ignored + state.cap)
    while (i < stop) {
      if (state.quiet && state.generation === exact.generation) {
        this.#state = state
        i = this.#sprint(text, i, stop)
        state = this.#state
        if (i === stop) break
      }
      const unit = text.charCodeAt(i)
      const symbol = table[unit] ?? 0
      const next = symbol >= surrogateUnit ? undefined : state.next[symbol]
      if (next === undefined || next.idle || next.settled) break
      if (unit > 0x7f) this.#beyondAscii = true
      if (state.ends) {
        if (i > this.#at) this.end = i
        this.#note(state, outside[symbol] === 1 ? state.endsBeforeWord : state.endsBeforeOther)
      }
      state = next
      i += 1
    }
    if (i === this.#at) return
    this.steps += i - this.#at
    this.#at = i
    this.end = i
    this.#state = state
  }

  /** Reads on from quiet state to quiet state. */
  #sprint(text: string, from: number, stop: number): number {
    const { alphabet, exact } = this.#compiled
    const { columns } = alphabet
    const { moves } = exact
    let { row } = this.#state
    let i = from
    for (; i < stop; i += 1) {
      const unit = text.charCodeAt(i)
      const move = moves[row + (columns[unit] ?? 0)] ?? 0
      if (move <= 0) break
      if (unit > 0x7f) this.#beyondAscii = true
      row = move
    }
    this.#state = exact.at(row)
    return i
  }

  /** Reads one character. False when the attempt is over. */
  #read(text: string): boolean {
    const { alphabet, exact } = this.#compiled
    const unit = text.charCodeAt(this.#at)
    let symbol = alphabet.table[unit] ?? 0
    let width = 1
    if (unit > 0x7f) {
      this.#beyondAscii = true
      symbol = symbolAt(alphabet, text, this.#at)
      width = widthAt(text, this.#at)
      if (symbol === ignorableUnit) return this.#ignore(width)
    }
    const state = this.#state
    if (state.ends) this.#note(state, alphabet.outside[symbol] === 1 ? state.endsBeforeWord : state.endsBeforeOther)
    return this.#advance(state.next[symbol] ?? exact.step(state, symbol), width)
  }

  /** False when the attempt is over: no match begins with what nobody sees. */
  #ignore(width: number): boolean {
    if (this.#at === this.start) return false
    this.#at += width
    this.#ignored += width
    this.steps += 1
    if (this.overflow !== undefined) this.end = this.#at
    else if (this.#ignored > maxIgnored) this.#overflowBy(this.#state, this.end)
    return true
  }

  /** False when the attempt is over. */
  #advance(state: DfaState, width: number): boolean {
    this.steps += 1
    if (state.idle) return false
    if (this.overflow !== undefined && !state.live.includes(this.overflow)) return false
    const before = this.end
    this.#at += width
    this.end = this.#at
    this.#state = state
    if (this.overflow === undefined && this.end - this.start - this.#ignored > state.cap)
      this.#overflowBy(state, before)
    if (!state.settled) return true
    this.#note(state, state.endsBeforeOther)
    return false
  }

  #overflowBy({ live, cap }: DfaState, valueEnd: number): void {
    this.valueEnd = valueEnd
    this.overflow = live.find((detector) => this.#compiled.detectors[detector]?.cap === cap)
  }

  /** Detectors come with the one of least priority first, so that the last candidate is always the best so far. */
  #note(state: DfaState, detectors: readonly number[]): void {
    if (this.overflow !== undefined) return
    for (const detector of detectors) {
      if (this.#compiled.detectors[detector]?.unconditional === true && !this.#beyondAscii) {
        this.#noted = 0
        this.#certain = this.end - this.start
        this.#certainOf = detector
        if (state.live.length === 1) this.sure ??= this.end
      } else {
        const at = this.#noted % maxTries
        this.#ends[at] = this.end - this.start
        this.#enders[at] = detector
        this.#noted += 1
      }
    }
  }
}
