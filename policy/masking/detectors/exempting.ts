// Words that speak against a finding, for values whose checksum says little: sixteen bare digits after "order id" are an order far
// more often than a card.

export interface Exempting {
  /** Whole words; one of them within `contextWindow` units before the candidate, and no nearer word of the detector's own, lets it pass. */
  readonly unless: readonly string[]
}
