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
  /(?<percent>(?:%[0-9A-Fa-f]{2})+)|&#(?<decimal>[0-9]{1,7});?|&#[xX](?<hex>[0-9A-Fa-f]{1,6});?|&(?<name>[A-Za-z]{2,8});|\\u\{(?<point>[0-9A-Fa-f]{1,6})\}|\\u(?<unit>[0-9A-Fa-f]{4})|\\x(?<byte>[0-9A-Fa-f]{2})/g

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
    const part = toText(match.groups ?? {})
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

function toText({ percent, name, decimal, ...hex }: Readonly<Record<string, string | undefined>>): string | undefined {
  if (percent !== undefined) return fromPercent(percent)
  if (name !== undefined) return names.get(name.toLowerCase())
  const digits = hex['hex'] ?? hex['point'] ?? hex['unit'] ?? hex['byte']
  const point = digits === undefined ? Number(decimal) : Number.parseInt(digits, 16)
  return point <= 0x10ffff ? String.fromCodePoint(point) : undefined
}

function fromPercent(escaped: string): string | undefined {
  const bytes = Uint8Array.from({ length: escaped.length / 3 }, (_, index) =>
    Number.parseInt(escaped.slice(3 * index + 1, 3 * index + 3), 16),
  )
  try {
    return decodeURIComponent(escaped)
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
