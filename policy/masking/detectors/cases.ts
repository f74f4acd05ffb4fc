// The form of a detector's cases, and made-up tokens for them: no real key stands in this repository, and no scanner should think so.

/** Texts in which the expected finding stands between « and ». */
export interface DetectorCases {
  /** Found exactly. */
  readonly positives: readonly string[]
  /** Nothing found by this detector. */
  readonly negatives: readonly string[]
  /** Written to slip through, and found. */
  readonly evasions: readonly string[]
  /** Written to slip through, and known to do so: the count is part of DETECTORS.md. A case that starts to be found fails the test. */
  readonly missed?: readonly string[]
}

export const alphabets = {
  hex: '0123456789abcdef',
  upper: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
  mixed: 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789',
} as const

/** A prefix followed by characters that look random and never change. */
export function token(prefix: string, length: number, alphabet: string = alphabets.mixed): string {
  let state = prefix.length * 7919 + length
  let text = prefix
  for (let index = 0; index < length; index += 1) {
    state = (state * 48_271) % 2_147_483_647
    text += alphabet.charAt(state % alphabet.length)
  }
  return text
}
