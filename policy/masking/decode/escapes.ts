// Characters written as something else, one by one: percent-encoding, entities of HTML, escapes of JSON and JavaScript. Unlike bytes
// in base64 each stands where it is, so that what is found among them is masked and nothing else.
import { readableText } from './bytes-text.ts'

export interface Unescaped {
  readonly text: string
  /** Where in the original each unit of the text, and its end, stands. */
  readonly starts: readonly number[]
  /** Per unit: whether it was written as something else. */
  readonly escaped: readonly boolean[]
}

const escapes =
  /(?:%[0-9A-Fa-f]{2})+|&#[0-9]{1,7};?|&#[xX][0-9A-Fa-f]{1,6};?|&[A-Za-z]{2,8};|\\u\{[0-9A-Fa-f]{1,6}\}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}/g

/** Undefined: nothing is written as something else. */
export function unescapeText(original: string): Unescaped | undefined {
  const starts: number[] = []
  const escaped: boolean[] = []
  let text = ''
  let at = 0
  const take = (part: string, from: number, isEscaped: boolean): void => {
    for (let unit = 0; unit < part.length; unit += 1) {
      starts.push(isEscaped ? from : from + unit)
      escaped.push(isEscaped)
    }
    text += part
  }
  for (const match of original.matchAll(escapes)) {
    const part = toText(match[0])
    if (part === undefined) continue
    take(original.slice(at, match.index), at, false)
    take(part, match.index, true)
    at = match.index + match[0].length
  }
  if (at === 0) return undefined
  take(original.slice(at), at, false)
  starts.push(original.length)
  return { text, starts, escaped }
}

function toText(escape: string): string | undefined {
  if (escape.startsWith('%')) return fromPercent(escape)
  if (escape.startsWith('\\')) return toCharacter(Number.parseInt(escape.replaceAll(/[\\ux{}]/g, ''), 16))
  if (!escape.startsWith('&#')) return names.get(escape.slice(1, -1).toLowerCase())
  const isHex = escape.charAt(2).toLowerCase() === 'x'
  return toCharacter(isHex ? Number.parseInt(escape.slice(3), 16) : Number.parseInt(escape.slice(2), 10))
}

function toCharacter(point: number): string | undefined {
  return point <= 0x10ffff ? String.fromCodePoint(point) : undefined
}

/** Bytes; most often one of ASCII. */
function fromPercent(escape: string): string | undefined {
  const bytes = new Uint8Array(escape.length / 3)
  for (let index = 0; index < bytes.length; index += 1)
    bytes[index] = Number.parseInt(escape.slice(3 * index + 1, 3 * index + 3), 16)
  if (bytes.every((byte) => byte < 0x80)) return String.fromCharCode(...bytes)
  try {
    return decodeURIComponent(escape)
  } catch {
    return readableText(bytes)
  }
}

/** Those that stand for something a value is written with. */
const names: ReadonlyMap<string, string> = new Map([
  ['nbsp', ' '],
  ['ensp', ' '],
  ['emsp', ' '],
  ['thinsp', ' '],
  ['shy', '\u00ad'],
  ['zwnj', '\u200c'],
  ['zwj', '\u200d'],
  ['commat', '@'],
  ['period', '.'],
  ['dash', '-'],
  ['hyphen', '-'],
  ['ndash', '-'],
  ['mdash', '-'],
  ['minus', '-'],
  ['lowbar', '_'],
  ['plus', '+'],
  ['sol', '/'],
  ['colon', ':'],
  ['equals', '='],
  ['lpar', '('],
  ['rpar', ')'],
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])
