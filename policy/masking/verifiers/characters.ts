// What the verifiers read of a candidate: its digits, or its letters and digits without separators. Candidates arrive folded, so
// ASCII is all that counts.

/** The ASCII digits of a text, in order. */
export function digitsOf(text: string): string {
  const codes: number[] = []
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code >= 0x30 && code <= 0x39) codes.push(code)
  }
  return codes.length === text.length ? text : String.fromCharCode(...codes)
}

function isLetterOrDigit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
}

/** How many ASCII letters and digits a text has. */
export function countLettersAndDigits(text: string): number {
  let count = 0
  for (let index = 0; index < text.length; index += 1) if (isLetterOrDigit(text.charCodeAt(index))) count += 1
  return count
}

/** The ASCII letters and digits of a text, upper case. */
export function lettersAndDigitsOf(text: string): string {
  const isBare = countLettersAndDigits(text) === text.length
  return (isBare ? text : text.replaceAll(/[^A-Za-z0-9]+/g, '')).toUpperCase()
}

/** Whether one character stands for the whole text, as in 000000000 and 111111111: checksums pass them, people do not have them. */
export function isOneCharacter(text: string): boolean {
  for (let index = 1; index < text.length; index += 1) if (text.charCodeAt(index) !== text.charCodeAt(0)) return false
  return text.length > 0
}

/** Sum of digit times weight; the text has at least as many digits as there are weights. */
export function weightedSum(digits: string, weights: readonly number[]): number {
  let sum = 0
  for (const [index, weight] of weights.entries()) sum += Number(digits.charAt(index)) * weight
  return sum
}
