// What the text engine gives to those who mask: a whole text at once, or a stream in pieces. The property that rules all: for
// every cutting, concat(push...) + end() equals maskAll of the whole.

export interface Finding {
  readonly detector: string
  readonly class: string
  /** Offsets in UTF-16 units, from the start of the text or stream. */
  readonly start: number
  readonly end: number
}

/** One per text channel. After `end` it is spent. */
export interface Masker {
  /** What may leave now: never any part of a finding that is not decided yet. */
  readonly push: (text: string) => string
  /** Decides what is held. A stream that breaks off ends as well. */
  readonly end: () => string
  /** Findings replaced so far, per detector; only those that occurred. */
  readonly counts: () => Readonly<Record<string, number>>
}

/**
 * What stands for a finding; gets the original value. Of a finding beyond its detector's `maxLength` it gets the first part, and
 * a finding that ends with it, for the rest may never have been in memory; the rest is dropped.
 */
export type Replace = (finding: Finding, value: string) => string

/**
 * The replacement of a detector that does not depend on the value, where there is such a one. It must equal what Replace gives. A
 * stream then emits it as soon as the finding is certain and drops the rest, instead of holding a whole private key.
 */
export type Label = (detector: string, dataClass: string) => string | undefined

export interface StartOptions {
  readonly label?: Label | undefined
  /** What stands before the text for context words alone: words of the name of the field that holds it. */
  readonly before?: string | undefined
  /** Told of every finding when its end is known. */
  readonly found?: ((finding: Finding) => void) | undefined
}

export interface Engine {
  readonly findAll: (text: string, before?: string) => readonly Finding[]
  readonly maskAll: (text: string, replace: Replace, options?: StartOptions) => string
  readonly start: (replace: Replace, options?: StartOptions) => Masker
}
