// The story of a text channel: the gate skips what cannot match, starts that it leaves are decided from left to right, what lies
// before the first undecided start leaves, and the rest waits for more text. A decision depends on text already seen alone and none
// is taken twice, so every cutting gives the same output.
import { ignorableUnit, surrogateUnit, widthAt } from './automata/alphabet.ts'
import { Attempt, type Candidate } from './attempt.ts'
import type { Compiled, CompiledDetector } from './compiled.ts'
import { ahead, ContextFinder, isInContext, type ContextRule } from './context-words.ts'
import { contextWindow } from './detector.ts'
import { foldText, isForeign } from './fold.ts'
import { Gate } from './gate.ts'
import type { Finding, Replace, StartOptions } from './masker.ts'

export interface Sink extends StartOptions {
  readonly replace: Replace
  /** Told of every finding when it is certain; it ends with the part of it that decides what stands for it. */
  readonly opened?: ((finding: Finding) => void) | undefined
}

const asciiLetter = /[A-Za-z]/

export class Scan {
  readonly #compiled: Compiled
  readonly #sink: Sink
  readonly #gate: Gate
  /** Made when they are needed: most texts are short, and hold nothing. */
  #lazyAttempt: Attempt | undefined
  #lazyFinder: ContextFinder | undefined
  readonly counts = new Map<string, number>()
  #passed = 0
  /** What has not left yet, and the offset of its first unit in the whole. */
  #text = ''
  #base = 0
  /** Half of a surrogate pair at the end of what came. */
  #half = ''
  /** What stands before `#text`: a word character or not, and text for context words. */
  #afterWord = false
  #history = ''
  /** Offsets in `#text`: the next start to decide; starts before `#until` are tried, later ones go through the gate. */
  #at = 0
  #until = 0
  /** `#attempt` waits for text: to decide, or, replaced already, to see where its match ends. */
  #mode: 'seeking' | 'deciding' | 'swallowing' = 'seeking'
  #out = ''
  #flushed = 0

  constructor(compiled: Compiled, sink: Sink) {
    this.#compiled = compiled
    this.#sink = sink
    this.#gate = new Gate(compiled, this.#isAsked)
    if (sink.before !== undefined && compiled.needsContext) this.#history = `${sink.before} `
  }

  /** Characters read by the gate and by the attempts: what linear time is asserted on. */
  get steps(): number {
    return this.#gate.steps + this.#passed + (this.#lazyAttempt?.steps ?? 0)
  }

  /** Offset in the whole: of findings that begin before it all were told of. */
  get decided(): number {
    return this.#base
  }

  /** Units that are held. */
  get held(): number {
    return this.#text.length + this.#half.length
  }

  advance(piece: string, final: boolean): string {
    this.#text += this.#half + piece
    this.#half = ''
    if (!final) this.#keepHalf()
    this.#out = ''
    this.#at = 0
    this.#flushed = 0
    this.#run(final)
    this.#release(final)
    return this.#out
  }

