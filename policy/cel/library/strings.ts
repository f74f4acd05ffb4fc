// Strings: the standard functions and those of the strings extension. Positions count code points.
import type { Library } from '../check/signature.ts'
import type { Meter } from '../failure.ts'
import { fail, unitsPerText } from '../failure.ts'
import type { Int, List } from '../values/box.ts'
import { codePointCount, hasSurrogates, pointIndex, unitIndex } from '../values/text.ts'
import { formatText, templateCheck } from './format.ts'
import { maxTextLength } from './operators.ts'

const spaces = '[\\t-\\r \\u0085\\u00A0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000]+'
const outerSpaces = new RegExp(`^${spaces}`, 'u')
const isSpace = new RegExp(`^${spaces}$`, 'u')

function scan(meter: Meter, ...texts: readonly string[]): void {
  for (const text of texts) meter.charge(text.length * unitsPerText)
}

/** Long needles can be chosen so that searching costs more than reading. */
function search(meter: Meter, text: string, part: string): void {
  meter.charge(text.length * (unitsPerText + Math.min(0.75, part.length / 256)))
}

function charAt(text: string, index: Int, meter: Meter): string {
  scan(meter, text)
  const unit = unitIndex(text, Number(index))
  return unit === text.length ? '' : String.fromCodePoint(text.codePointAt(unit) ?? 0)
}

function indexOf(text: string, part: string, meter: Meter): number {
  search(meter, text, part)
  return pointIndex(text, text.indexOf(part))
}

function indexOfFrom(text: string, part: string, from: Int, meter: Meter): number {
  search(meter, text, part)
  return pointIndex(text, text.indexOf(part, unitIndex(text, Number(from))))
}

function lastIndexOf(text: string, part: string, meter: Meter): number {
  search(meter, text, part)
  return pointIndex(text, text.lastIndexOf(part))
}

function lastIndexOfFrom(text: string, part: string, from: Int, meter: Meter): number {
  search(meter, text, part)
  return pointIndex(text, text.lastIndexOf(part, unitIndex(text, Number(from))))
}

function join(list: List, separator: string, meter: Meter): string {
  meter.charge(list.length)
  let joined = ''
  for (const [index, item] of list.entries()) {
    if (typeof item !== 'string') return fail('no_such_overload')
    meter.charge((item.length + separator.length) * unitsPerText)
    if (joined.length + item.length + separator.length > maxTextLength) return fail('range')
    joined += index === 0 ? item : separator + item
  }
  return joined
}

/** A limit of zero replaces nothing, a negative one everything. */
function replaceUpTo(input: readonly [string, string, string], limit: Int, meter: Meter): string {
  const [text, from, to] = input
  const pieces = splitUpTo(text, from, limit < 0 ? -1 : Number(limit) + 1, meter)
  return join(pieces, to, meter)
}

/** As Go: at most `limit` parts, the last with the rest; zero parts for zero, all for a negative limit. */
function splitUpTo(text: string, separator: string, limit: Int, meter: Meter): List {
  search(meter, text, separator)
  if (limit === 0) return []
  const all = separator === '' ? Array.from(text) : text.split(separator)
  meter.charge(all.length)
  if (limit < 0 || all.length <= limit) return all
  const head = all.slice(0, Number(limit) - 1)
  return [...head, all.slice(Number(limit) - 1).join(separator)]
}

function replace(text: string, from: string, to: string, meter: Meter): string {
  if (from === '') return replaceUpTo([text, from, to], codePointCount(text), meter)
  return replaceUpTo([text, from, to], -1, meter)
}

function substring(text: string, start: Int, meter: Meter): string {
  scan(meter, text)
  return text.slice(unitIndex(text, Number(start)))
}

function substringTo(text: string, start: Int, end: Int, meter: Meter): string {
  scan(meter, text)
  if (start > end) fail('index_out_of_range')
  return text.slice(unitIndex(text, Number(start)), unitIndex(text, Number(end)))
}

function trim(text: string, meter: Meter): string {
  scan(meter, text)
  const rest = text.replace(outerSpaces, '')
  let end = rest.length
  while (end > 0 && isSpace.test(rest.charAt(end - 1))) end -= 1
  return rest.slice(0, end)
}

function reverse(text: string, meter: Meter): string {
  meter.charge(text.length * 4)
  return Array.from(text).toReversed().join('')
}

const quotes: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
}

function quote(text: string, meter: Meter): string {
  scan(meter, text, text)
  // oxlint-disable-next-line no-control-regex -- exactly the characters that have escapes
  const escaped = text.replaceAll(/[\u0007\b\f\n\r\t\v\\"]/gu, (character) => quotes[character] ?? character)
  return `"${hasSurrogates(escaped) ? escaped.toWellFormed() : escaped}"`
}

function contains(text: string, part: string, meter: Meter): boolean {
  search(meter, text, part)
  return text.includes(part)
}

function startsWith(text: string, part: string, meter: Meter): boolean {
  scan(meter, part)
  return text.startsWith(part)
}

function endsWith(text: string, part: string, meter: Meter): boolean {
  scan(meter, part)
  return text.endsWith(part)
}

export const strings: Library = {
  global: [['strings.quote(string): string', quote]],
  member: [
    ['string.contains(string): bool', contains],
    ['string.startsWith(string): bool', startsWith],
    ['string.endsWith(string): bool', endsWith],
    ['string.charAt(int): string', charAt],
    ['string.indexOf(string): int', indexOf],
    ['string.indexOf(string, int): int', indexOfFrom],
    ['string.lastIndexOf(string): int', lastIndexOf],
    ['string.lastIndexOf(string, int): int', lastIndexOfFrom],
    ['list<string>.join(): string', (list: List, meter: Meter) => join(list, '', meter)],
    ['list<string>.join(string): string', join],
    ['string.lowerAscii(): string', (text: string, meter: Meter) => lowerAscii(text, meter)],
    ['string.upperAscii(): string', (text: string, meter: Meter) => upperAscii(text, meter)],
    ['string.replace(string, string): string', replace],
    [
      'string.replace(string, string, int): string',
      // oxlint-disable-next-line eslint/max-params -- the function has that many in the language
      (text: string, from: string, to: string, limit: Int, meter: Meter) => replaceUpTo([text, from, to], limit, meter),
    ],
    ['string.split(string): list<string>', (a: string, b: string, meter: Meter) => splitUpTo(a, b, -1, meter)],
    ['string.split(string, int): list<string>', splitUpTo],
    ['string.substring(int): string', substring],
    ['string.substring(int, int): string', substringTo],
    ['string.trim(): string', trim],
    ['string.reverse(): string', reverse],
    ['string.format(list<dyn>): string', formatText, templateCheck],
  ],
}

function lowerAscii(text: string, meter: Meter): string {
  scan(meter, text)
  return text.replaceAll(/[A-Z]+/gu, (letters) => letters.toLowerCase())
}

function upperAscii(text: string, meter: Meter): string {
  scan(meter, text)
  return text.replaceAll(/[a-z]+/gu, (letters) => letters.toUpperCase())
}
