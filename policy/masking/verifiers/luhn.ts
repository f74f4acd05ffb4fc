// The Luhn checksum (ISO/IEC 7812-1 annex B) and its use by payment cards, Canadian SIN and US NPI.
import { digitsOf } from './characters.ts'

/** Whether a run of digits passes Luhn; a run of zeros passes the arithmetic and is refused. */
export function passesLuhn(digits: string): boolean {
  let sum = 0
  let isDoubled = false
  for (let index = digits.length - 1; index >= 0; index -= 1) {
    const digit = digits.charCodeAt(index) - 48
    const doubled = digit * 2
    sum += isDoubled ? (doubled > 9 ? doubled - 9 : doubled) : digit
    isDoubled = !isDoubled
  }
  return sum > 0 && sum % 10 === 0
}

/** First and last prefix of a range of one width, with the lengths its numbers have. */
type Issuer = readonly [first: number, last: number, lengths: readonly number[]]

/**
 * Prefixes in use. Thirteen-digit Visa numbers are gone since the nineties and would double the false finds; RuPay's 60 is left
 * out for the same reason (its 508, 6521 and 6522 ranges are in).
 */
const issuers: readonly Issuer[] = [
  [4, 4, [16, 19]], // Visa
  [51, 55, [16]], // Mastercard
  [2221, 2720, [16]], // Mastercard
  [34, 34, [15]], // American Express
  [37, 37, [15]],
  [6011, 6011, [16, 19]], // Discover
  [644, 649, [16, 19]],
  [65, 65, [16, 19]],
  [3528, 3589, [16, 19]], // JCB
  [300, 305, [14]], // Diners
  [36, 36, [14]],
  [38, 39, [14]],
  [62, 62, [16, 17, 18, 19]], // UnionPay
  [2200, 2204, [16]], // Mir
  [5085, 5089, [16]], // RuPay
  [5018, 5018, [16, 17, 18, 19]], // Maestro
  [5020, 5020, [16, 17, 18, 19]],
  [5038, 5038, [16, 17, 18, 19]],
  [5893, 5893, [16, 17, 18, 19]],
  [6304, 6304, [16, 17, 18, 19]],
  [6759, 6759, [16, 17, 18, 19]],
  [6761, 6763, [16, 17, 18, 19]],
]

/** Whether a candidate has the prefix and length of an issuer and passes Luhn. */
export function isCard(candidate: string): boolean {
  const digits = digitsOf(candidate)
  const isIssued = issuers.some(([first, last, lengths]) => {
    const prefix = Number(digits.slice(0, String(first).length))
    return lengths.includes(digits.length) && prefix >= first && prefix <= last
  })
  return isIssued && passesLuhn(digits)
}

/** Sixteen bare digits and the like: no separator, no letter. */
export const isPlainCard = (candidate: string): boolean => /^\d+$/.test(candidate) && isCard(candidate)

/** A card number written in groups, or glued to a word. */
export const isMarkedCard = (candidate: string): boolean => !/^\d+$/.test(candidate) && isCard(candidate)

/** Canadian social insurance number: nine digits, no leading 0 or 8. */
export function isCanadianSin(candidate: string): boolean {
  const digits = digitsOf(candidate)
  return digits.length === 9 && !'08'.includes(digits.charAt(0)) && passesLuhn(digits)
}

/** US national provider identifier: Luhn over 80840 and its ten digits (45 CFR 162.406). */
export function isNpi(candidate: string): boolean {
  const digits = digitsOf(candidate)
  return digits.length === 10 && '12'.includes(digits.charAt(0)) && passesLuhn(`80840${digits}`)
}

/** Swedish personnummer: a date, then Luhn over the last ten digits; coordination numbers add 60 to the day. */
export function isSwedishPersonnummer(candidate: string): boolean {
  const digits = digitsOf(candidate).slice(-10)
  const month = Number(digits.slice(2, 4))
  const day = Number(digits.slice(4, 6)) % 60
  return digits.length === 10 && month >= 1 && month <= 12 && day >= 1 && day <= 31 && passesLuhn(digits)
}
