// The ISO 7064 mod 97 checks: IBAN with the length each country fixed, French NIR and Belgian national numbers.
import { countLettersAndDigits, digitsOf, lettersAndDigitsOf } from './characters.ts'

/** Remainder by 97 of a number written in base 36, in upper case (A is 10), digit by digit, so that no length overflows. */
export function remainderBy97(text: string): number {
  let remainder = 0
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    const value = code <= 0x39 ? code - 0x30 : code - 0x37
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97
  }
  return remainder
}

/** Length of an IBAN per country (SWIFT IBAN registry, release 99). */
const ibanLengths: Readonly<Record<string, number>> = {
  AD: 24,
  AE: 23,
  AL: 28,
  AT: 20,
  AZ: 28,
  BA: 20,
  BE: 16,
  BG: 22,
  BH: 22,
  BI: 27,
  BR: 29,
  BY: 28,
  CH: 21,
  CR: 22,
  CY: 28,
  CZ: 24,
  DE: 22,
  DJ: 27,
  DK: 18,
  DO: 28,
  EE: 20,
  EG: 29,
  ES: 24,
  FI: 18,
  FK: 18,
  FO: 18,
  FR: 27,
  GB: 22,
  GE: 22,
  GI: 23,
  GL: 18,
  GR: 27,
  GT: 28,
  HN: 28,
  HR: 21,
  HU: 28,
  IE: 22,
  IL: 23,
  IQ: 23,
  IS: 26,
  IT: 27,
  JO: 30,
  KW: 30,
  KZ: 20,
  LB: 28,
  LC: 32,
  LI: 21,
  LT: 20,
  LU: 20,
  LV: 21,
  LY: 25,
  MC: 27,
  MD: 24,
  ME: 22,
  MK: 19,
  MN: 20,
  MR: 27,
  MT: 31,
  MU: 30,
  NI: 28,
  NL: 18,
  NO: 15,
  OM: 23,
  PK: 24,
  PL: 28,
  PS: 29,
  PT: 25,
  QA: 29,
  RO: 24,
  RS: 22,
  RU: 33,
  SA: 24,
  SC: 31,
  SD: 18,
  SE: 24,
  SI: 19,
  SK: 24,
  SM: 27,
  SO: 23,
  ST: 25,
  SV: 28,
  TL: 23,
  TN: 24,
  TR: 26,
  UA: 29,
  VA: 22,
  VG: 24,
  XK: 20,
  YE: 30,
}

/** Whether a candidate is an IBAN: a country's length, and remainder 1 with its first four characters moved to the end. */
export function isIban(candidate: string): boolean {
  const length = ibanLengths[candidate.slice(0, 2).toUpperCase()]
  // Candidates are many, and most of them too short or too long.
  if (length === undefined || countLettersAndDigits(candidate) !== length) return false
  const text = lettersAndDigitsOf(candidate)
  return remainderBy97(text.slice(4) + text.slice(0, 4)) === 1
}

/** French NIR (numéro de sécurité sociale): thirteen characters and a key; 2A and 2B of Corsica count as 19 and 18. */
export function isFrenchNir(candidate: string): boolean {
  const text = lettersAndDigitsOf(candidate)
  if (!/^[12378]\d{4}(?:\d{2}|2[AB])\d{8}$/.test(text)) return false
  const number = text.slice(0, 13).replace('2A', '19').replace('2B', '18')
  return 97 - remainderBy97(number) === Number(text.slice(13))
}

/** Belgian national number: nine digits and a check, with a 2 before them for people born since 2000. */
export function isBelgianNationalNumber(candidate: string): boolean {
  const digits = digitsOf(candidate)
  const month = Number(digits.slice(2, 4))
  const check = Number(digits.slice(9))
  if (digits.length !== 11 || month > 12 || Number(digits.slice(4, 6)) > 31) return false
  return [digits.slice(0, 9), `2${digits.slice(0, 9)}`].some((number) => 97 - remainderBy97(number) === check)
}
