// JSON as a gateway must read it: valid UTF-8, no duplicate keys (two readers would see two different requests), bounded depth.
// And the place of one top-level value in the text, so that it can be replaced without touching a byte around it.
import type { Json, JsonObject } from '../../policy/model.ts'

const maxDepth = 64

export type StrictJson = { readonly value: Json } | { readonly refused: string }

export function parseStrictJson(text: string): StrictJson {
  let value: Json
  try {
    value = JSON.parse(text)
  } catch {
    return { refused: 'The body is not valid JSON.' }
  }
  const keys = countKeys(value, 0)
  if (keys === undefined) return { refused: `The body is nested deeper than ${maxDepth} levels.` }
  // Every key in the text is followed by one colon outside of strings; a key that JSON.parse swallowed leaves one too many.
  if (countColons(text) !== keys) return { refused: 'The body has the same key twice in one object.' }
  return { value }
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Undefined: too deep. */
function countKeys(value: Json, depth: number): number | undefined {
  if (typeof value !== 'object' || value === null) return 0
  if (depth >= maxDepth) return undefined
  const children: readonly Json[] = Array.isArray(value) ? value : Object.values(value)
  let keys = Array.isArray(value) ? 0 : children.length
  for (const child of children) {
    if (typeof child !== 'object' || child === null) continue
    const inner = countKeys(child, depth + 1)
    if (inner === undefined) return undefined
    keys += inner
  }
  return keys
}

const quote = 34
const backslash = 92
const colon = 58

function countColons(text: string): number {
  let colons = 0
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i)
    if (unit === colon) colons += 1
    else if (unit === quote) i = endOfString(text, i)
  }
  return colons
}

/** Index of the closing quote; the text is known to be valid JSON. */
function endOfString(text: string, open: number): number {
  let close = text.indexOf('"', open + 1)
  while (isEscaped(text, close)) close = text.indexOf('"', close + 1)
  return close
}

function isEscaped(text: string, index: number): boolean {
  let slashes = 0
  while (text.charCodeAt(index - 1 - slashes) === backslash) slashes += 1
  return slashes % 2 === 1
}

export interface Span {
  readonly start: number
  readonly end: number
}

/** Where the string value of a top-level key stands, quotes included. The text is known to be valid JSON without duplicates. */
export function findTopLevelString(text: string, key: string): Span | undefined {
  let depth = 0
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i)
    depth += nestingOf(unit)
    if (unit !== quote) continue
    const close = endOfString(text, i)
    const value = depth === 1 ? valueAfter(text, close) : undefined
    if (value !== undefined && JSON.parse(text.slice(i, close + 1)) === key) return toStringSpan(text, value)
    i = close
  }
  return undefined
}

function nestingOf(unit: number): number {
  if (unit === 123 || unit === 91) return 1
  return unit === 125 || unit === 93 ? -1 : 0
}

function toStringSpan(text: string, start: number): Span | undefined {
  return text.charCodeAt(start) === quote ? { start, end: endOfString(text, start) + 1 } : undefined
}

/** Start of the value when the string that closed at `close` is a key. */
function valueAfter(text: string, close: number): number | undefined {
  const at = skipBlanks(text, close + 1)
  return text.charCodeAt(at) === colon ? skipBlanks(text, at + 1) : undefined
}

function skipBlanks(text: string, from: number): number {
  let at = from
  while (' \t\n\r'.includes(text.charAt(at)) && at < text.length) at += 1
  return at
}
