// Checks of European identity and tax numbers that are a weighted sum or a table of letters.
import { digitsOf, isOneCharacter, lettersAndDigitsOf, weightedSum } from './characters.ts'

const dniLetters = 'TRWAGMYFPDXBNJZSQVHLCKE'

/** Spanish DNI and NIE: eight digits and a letter; X, Y and Z of foreigners count as 0, 1 and 2. */
export function isSpanishDniOrNie(candidate: string): boolean {
  const text = lettersAndDigitsOf(candidate)
  if (!/^[XYZ\d]\d{7}[A-Z]$/.test(text)) return false
  const number = Number(text.slice(0, 8).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter))))
  return number > 0 && dniLetters.charAt(number % 23) === text.charAt(8)
}

/** What a character counts at an odd place (the first is odd) of an Italian codice fiscale: digits count as the first ten letters. */
const oddValues = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]

/** Italian codice fiscale: fifteen characters and a letter, also where digits were swapped for L-V against namesakes. */
export function isCodiceFiscale(candidate: string): boolean {
  const text = lettersAndDigitsOf(candidate)
  if (!/^[A-Z]{6}[\dL-V]{2}[A-EHLMPRST][\dL-V]{2}[A-Z][\dL-V]{3}[A-Z]$/.test(text)) return false
  let sum = 0
  for (const [index, letter] of text.slice(0, 15).split('').entries()) {
    const value = /\d/.test(letter) ? Number(letter) : letter.charCodeAt(0) - 65
    sum += index % 2 === 0 ? (oddValues[value] ?? 0) : value
  }
  return sum % 26 === text.charCodeAt(15) - 65
}

/** Dutch BSN: the eleven test, with the last digit counted negatively. */
export function isDutchBsn(candidate: string): boolean {
  const digits = digitsOf(candidate)
  if (digits.length !== 9 || isOneCharacter(digits)) return false
  return weightedSum(digits, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0
}

/** British national insurance number: the prefixes HMRC never gives out are refused; there is no checksum. */
export function isBritishNino(candidate: string): boolean {
  const text = lettersAndDigitsOf(candidate)
  return /^(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]$/.test(text)
}

/** British NHS number: mod 11 over nine digits. */
export function isNhsNumber(candidate: string): boolean {
  const digits = digitsOf(candidate)
  if (digits.length !== 10 || isOneCharacter(digits)) return false
  return (11 - (weightedSum(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === Number(digits.charAt(9))
}

/** Polish PESEL: a date whose month carries the century, and a weighted sum. */
export function isPesel(candidate: string): boolean {
  const digits = digitsOf(candidate)
  const month = Number(digits.slice(2, 4)) % 20
  const day = Number(digits.slice(4, 6))
  if (digits.length !== 11 || month < 1 || month > 12 || day < 1 || day > 31) return false
  return weightedSum(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0
}

/** Swiss AHV number: 756 and the EAN-13 check. */
export function isSwissAhv(candidate: string): boolean {
  const digits = digitsOf(candidate)
  if (digits.length !== 13 || !digits.startsWith('756')) return false
  return weightedSum(digits, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0
}
