// The names in a JSON text without escapes, for JSON.parse: V8 14.6 takes a name with an escape for another one that it has met before
// in its place, where that begins as the escape is written (after {"a\\":1}, {"a\u0062":1} has the name `a\`). Callers could name a field
// past every rule that way. Values are read correctly, so names come to the engine without escapes.
import type { Json } from './model.ts'

const quote = 34
const backslash = 92
const colon = 58

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown

/** What JSON.parse gives, with the right names. Throws SyntaxError. A reviver must not look at names. */
export function parseJson(text: string, reviver?: Reviver): Json {
  const { plain, names } = withPlainNames(text)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- JSON is what it gives; a reviver gives what its caller takes
  const value = (reviver === undefined ? JSON.parse(plain) : JSON.parse(plain, reviver)) as Json
  return names.size === 0 ? value : rename(value, names, 0)
}

interface PlainNames {
  readonly plain: string
  /** Of names that cannot be written without escapes, by what stands for them. */
  readonly names: ReadonlyMap<string, string>
}

const none: ReadonlyMap<string, string> = new Map()

function withPlainNames(text: string): PlainNames {
  let escape = text.indexOf('\\')
  if (escape < 0) return { plain: text, names: none }
  const names = new Map<string, string>()
  const parts: string[] = []
  let done = 0
  for (let open = text.indexOf('"'); open >= 0;) {
    const close = endOfString(text, open)
    if (close < 0) break
    if (escape < open) escape = indexOrEnd(text, '\\', open)
    if (escape < close && isKey(text, close)) {
      parts.push(text.slice(done, open + 1), toPlainName(text, text.slice(open, close + 1), names))
      done = close
    }
    open = text.indexOf('"', close + 1)
  }
  return parts.length === 0 ? { plain: text, names } : { plain: parts.join('') + text.slice(done), names }
}

/** Throws where it is no string. */
function toPlainName(text: string, quoted: string, names: Map<string, string>): string {
  const name = String(JSON.parse(quoted))
  if (!needsEscape(name)) return name
  let standIn = `\ue000${names.size}`
  while (text.includes(standIn)) standIn += '\ue000'
  names.set(standIn, name)
  return standIn
}

/** Deeper documents are refused by whoever reads them. */
const maxDepth = 1_000

function rename(value: Json, names: ReadonlyMap<string, string>, depth: number): Json {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  if (depth > maxDepth) throw new SyntaxError('nested too deep')
  if (Array.isArray(value)) return value.map((item: Json) => rename(item, names, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [names.get(name) ?? name, rename(inner, names, depth + 1)]),
  )
}

function needsEscape(name: string): boolean {
  for (let i = 0; i < name.length; i += 1) {
    const unit = name.charCodeAt(i)
    if (unit < 32 || unit === quote || unit === backslash) return true
  }
  return false
}

function isKey(text: string, close: number): boolean {
  let at = close + 1
  while (isBlank(text.charCodeAt(at))) at += 1
  return text.charCodeAt(at) === colon
}

function isBlank(unit: number): boolean {
  return unit === 32 || unit === 10 || unit === 13 || unit === 9
}

function indexOrEnd(text: string, what: string, from: number): number {
  const at = text.indexOf(what, from)
  return at < 0 ? text.length : at
}

/** Index of the closing quote; below zero when there is none. */
function endOfString(text: string, open: number): number {
  for (let i = open + 1; i < text.length; i += 1) {
    const unit = text.charCodeAt(i)
    if (unit === quote) return i
    if (unit === backslash) i += 1
  }
  return -1
}
