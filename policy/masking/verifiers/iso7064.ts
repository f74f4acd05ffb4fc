// Checks that walk a table or a product from digit to digit: Verhoeff (Aadhaar), ISO 7064 mod 11,10 (German tax id).
import { digitsOf, isOneCharacter } from './characters.ts'

/** Product of two elements of the dihedral group of order ten. */
function multiply(left: number, right: number): number {
  if (left < 5) return right < 5 ? (left + right) % 5 : 5 + ((left + right) % 5)
  return right < 5 ? 5 + ((left - right + 5) % 5) : (left - right + 5) % 5
}

const permutation = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]

function permute(digit: number, times: number): number {
  let value = digit
  for (let round = 0; round < times; round += 1) value = permutation[value] ?? 0
  return value
}

/** Whether the last digit is the Verhoeff check of those before. */
export function passesVerhoeff(digits: string): boolean {
  let check = 0
  for (let index = 0; index < digits.length; index += 1) {
    check = multiply(check, permute(Number(digits.charAt(digits.length - 1 - index)), index % 8))
  }
  return check === 0
}

/** Indian Aadhaar: twelve digits from 2 up, Verhoeff. */
export function isAadhaar(candidate: string): boolean {
  const digits = digitsOf(candidate)
  return /^[2-9]\d{11}$/.test(digits) && !isOneCharacter(digits) && passesVerhoeff(digits)
}

/** Whether the last digit is the ISO 7064 mod 11,10 check of those before. */
export function passesMod11And10(digits: string): boolean {
  let product = 10
  for (const digit of digits.slice(0, -1)) {
    const sum = (Number(digit) + product) % 10
    product = ((sum === 0 ? 10 : sum) * 2) % 11
  }
  return (11 - product) % 10 === Number(digits.slice(-1))
}

/** German tax id: eleven digits; of the first ten one stands twice or three times, never three times in a row, the rest once at most. */
export function isGermanTaxId(candidate: string): boolean {
  const digits = digitsOf(candidate)
  if (digits.length !== 11 || digits.startsWith('0')) return false
  const body = digits.slice(0, 10)
  const counts = [...new Set(body)].map((digit) => body.split(digit).length - 1)
  const repeated = counts.filter((count) => count > 1)
  const isShaped = repeated.length === 1 && (repeated[0] ?? 0) <= 3 && !/(\d)\1\1/.test(body)
  return isShaped && passesMod11And10(digits)
}
