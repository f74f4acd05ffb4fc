// What somebody who wants to read a word in bytes would try: the bytes as they are, escapes of JSON and of URLs, base64, and text that
// came in pieces. Masks are judged by it, and cases by whether it would have found the word in what was not masked.
import type { Json } from '../../policy/model.ts'

/** Whether the word can be read in these bytes, by any of the usual ways. */
export function tells(bytes: Buffer | string, word: string): boolean {
  const text = bytes.toString('latin1')
  return [text, unescape(text), unpercent(text), ...decode(text)].some((one) => one.includes(word))
}

const unescape = (text: string): string =>
  text.replaceAll(/\\+u00([0-9a-f]{2})/giu, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

const unpercent = (text: string): string =>
  text.replaceAll(/%([0-9a-f]{2})/giu, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

/** Lines are nothing to readers of base64. */
const decode = (text: string): readonly string[] =>
  (text.replaceAll(/\\n|\s/gu, '').match(/[A-Za-z0-9+/_-]{8,}/gu) ?? []).map((run) =>
    Buffer.from(run, 'base64').toString('latin1'),
  )

/**
 * The same for two requests that differ in how a text with this word in it is written and in nothing else: JSON by its structure,
 * anything else by its bytes without escapes.
 */
export function toShape(bytes: Buffer | string, word: string): string {
  const value = parse(bytes.toString('latin1'))
  if (value === undefined) return unpercent(unescape(bytes.toString('latin1')))
  return JSON.stringify(value, (_key, one: unknown) => (typeof one === 'string' && tells(one, word) ? word : one))
}

/**
 * What an answer says, by place: of a stream the pieces of each place and choice one behind the other, however they were cut. Text that
 * is no JSON is at the place ''.
 */
export function toSaid(answer: Buffer): ReadonlyMap<string, string> {
  const said = new Map<string, string>()
  const text = answer.toString('latin1')
  const whole = parse(text)
  const documents = whole === undefined ? text.split(/\r\n|\r|\n/u).map(toDocument) : [whole]
  for (const document of documents) gather(document, '', said)
  return said
}

function toDocument(line: string): Json {
  const text = line.replace(/^data: ?/u, '')
  return parse(text) ?? text
}

function gather(value: Json, place: string, said: Map<string, string>): void {
  if (typeof value === 'string') said.set(place, (said.get(place) ?? '') + unescape(value))
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) gather(inner, `${place}/${stepOf(value, key, inner)}`, said)
}

/** Choices and blocks of an answer say themselves which they are. */
function stepOf(parent: object, key: string, value: Json): string {
  const own = typeof value === 'object' && value !== null && 'index' in value ? value['index'] : undefined
  return Array.isArray(parent) && typeof own === 'number' ? `#${own}` : key
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
