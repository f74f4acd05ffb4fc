// A JSON document as one text to be searched at once. Every text that a mask of the document would read stands in it between quotes,
// decoded and whole: its strings and names as they are, and its numbers behind them in every spelling. So do those of JSON in a string.
import { endOfBlanks, isBlank, isSign } from './bare-run.ts'
import { beginsJson } from './json-text.ts'
import { toDigits } from './number-text.ts'
import { toText } from './string-text.ts'

/** Beyond these masking changes what holds nothing: numbers, names and brackets. */
const limits = { number: 4_096, name: 65_536, depth: 10_000 } as const

const colon = 58
const backslash = 92

/** `source` is valid JSON. Undefined: something in it is to be looked at closely. */
export function toSearchedText(source: string): string | undefined {
  const search: Search = { source, text: '', done: 0, escape: -1, numbers: '' }
  let at = 0
  for (let open = source.indexOf('"'); open >= 0; open = source.indexOf('"', at)) {
    const end = closingQuote(source, open + 1)
    // A sign or two between strings are no number.
    const hasNumber = at === 0 || open - at > 2
    if (end < 0 || (hasNumber && !takeNumbers(search, source.slice(at, open))) || !takeString(search, open, end))
      return undefined
    at = end + 1
  }
  if (!takeNumbers(search, source.slice(at))) return undefined
  // Joined and not added, which leaves a chain of pieces that is felt at every unit that is read.
  const text = [search.text, source.slice(search.done), search.numbers, '"'].join('')
  return isTooDeep(text) ? undefined : text
}

/** Below zero: there is none. */
function closingQuote(source: string, from: number): number {
  let end = source.indexOf('"', from)
  while (end >= 0 && isEscaped(source, from, end)) end = source.indexOf('"', end + 1)
  return end
}

function isEscaped(source: string, from: number, at: number): boolean {
  let first = at
  while (first > from && source.charCodeAt(first - 1) === backslash) first -= 1
  return (at - first) % 2 === 1
}

interface Search {
  readonly source: string
  text: string
  /** So much of the source is in the text. */
  done: number
  /** The next backslash behind what was read, or the end. */
  escape: number
  numbers: string
}

/** The string between two quotes. False: it is none to be searched so. */
function takeString(search: Search, open: number, end: number): boolean {
  const { source } = search
  if (end - open > limits.name && source.charCodeAt(endOfBlanks(source, end + 1)) === colon) return false
  const hasEscapes = nextEscape(search, open) < end
  if (!hasEscapes && !isSignOrBlank(source.charCodeAt(open + 1))) return true
  const quoted = source.slice(open, end + 1)
  const value = hasEscapes ? toText(quoted) : quoted
  if (value === undefined) return false
  if (hasEscapes) {
    search.text += `${source.slice(search.done, open + 1)}${value}`
    search.done = end
  }
  return takeNested(search, value, hasEscapes ? 0 : 1)
}

function nextEscape(search: Search, from: number): number {
  if (search.escape < from) {
    const next = search.source.indexOf('\\', from)
    search.escape = next < 0 ? search.source.length : next
  }
  return search.escape
}

/** What else a text begins with, it is no JSON. */
function isSignOrBlank(unit: number): boolean {
  return isSign(unit) || isBlank(unit)
}

/** `from` is where the text begins. */
function takeNested(search: Search, value: string, from: number): boolean {
  const first = endOfBlanks(value, from)
  // Of a text that is empty the closing quote is no opening one.
  if (!beginsJson(value.charCodeAt(first)) || (from > 0 && first === value.length - 1)) return true
  // In strings in the string an escape would have to be read once more.
  return value.length <= limits.name && !value.includes('\\') && takeNumbers(search, value)
}

/** As tokens that may be numbers begin and go on. */
const numberLike = /[-0-9][-+.0-9eE]*/gu

function takeNumbers(search: Search, text: string): boolean {
  for (const number of text.match(numberLike) ?? []) {
    if (number.length > limits.number) return false
    search.numbers += `"${number}"${toDigits(number) ?? ''}`
  }
  return true
}

/** Strings included, which is more than there can be. */
function isTooDeep(text: string): boolean {
  return text.length > limits.depth && text.split(/[[{]/u).length > limits.depth
}
