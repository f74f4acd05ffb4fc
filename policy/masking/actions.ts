// What stands in place of a finding, by the action of the mask that it falls under.
import type { MaskDemand } from './demand.ts'
import { toCanonical } from './canonical.ts'
import { spellLetters } from './letters.ts'
import type { Keyed } from './keyed.ts'

/** Deny puts nothing in place: the call ends. */
export function toReplacement(demand: MaskDemand, value: string, keyed: Keyed): string {
  switch (demand.action) {
    case 'Deny':
      return ''
    case 'Redact':
      return `[${demand.label}]`
    case 'Replace':
      return demand.label
    case 'Partial':
      return keepLast(value, demand.keepLast)
    case 'Hash':
      return `[${demand.label}:${toDigest(demand, value, keyed)}]`
    case 'Pseudonymize':
      throw new Error('a pseudonym is made by Pseudonyms, which remembers it')
  }
}

/** What stands in place whatever the value is, if it is always the same. A denial must see its finding first. */
export function toFixedReplacement({ action, label }: MaskDemand): string | undefined {
  if (action === 'Redact') return `[${label}]`
  return action === 'Replace' ? label : undefined
}

const digestLetters = 16

function toDigest({ class: dataClass, name }: MaskDemand, value: string, keyed: Keyed): string {
  return spellLetters(keyed('hash', dataClass ?? name, toCanonical(value)), digestLetters).toLowerCase()
}

/** Letters and digits become stars but for the last ones, of which never more than half are kept. Signs between them stay. */
function keepLast(value: string, wanted: number): string {
  const units = Array.from(value)
  const total = units.filter(isShown).length
  const hidden = total - Math.min(wanted, Math.floor(total / 2))
  let seen = 0
  return units
    .map((unit) => {
      if (!isShown(unit)) return unit
      seen += 1
      return seen <= hidden ? '*' : unit
    })
    .join('')
}

/** Whatever is no sign or space known to stand between: an unknown unit is hidden. */
function isShown(unit: string): boolean {
  return !/^[\s\-.,:;/()@_+]$/u.test(unit)
}
