// Values that no one has, and ways of writing them, for the catalogue of evasions.
import { alphabets, token } from '../detectors/cases.ts'

export const card = '4111111111111111'
export const card2 = '5555555555554444'
export const grouped = '4111 1111 1111 1111'
export const ssn = '536-22-1234'
export const mail = 'john.doe@example.com'
export const iban = 'DE89370400440532013000'
export const phone = '+49 30 901820'
export const key = token('AKIA', 16, alphabets.upper)

/** Digits of another script, by the one that stands for zero. */
export const digitsFrom = (zero: number, text: string): string =>
  text.replaceAll(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)))
export const fullWidth = (text: string): string =>
  text.replaceAll(/[!-~]/g, (character) => String.fromCodePoint((character.codePointAt(0) ?? 0) + 0xfee0))
export const between = (text: string, what: string): string => Array.from(text).join(what)
export const percentAll = (text: string): string =>
  Array.from(text, (character) => `%${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`).join('')
export const hexOf = (text: string): string => percentAll(text).replaceAll('%', '')
export const unicodeEscapes = (text: string): string =>
  Array.from(text, (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`).join('')
export const urlSafe = (text: string): string =>
  btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')

/** What a person writes around it. */
export const paid = `please charge ${grouped} for the order`
