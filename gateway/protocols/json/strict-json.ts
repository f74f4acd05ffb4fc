// JSON as a gateway must read it: valid UTF-8, no duplicate keys (two readers would see two different requests), bounded in depth
// and in values, so that no body within its limit of bytes holds up everybody else's calls. And the place of one top-level value in the text, so that it can be replaced without touching a byte around it.
import type { Json, JsonObject } from '../../../policy/model.ts'
import { parseJson } from '../../../policy/plain-keys.ts'

const maxDepth = 64
/** A conversation has some thousand; ten megabytes of `{},` have millions, and would stop the process for seconds. */
export const maxValues = 50_000

export interface JsonBounds {
  readonly values: number
  /** Lists and objects among them. */
  readonly containers: number
  /** Keys of objects among them. */
  readonly keys: number
}

/** Numbers are cheap, and a tensor has many: an image of 600 x 600 pixels, row by row. */
export const tensorBounds: JsonBounds = { values: 2_000_000, containers: 400_000, keys: maxValues }

export type StrictJson = { readonly value: Json } | { readonly refused: string }

/** `bounds` as a number: of values, whatever they are. */
export function parseStrictJson(text: string, bounds: JsonBounds | number = maxValues): StrictJson {
  const signs = countSigns(text)
  if (signs === undefined) return notJson
  const tooMany = findTooMany(signs, typeof bounds === 'number' ? toBounds(bounds) : bounds)
  if (tooMany !== undefined) return { refused: `The body has more than ${tooMany}.` }
  const value = parse(text)
  if (value === undefined) return notJson
  const keys = countKeys(value, 0)
  if (keys === undefined) return { refused: `The body is nested deeper than ${maxDepth} levels.` }
  // Every key in the text is followed by one colon outside of strings; a key that JSON.parse swallowed leaves one too many.
  if (signs.colons !== keys) return { refused: 'The body has the same key twice in one object.' }
  return { value }
}

function toBounds(values: number): JsonBounds {
  return { values, containers: values, keys: values }
}

function findTooMany(signs: Signs, { values, containers, keys }: JsonBounds): string | undefined {
  if (signs.values > values) return `${values} values`
  if (signs.containers > containers) return `${containers} lists and objects`
  return signs.colons > keys ? `${keys} keys` : undefined
}

const notJson = { refused: 'The body is not valid JSON.' }

/** Undefined: it is not JSON. */
function parse(text: string): Json | undefined {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
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
const comma = 44

interface Signs {
  readonly colons: number
  /** An upper bound: one for each comma, and one for the first in each list and object. */
  readonly values: number
  readonly containers: number
}

/** Undefined: a string does not end. Whether the rest is JSON is not known here. */
function countSigns(text: string): Signs | undefined {
  let colons = 0
  let commas = 0
  let containers = 0
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i)
    if (unit === colon) colons += 1
    else if (unit === comma) commas += 1
    else if (nestingOf(unit) === 1) containers += 1
    else if (unit === quote) i = endOfString(text, i)
    if (i < 0) return undefined
  }
  return { colons, values: 1 + commas + containers, containers }
}

/** Index of the closing quote; below zero when there is none. */
function endOfString(text: string, open: number): number {
  const close = text.indexOf('"', open + 1)
  // Nearly every string ends at its next quote; one full of escapes is walked once, not once for each of them.
  if (close < 0 || text.charCodeAt(close - 1) !== backslash) return close
  for (let i = open + 1; i < text.length; i += 1) {
    const unit = text.charCodeAt(i)
    if (unit === quote) return i
    if (unit === backslash) i += 1
  }
  return -1
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
  while (isBlank(text.charCodeAt(at))) at += 1
  return at
}

function isBlank(unit: number): boolean {
  return unit === 32 || unit === 10 || unit === 13 || unit === 9
}
