// What is done with the texts of one side of a call. Protocols know where texts stand and ask for a masker for each; what is looked
// for in them, and what stands for a finding, is decided here and nowhere else.
import type { Place, Start } from './framing/place.ts'

export interface TextMasks {
  /** For every text, wherever it stands; one that is JSON in itself is masked as JSON. */
  readonly start: Start
  /** Lays what masks say of places by their path over what the protocol says of them. `root` is the place of the whole document. */
  readonly over: (root: Place) => Place
  /** For a text in a place that the connection declares by this name; `start` where no mask speaks of it. */
  readonly field: (name: string) => Start
  /**
   * For a document of which no more is masked than what `start` finds in its texts, as long as it has no field of the names in `without`:
   * true when `start` finds nothing in any of them, and nothing in it is changed. `source` is valid JSON. Absent: that is not known.
   */
  readonly isClean?: (source: string, without: readonly string[]) => boolean
}
