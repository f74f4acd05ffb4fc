// Puts what a masker released back in the place of the text that it read. As far as the two agree, the original goes on in its own
// spelling; from the first unit that differs on, the rest is spelled anew. That point depends on the two texts alone, never on how
// they were cut.
import type { Masker } from '../masker.ts'
import { endsInHalf, isHigh, type Sink } from './sink.ts'

export interface Speller {
  readonly spell: (text: string) => string
  readonly end: () => string
}

/** A piece of the original: what it means, and how it is written. */
interface Run {
  readonly text: string
  readonly raw: string
}

/** More than any engine holds, all of it escaped. A masker that waits for the end of a longer text gives a label, and spelling is no matter. */
const maxWaiting = 524_288

export class AlignedText {
  readonly #masker: Masker
  readonly #sink: Sink
  readonly #speller: Speller
  /** Read, and not yet met by output. A list, since a masker may hold much and is asked often. */
  #runs: Run[] = []
  #head = 0
  /** Units of the first run that are done. */
  #offset = 0
  /** Output that the original has not reached. */
  #ahead = ''
  #unread = ''
  /** Units of the runs. */
  #waiting = 0
  #hasDiverged = false

  constructor(masker: Masker, sink: Sink, speller: Speller) {
    this.#masker = masker
    this.#sink = sink
    this.#speller = speller
  }

  get masker(): Masker {
    return this.#masker
  }

  /** A run whose text is not its raw form is one unit, or none. */
  read(text: string, raw: string): void {
    this.#unread += text
    if (this.#hasDiverged) {
      this.#sink.skip(raw.length)
      return
    }
    this.#runs.push({ text, raw })
    this.#waiting += raw.length
  }

  /** Hands the masker what was read, and on what it released. */
  flush(): void {
    if (this.#unread === '') return
    const released = this.#masker.push(this.#unread)
    this.#unread = ''
    this.#put(released)
    if (this.#waiting > maxWaiting && !this.#hasDiverged) this.#diverge(this.#ahead)
  }

  end(): void {
    this.flush()
    this.#put(this.#masker.end())
    if (!this.#hasDiverged) this.#finish()
    this.#sink.write(this.#speller.end())
  }

  #put(released: string): void {
    if (this.#hasDiverged) {
      this.#sink.write(this.#speller.spell(released))
      return
    }
    this.#ahead += released
    if (this.#ahead !== '') this.#match()
  }

  /** Takes from both what they have in common, until one has nothing left to compare or they differ. */
  #match(): void {
    let done = 0
    for (let run = this.#runs[this.#head]; run !== undefined; run = this.#runs[this.#head]) {
      const text = run.text.slice(this.#offset, this.#offset + this.#ahead.length - done)
      if (text === '' && run.text !== '') break
      // Not `startsWith`, which compares unit by unit.
      if (this.#ahead.slice(done, done + text.length) !== text) {
        done += this.#keep(run, commonLength(text, this.#ahead, done))
        this.#diverge(this.#ahead.slice(done))
        return
      }
      const cut = this.#wholeLength(run, text, done)
      if (cut < 0) {
        this.#diverge(this.#ahead.slice(done))
        return
      }
      if (cut === 0 && text !== '') break
      done += this.#keep(run, cut)
    }
    this.#ahead = this.#ahead.slice(done)
    if (this.#head * 2 >= this.#runs.length) {
      this.#runs = this.#runs.slice(this.#head)
      this.#head = 0
    }
  }

  /**
   * How much of the agreeing text may go on: half of a surrogate pair waits until the other half agrees as well, lest it be left
   * alone before text that is spelled anew. Below zero: the other half differs.
   */
  #wholeLength(run: Run, text: string, done: number): number {
    if (!endsInHalf(text)) return text.length
    if (text.length > 1) return text.length - 1
    const next = this.#offset + 1 < run.text.length ? run.text[this.#offset + 1] : this.#textAfterHead()
    if (next === undefined || done + 1 >= this.#ahead.length) return 0
    return next === this.#ahead[done + 1] ? 1 : -1
  }

  /** The first unit of the runs after the first one that has any. */
  #textAfterHead(): string | undefined {
    for (let i = this.#head + 1; i < this.#runs.length; i += 1) {
      const unit = this.#runs[i]?.text[0]
      if (unit !== undefined) return unit
    }
    return undefined
  }

  #keep(run: Run, units: number): number {
    if (units === 0 && run.text !== '') return 0
    const from = this.#offset
    const raw = run.text === run.raw ? run.raw.slice(from, from + units) : run.raw
    this.#sink.keep(raw)
    this.#waiting -= raw.length
    if (from + units === run.text.length) {
      this.#head += 1
      this.#offset = 0
    } else {
      this.#offset = from + units
    }
    return units
  }

  #diverge(rest: string): void {
    this.#hasDiverged = true
    for (let i = this.#head; i < this.#runs.length; i += 1) {
      const raw = this.#runs[i]?.raw ?? ''
      this.#sink.skip(raw.length - (i === this.#head ? this.#offset : 0))
    }
    this.#runs = []
    this.#head = 0
    this.#offset = 0
    this.#ahead = ''
    this.#sink.write(this.#speller.spell(rest))
  }

  /** At the end nothing waits: what agrees goes on, and what one side has alone is a difference. */
  #finish(): void {
    const left = this.#runs.slice(this.#head).reduce((units, { text }) => units + text.length, -this.#offset)
    if (left !== this.#ahead.length || (left > 0 && this.#runs[this.#head]?.text[this.#offset] !== this.#ahead[0])) {
      this.#diverge(this.#ahead)
      return
    }
    for (const run of this.#runs.slice(this.#head)) this.#keep(run, run.text.length - this.#offset)
  }
}

/** How much of `text` stands at `from` in `other`; no half of a pair at its end. */
export function commonLength(text: string, other: string, from: number): number {
  let length = 0
  while (length < text.length && text[length] === other[from + length]) length += 1
  return length > 0 && isHigh(text.charCodeAt(length - 1)) ? length - 1 : length
}
