// The rules for US social security numbers and individual taxpayer numbers: which areas, groups and serials were ever given out.
import { digitsOf, isOneCharacter } from './characters.ts'

/** Numbers printed on sample cards and in advertisements, void for that reason (SSA); and the one every form shows. */
const voided = new Set(['078051120', '219099999', '457555462', '123456789', '987654321'])

/** Area not 000, 666 or 900 and above, group not 00, serial not 0000, not a number known from advertisements. */
export function isSsn(candidate: string): boolean {
  const digits = digitsOf(candidate)
  const area = digits.slice(0, 3)
  if (digits.length !== 9 || area === '000' || area === '666' || area.startsWith('9')) return false
  return digits.slice(3, 5) !== '00' && digits.slice(5) !== '0000' && !voided.has(digits) && !isOneCharacter(digits)
}

/** Area 9xx and a group the IRS gives out: 50-65, 70-88, 90-92, 94-99. */
export function isItin(candidate: string): boolean {
  const digits = digitsOf(candidate)
  const group = Number(digits.slice(3, 5))
  const isGiven = (group >= 50 && group <= 65) || (group >= 70 && group <= 99 && group !== 89 && group !== 93)
  return digits.length === 9 && digits.startsWith('9') && isGiven
}
