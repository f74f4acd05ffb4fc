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

/** The ASCII letters and digits of a text, upper case. */
export function lettersAndDigitsOf(text: string): string {
  const codes: number[] = []
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    const isLower = code >= 0x61 && code <= 0x7a
    if (isLower || (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a))
      codes.push(isLower ? code - 32 : code)
  }
  return String.fromCharCode(...codes)
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
