// Whether digits and the way they are grouped make a telephone number: country codes with their lengths for the international
// form, the numbering plans of the large countries for the national ones. No metadata library: this judges candidates on the hot path.
import { digitsOf, isOneCharacter } from './characters.ts'

type Length = readonly [least: number, most: number]

/** Country codes of one and two digits, with the length of what follows (ITU-T E.164 and the national plans). */
const countryCodes: Readonly<Record<string, Length>> = {
  1: [10, 10],
  7: [10, 10],
  20: [8, 10],
  27: [9, 9],
  30: [10, 10],
  31: [9, 9],
  32: [8, 9],
  33: [9, 9],
  34: [9, 9],
  36: [8, 9],
  39: [6, 11],
  40: [9, 9],
  41: [9, 9],
  43: [6, 13],
  44: [9, 10],
  45: [8, 8],
  46: [7, 9],
  47: [8, 8],
  48: [9, 9],
  49: [6, 11],
  51: [8, 9],
  52: [10, 11],
  53: [8, 8],
  54: [10, 11],
  55: [10, 11],
  56: [9, 9],
  57: [8, 10],
  58: [10, 10],
  60: [8, 10],
  61: [9, 9],
  62: [8, 12],
  63: [8, 10],
  64: [8, 10],
  65: [8, 8],
  66: [8, 9],
  81: [9, 10],
  82: [8, 10],
  84: [9, 10],
  86: [10, 11],
  90: [10, 10],
  91: [10, 10],
  92: [9, 10],
  93: [9, 9],
  94: [9, 9],
  95: [7, 10],
  98: [10, 10],
}

/** What three-digit codes begin with; their countries have numbers of six to ten digits. */
const regions = /^(?:2[1-69]|35|37|38|42|50|59|67|68|69|80|85|87|88|96|97)\d|^99[2-68]/

function isInternational(digits: string): boolean {
  for (const width of [1, 2]) {
    const length = countryCodes[digits.slice(0, width)]
    const rest = digits.slice(width)
    // Many people write the national 0 after the country code: +44 (0)20 …
    const national = rest.startsWith('0') && !digits.startsWith('39') ? rest.slice(1) : rest
    if (length !== undefined)
      return national.length >= length[0] && national.length <= length[1] && !isOneCharacter(rest)
  }
  return regions.test(digits) && digits.length >= 9 && digits.length <= 13
}

/** North America: area 2-9, exchange 2-9 and neither of them a service code such as 911. */
const isNorthAmerican = (digits: string): boolean => /^1?[2-9](?!11)\d{2}[2-9](?!11)\d{6}$/.test(digits)

/**
 * With a national 0 in front: nine to eleven digits, a prefix and at least two digits per group. Dates (01-02-2026, 01.02.26)
 * have fewer digits, versions and times shorter groups.
 */
function isTrunk(candidate: string, digits: string): boolean {
  if (!/^0[1-9]/.test(digits) || digits.length < 9 || digits.length > 12 || isOneCharacter(digits.slice(2)))
    return false
  const groups = candidate.split(/[^0-9]+/).filter((group) => group !== '')
  return groups.length >= 2 && groups.every((group) => group.length >= 2) && (groups[0] ?? '').length <= 5
}

/** National forms without a 0 that are told by their first digit and their grouping. */
const nationalShapes: readonly RegExp[] = [
  /^[6-9]\d{2} \d{3} \d{3}$/, // Spain, Poland, Czechia
  /^[6-9]\d{2} \d{2} \d{2} \d{2}$/, // Spain
  /^[6-9]\d{4}[ -]\d{5}$/, // India
  /^1[3-9]\d[ -]\d{4}[ -]\d{4}$/, // China
  /^\(\d{2,4}\) ?\d{3,5}[ -]\d{4}$/, // Brazil, Mexico and much of Latin America
  /^8 ?\(?[3489]\d{2}\)?[ -]\d{3}[ -]\d{2}[ -]\d{2}$/, // Russia
]

/** Whether a candidate is a telephone number, by the form it is written in. */
export function isPhone(candidate: string): boolean {
  const digits = digitsOf(candidate)
  if (candidate.startsWith('+')) return isInternational(digits)
  if (digits.startsWith('00')) return isInternational(digits.slice(2))
  if (isTrunk(candidate, digits) || nationalShapes.some((shape) => shape.test(candidate))) return true
  return isNorthAmerican(digits) && /^(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-]+)\d{3}[ .-]+\d{4}$/.test(candidate)
}

/** After a word such as "phone": seven to fifteen digits in any grouping, that are no date and no dotted number. */
export function isPhoneAfterWord(candidate: string): boolean {
  const digits = digitsOf(candidate)
  const isDate = /^(?:19|20)\d{2}[-./ ][01]?\d[-./ ][0-3]?\d|^\d{1,2}[-./]\d{1,2}[-./]\d{2,4}$/.test(candidate)
  const isAddress = /^\d{1,3}(?:\.\d{1,3}){3}$/.test(candidate)
  return digits.length >= 7 && digits.length <= 15 && !isDate && !isAddress && !isOneCharacter(digits)
}
