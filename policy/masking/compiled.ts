// Detectors made ready to run: their automata and what the scan asks of each of them. Built once per set of detectors, shared by all
// streams; a stream keeps nothing here.
import type { Alphabet } from './automata/alphabet.ts'
import type { LazyDfa } from './automata/lazy-dfa.ts'
import type { ContextRule } from './context-words.ts'
import type { Detector } from './detector.ts'
import type { Starts } from './starts.ts'

export interface CompiledDetector {
  readonly detector: Detector
  /** Every match counts: neither a verifier nor the words before it have a say. */
  readonly unconditional: boolean
  /** Its `maxLength`, or none where the pattern itself cannot match more than that. */
  readonly cap: number
  /** What is asked of the words before it, if anything. */
  readonly context: ContextRule | undefined
  /** Its pattern is written in look-alikes itself, so candidates made of them are not disguised. */
  readonly foreign: boolean
}

export interface Compiled {
  readonly detectors: readonly CompiledDetector[]
  readonly alphabet: Alphabet
  /** Relaxed, over all detectors, beginning everywhere: says where no match can be. */
  readonly gate: LazyDfa
  /** Passes starts of which no match can come. */
  readonly starts: Pick<Starts, 'pass' | 'steps'>
  /** Exact, over all detectors, from one start. */
  readonly exact: LazyDfa
  readonly needsContext: boolean
}
