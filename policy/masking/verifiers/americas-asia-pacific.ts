// Checks of identity, tax, bank and vehicle numbers outside Europe that are a weighted sum or a table of letters.
import { digitsOf, isOneCharacter, lettersAndDigitsOf, weightedSum } from './characters.ts'

/** Brazil's check digit: eleven less the remainder, 0 where that is ten or more. */
function brazilianCheck(digits: string, weights: readonly number[]): string {
  const remainder = weightedSum(digits, weights) % 11
  return String(remainder < 2 ? 0 : 11 - remainder)
}

const cpfWeights = [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]
const cnpjWeights = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]

/** Brazilian CPF: nine digits and two checks. */
export function isCpf(candidate: string): boolean {
  const digits = digitsOf(candidate)
  if (digits.length !== 11 || isOneCharacter(digits)) return false
  const first = brazilianCheck(digits, cpfWeights.slice(1))
  return digits.slice(9) === first + brazilianCheck(digits, cpfWeights)
}

/** Brazilian CNPJ: twelve digits and two checks. */
export function isCnpj(candidate: string): boolean {
  const digits = digitsOf(candidate)
  if (digits.length !== 14 || isOneCharacter(digits)) return false
  const first = brazilianCheck(digits, cnpjWeights.slice(1))
  return digits.slice(12) === first + brazilianCheck(digits, cnpjWeights)
}

/** Australian tax file number: nine digits, weighted sum by 11. */
export function isTfn(candidate: string): boolean {
  const digits = digitsOf(candidate)
  return digits.length === 9 && !isOneCharacter(digits) && weightedSum(digits, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0
}

/** Australian Medicare card number: eight digits, a check, an issue number, and perhaps a person's number. */
export function isAustralianMedicare(candidate: string): boolean {
  const digits = digitsOf(candidate)
  return (
    /^[2-6]\d{9,10}$/.test(digits) && weightedSum(digits, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === Number(digits.charAt(8))
  )
}

const nricLetters: Readonly<Record<string, readonly [offset: number, letters: string]>> = {
  S: [0, 'JZIHGFEDCBA'],
  T: [4, 'JZIHGFEDCBA'],
  F: [0, 'XWUTRQPNMLK'],
  G: [4, 'XWUTRQPNMLK'],
  M: [3, 'XWUTRQPNJLK'],
}

/** Singapore NRIC and FIN: a prefix, seven digits, a letter. */
export function isNric(candidate: string): boolean {
  const text = lettersAndDigitsOf(candidate)
  const series = nricLetters[text.charAt(0)]
  if (series === undefined || !/^.\d{7}[A-Z]$/.test(text)) return false
  const [offset, letters] = series
  const remainder = (weightedSum(text.slice(1, 8), [2, 7, 6, 5, 4, 3, 2]) + offset) % 11
  return letters.charAt(remainder) === text.charAt(8)
}

/** American bank routing number: a Federal Reserve prefix and the 3-7-1 sum. */
export function isAbaRouting(candidate: string): boolean {
  const digits = digitsOf(candidate)
  if (!/^(?:0[1-9]|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)\d{7}$/.test(digits)) return false
  return weightedSum(digits, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0
}

/** American DEA registration number of a prescriber: two letters, six digits, a check. */
export function isDeaNumber(candidate: string): boolean {
  const digits = digitsOf(candidate)
  return digits.length === 7 && weightedSum(digits, [1, 2, 1, 2, 1, 2]) % 10 === Number(digits.charAt(6))
}

const vinWeights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
/** What letters count, from A; I, O and Q are never used. */
const vinValues = '12345678012345070923456789'

/** Vehicle identification number with the check digit of North America and China (ISO 3779, 49 CFR 565). */
export function isVin(candidate: string): boolean {
  const text = candidate.toUpperCase()
  // Written in one case: base64 has runs of seventeen letters and digits too, and one in eleven passes.
  if (candidate !== text && candidate !== candidate.toLowerCase()) return false
  if (!/^[A-HJ-NPR-Z\d]{17}$/.test(text) || !/\d/.test(text) || isOneCharacter(text)) return false
  const values = text.replaceAll(/[A-Z]/g, (letter) => vinValues.charAt(letter.charCodeAt(0) - 65))
  const remainder = weightedSum(values, vinWeights) % 11
  return text.charAt(8) === (remainder === 10 ? 'X' : String(remainder))
}
