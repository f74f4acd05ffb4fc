// Names that a server gives to its tensors, outputs and fields, and by which it must be asked for them. They stay under a mask; what could
// be anything else is text.

const name = /^[A-Za-z_][\w.:/-]{0,127}$/u
/** A layer has a number; fewer digits than these name nobody. */
const maxDigits = 6

export function isPlainName(value: unknown): boolean {
  return typeof value === 'string' && name.test(value) && value.replaceAll(/\D/gu, '').length <= maxDigits
}

export function isPlainVersion(value: unknown): boolean {
  return typeof value === 'string' && /^\d{1,6}$/u.test(value)
}