  #keepHalf(): void {
    const last = this.#text.charCodeAt(this.#text.length - 1)
    if (!(last >= 0xd800 && last <= 0xdbff)) return
    this.#half = this.#text.slice(-1)
    this.#text = this.#text.slice(0, -1)
  }

  #run(final: boolean): void {
    while (this.#mode !== 'seeking' || this.#at < this.#text.length) {
      if (this.#mode === 'swallowing') {
        if (!this.#swallow(final)) return
      } else if (this.#mode === 'deciding' || this.#at < this.#until) {
        if (!this.#passes(final) && !this.#decide(final)) return
      } else this.#seek(final)
    }
  }

  /** Goes on to the first start that a match may begin at. True when there is none before the gate takes over. */
  #passes(final: boolean): boolean {
    if (this.#mode === 'deciding') return false
    const { starts } = this.#compiled
    const until = Math.min(this.#until, this.#text.length)
    this.#at = starts.pass(this.#text, { at: this.#at, until, afterWord: this.#isAfterWord(this.#at), final })
    this.#passed += starts.steps
    return this.#at === until
  }

  /** Goes to the first start that may match; all of the text is passed when there is none. */
  #seek(final: boolean): void {
    const gate = this.#gate
    gate.run(this.#text, this.#at, this.#isAfterWord(this.#at))
    const ended = final && gate.stop === this.#text.length && !gate.mayEnd && !gate.beyondCap
    const hopeless = gate.first < 0 || ended
    this.#at = hopeless ? this.#text.length : gate.first
    this.#until = gate.stop
  }

  get #attempt(): Attempt {
    return (this.#lazyAttempt ??= new Attempt(this.#compiled))
  }

  get #finder(): ContextFinder {
    return (this.#lazyFinder ??= new ContextFinder())
  }

  /** What asks for words of context is not worth a stop where none of them is near. */
  readonly #isAsked = (detectors: readonly number[], first: number, stop: number): boolean => {
    for (const detector of detectors) {
      const rule = this.#detector(detector).context
      if (rule === undefined || rule.required.length === 0) return true
      if (!this.#covers(first) || this.#finder.mayBeInContext(this.#base + first, this.#base + stop, rule)) return true
    }
    return false
  }

  /** Tries one start. False when it needs more text. */
  #decide(final: boolean): boolean {
    const attempt = this.#attempt
    // With the text that came since, the gate knows more of the starts behind this one than it did.
    if (this.#mode === 'deciding') this.#until = 0
    else attempt.begin(this.#at, this.#isAfterWord(this.#at))
    this.#mode = 'deciding'
    const decided = attempt.run(this.#text, final)
    if (attempt.overflow !== undefined) {
      this.#replace(attempt.overflow, attempt.valueEnd)
      this.#mode = 'swallowing'
      // What it swallows is known already: `run` went as far as the thread lived.
      return decided ? this.#swallowed() : this.#swallow(final)
    }
    if (!decided) return this.#labelEarly()
    this.#mode = 'seeking'
    const match = attempt.choose(this.#holds)
    if (match === undefined) this.#at += widthAt(this.#text, this.#at)
    else {
      this.#replace(match.detector, match.end)
      this.#close(match.detector, match.end)
    }
    return true
  }

  /** Where one detector alone is left, matches for certain and has a label, the label need not wait for the end. */
  #labelEarly(): boolean {
    const candidate = this.#attempt.last
    if (candidate === undefined || this.#sureOf(candidate.detector) === undefined) return false
    this.#replace(candidate.detector, candidate.end)
    this.#mode = 'swallowing'
    return this.#swallow(false)
  }

  /** Where a match of this detector becomes certain whatever follows, if it has a label. The same for every cutting. */
  #sureOf(index: number): number | undefined {
    const { start, sure } = this.#attempt
    if (sure === undefined) return undefined
    const { detector, foreign } = this.#detector(index)
    if (this.#sink.label?.(detector.name, detector.class) === undefined) return undefined
    // Digits alone may still turn out to be in front of another script.
    return foreign || asciiLetter.test(this.#text.slice(start, sure)) ? sure : undefined
  }

  /** The replacement has left; follows the match to its end. False when that has not come. */
  #swallow(final: boolean): boolean {
    const attempt = this.#attempt
    if (attempt.run(this.#text, final)) return this.#swallowed()
    this.#at = attempt.overflow === undefined ? (attempt.last?.end ?? 0) : attempt.end
    this.#flushed = this.#at
    return false
  }

  #swallowed(): boolean {
    const { overflow, end, last } = this.#attempt
    this.#mode = 'seeking'
    if (overflow !== undefined) this.#close(overflow, end)
    else if (last !== undefined) this.#close(last.detector, last.end)
    return true
  }

  readonly #holds = ({ end, detector }: Candidate): boolean => {
    const compiled = this.#detector(detector)
    const { start, isAscii } = this.#attempt
    const value = this.#text.slice(start, end)
    if (!isAscii && !compiled.foreign && isForeign(value)) return false
    if (compiled.context !== undefined && !this.#isInContext(start, compiled.context)) return false
    return compiled.detector.verify === undefined || compiled.detector.verify(isAscii ? value : foldText(value))
  }

  #isInContext(start: number, rule: ContextRule): boolean {
    if (this.#covers(start)) return this.#finder.isInContext(this.#base + start, rule)
    return isInContext(this.#before(start), rule)
  }

  /** Has the finder ready for a start, if it can be. */
  #covers(start: number): boolean {
    const finder = this.#finder
    const at = this.#base + start
    if (finder.covers(at)) return true
    const before = this.#before(start).padStart(contextWindow, ' ')
    return finder.take(before + this.#text.slice(start, start + ahead), at)
  }

  #before(start: number): string {
    const near = this.#text.slice(Math.max(0, start - contextWindow), start)
    return near.length === contextWindow ? near : (this.#history + near).slice(-contextWindow)
  }

  #detector(index: number): CompiledDetector {
    const compiled = this.#compiled.detectors[index]
    if (compiled === undefined) throw new Error('an automaton names a detector that its engine does not have')
    return compiled
  }

  /** Releases what lies before the finding, and what stands for it. */
  #replace(index: number, end: number): void {
    const { name, class: dataClass } = this.#detector(index).detector
    const { start } = this.#attempt
    const finding = { detector: name, class: dataClass, start: this.#base + start, end: this.#base + end }
    this.#out += this.#text.slice(this.#flushed, start)
    this.#out += this.#sink.label?.(name, dataClass) ?? this.#sink.replace(finding, this.#text.slice(start, end))
    this.#flushed = end
    this.#sink.opened?.({ ...finding, end: this.#base + (this.#sureOf(index) ?? end) })
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
  }

  #close(index: number, end: number): void {
    const { name, class: dataClass } = this.#detector(index).detector
    const start = this.#base + this.#attempt.start
    this.#sink.found?.({ detector: name, class: dataClass, start, end: this.#base + end })
    this.#at = end
    this.#flushed = end
    this.#until = 0
  }

  /** Lets go of all before `#at`. */
  #release(final: boolean): void {
    const at = this.#at
    this.#out += this.#text.slice(this.#flushed, at)
    if (at === 0) return
    if (!final) this.#remember(at)
    this.#base += at
    this.#text = this.#text.slice(at)
  }

  #remember(at: number): void {
    this.#afterWord = this.#isAfterWord(at)
    if (this.#compiled.needsContext) this.#history = this.#before(at)
    if (this.#mode !== 'seeking') this.#attempt.rebase(at)
    this.#until = Math.max(0, this.#until - at)
  }

  /** Whether the last character before an offset, of those that are seen, is one of a word. */
  #isAfterWord(offset: number): boolean {
    const { table, outside, classOfPoint } = this.#compiled.alphabet
    for (let i = offset - 1; i >= 0; i -= 1) {
      const unit = this.#text.charCodeAt(i)
      let symbol = table[unit] ?? 0
      if (symbol === surrogateUnit) {
        if (i > 0 && widthAt(this.#text, i - 1) === 2) i -= 1
        symbol = classOfPoint(this.#text.codePointAt(i) ?? 0)
      }
      if (symbol !== ignorableUnit) return outside[symbol] === 1
    }
    return this.#afterWord
  }
}
