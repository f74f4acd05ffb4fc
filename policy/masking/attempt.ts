// One start of a text, tried on the exact automaton: which detector matches from here, and how far. It stops where the text that
// arrived does and goes on with the next piece, so it decides the same for every cutting.
//
//   reading ──all threads dead──▶ decided          longest end that holds, or no match
//      └──a thread beyond its cap──▶ overflowing ──that thread dead──▶ decided      masked as far as it lived
import { ignorableUnit, symbolAt, widthAt } from './automata/alphabet.ts'
import type { DfaState } from './automata/lazy-dfa.ts'
import type { Compiled } from './compiled.ts'

/** Characters that nobody sees within one candidate before it counts as overflowing: nobody writes so many. */
export const maxIgnored = 256

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
  /** Ascending by end, and by priority at the same end. One that holds for certain has thrown out all before it. */
  candidates: Candidate[] = []
  /** The first of `candidates` holds for certain. */
  certain = false
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
    this.candidates.length = 0
    this.certain = false
    this.sure = undefined
    this.overflow = undefined
  }

  /** For a match whose replacement has left: of its ends only the last matters. */
  keepLast(): void {
    if (this.candidates.length > 1) this.candidates.splice(0, this.candidates.length - 1)
  }

  rebase(by: number): void {
    this.start -= by
    this.end -= by
    this.#at -= by
    this.valueEnd -= by
    if (this.sure !== undefined) this.sure -= by
    this.candidates = this.candidates.map(({ end, detector }) => ({ end: end - by, detector }))
  }

  /** Reads on. True when no more text can change the outcome; at the end of all text nothing is open. */
  run(text: string, final: boolean): boolean {
    while (this.#at < text.length) {
      if (this.overflow === undefined) this.#glide(text)
      if (this.#at < text.length && !this.#read(text)) return true
    }
    if (final) this.#note(this.#state.endsBeforeOther)
    return final
  }

  /** Reads on while nothing happens: no end, no fold, no cap. All of what follows does the same, only slower. */
  #glide(text: string): void {
    const { table } = this.#compiled.alphabet
    let state = this.#state
    let i = this.#at
    const stop = Math.min(text.length, this.start + this.#ignored + state.cap)
    while (i < stop && !state.ends) {
      const unit = text.charCodeAt(i)
      const next = unit > 0x7f ? undefined : state.next[table[unit] ?? 0]
      if (next === undefined || next.idle || next.settled) break
      state = next
      i += 1
    }
    if (i === this.#at) return
    this.steps += i - this.#at
    this.#at = i
    this.end = i
    this.#state = state
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
    if (state.ends) this.#note(alphabet.outside[symbol] === 1 ? state.endsBeforeWord : state.endsBeforeOther)
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
    this.#note(state.endsBeforeOther)
    return false
  }

  #overflowBy({ live, cap }: DfaState, valueEnd: number): void {
    this.valueEnd = valueEnd
    this.overflow = live.find((detector) => this.#compiled.detectors[detector]?.cap === cap)
  }

  /** Detectors come with the one of least priority first, so that the last candidate is always the best so far. */
  #note(detectors: readonly number[]): void {
    if (this.overflow !== undefined) return
    for (const detector of detectors) {
      const compiled = this.#compiled.detectors[detector]
      if (compiled === undefined) continue
      if (compiled.unconditional && !this.#beyondAscii) {
        this.candidates.length = 0
        this.certain = true
        if (this.#state.live.length === 1) this.sure ??= this.end
      }
      this.candidates.push({ end: this.end, detector })
    }
  }
}
