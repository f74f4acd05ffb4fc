// Digests as letters. Consonants alone: no detector takes them for a number, no reader for a word, and case makes no difference.

const alphabet = 'BCDFGHJKLMNPQRSTVWXZ'

/** The set of them, for patterns. */
export const letterClass = '[B-DF-HJ-NP-TV-XZb-df-hj-np-tv-xz]'

export function spellLetters(bytes: Uint8Array, count: number): string {
  let letters = ''
  for (let i = 0; i < count; i += 1) letters += alphabet[(bytes[i] ?? 0) % alphabet.length] ?? ''
  return letters
}
