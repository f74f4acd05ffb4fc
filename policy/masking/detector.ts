// What a detector is: a name, a class of data, a pattern of the regular subset, and what has to hold besides the pattern. The
// packs are lists of these; compileEngine makes one engine of such a list. The order of the list is the priority.

export interface Detector {
  /** Such as `us-ssn`, `card` or `email`; the key of the counts. */
  readonly name: string
  /** PII, PHI, PCI, Secret. */
  readonly class: string
  /**
   * Regular, in the subset of pattern.ts: literals, classes, groups, alternation, bounded and unbounded repeats, \b, (?i:...). No
   * look-around, no back-references, no ^ $.
   */
  readonly pattern: string
  /** Passes the folded text of a candidate (fold.ts): checksum, area rules. Absent: every match counts. */
  readonly verify?: (folded: string) => boolean
  /**
   * Whole words (or phrases) of which one must stand within `contextWindow` units before the candidate, case and folding aside. Not
   * required: they are documentation only. Absent: none needed.
   */
  readonly context?: { readonly words: readonly string[]; readonly required: boolean }
  /**
   * Words that speak against a candidate: with one of them in the same place, and none of the `context` words there, it is no
   * finding. For values whose checksum says little: sixteen bare digits after "order id" are an order far more often than a card.
   */
  readonly unless?: { readonly words: readonly string[] }
  /** Its pattern is the trie of a list of terms (dictionary.ts): large, and safe all the same. Others are measured. */
  readonly terms?: true
  /** Longest match in UTF-16 units; beyond it the engine fails closed: what still may be a match is masked until it cannot be one. */
  readonly maxLength: number
}

/** How far back a word of context may stand, in UTF-16 units of the original text. */
export const contextWindow = 96
