// The form of the catalogue of evasions.

export interface EvasionClass {
  readonly name: string
  /** The carriers that a case is tried in: a text in each place of a call, or a JSON document as it is. */
  readonly kind: 'Text' | 'Json'
  readonly cases: readonly string[]
  readonly missed?: Readonly<Record<string, string>>
}
