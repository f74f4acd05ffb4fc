// Forms in one line (WHATWG URL §5), read strictly: `;` separates pairs for some servers, and escapes that are none, empty pairs
// and pairs without `=` are each read in several ways.
import { malformed } from '../json/fields.ts'

const maxPairs = 1_000
const pair = /^([^=]+)=([^=]*)$/u

/** In order; a name may come more than once. Throws `body_malformed`. */
export function readUrlEncoded(text: string): readonly (readonly [name: string, value: string])[] {
  if (text === '') return []
  const pieces = text.split('&')
  if (pieces.length > maxPairs) throw malformed(`The form has more than ${maxPairs} fields.`)
  return pieces.map((piece) => {
    const [, name, value] = pair.exec(piece) ?? []
    if (name === undefined || value === undefined) throw malformed('The form has a field that is not `name=value`.')
    return [decode(name), decode(value)]
  })
}

const unencoded = /[^!-:<-~]/u

function decode(text: string): string {
  if (unencoded.test(text)) throw malformed('The form has a character that must be encoded.')
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw malformed('The form has an escape that is none, or text that is not UTF-8.')
  }
}
