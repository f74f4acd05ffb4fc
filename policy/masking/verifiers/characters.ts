// What the verifiers read of a candidate: its digits, or its letters and digits without separators. Candidates arrive folded, so
// ASCII is all that counts.

/** The ASCII digits of a text, in order. */
export const digitsOf = (text: string): string => text.replaceAll(/[^0-9]/g, '')

/** The ASCII letters and digits of a text, upper case. */
export const lettersAndDigitsOf = (text: string): string => text.replaceAll(/[^0-9A-Za-z]/g, '').toUpperCase()

/** Whether one character stands for the whole text, as in 000000000 and 111111111: checksums pass them, people do not have them. */
export const isOneCharacter = (text: string): boolean => text.length > 0 && text === text.charAt(0).repeat(text.length)

/** Sum of digit times weight; the text has at least as many digits as there are weights. */
export function weightedSum(digits: string, weights: readonly number[]): number {
  let sum = 0
  for (const [index, weight] of weights.entries()) sum += Number(digits.charAt(index)) * weight
  return sum
}
