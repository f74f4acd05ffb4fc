// Literal tokens to values: escapes of strings and bytes, bounds of numbers.
import { Double, toDouble } from '../values/box.ts'
import type { Value } from '../values/box.ts'
import { toInt, toUint } from '../values/integer.ts'
import { encodeUtf8 } from '../values/text.ts'
import type { LiteralType } from './ast.ts'
import { SyntaxMistake } from './problem.ts'
import type { Token } from './token.ts'

interface Constant {
  readonly type: LiteralType
  readonly value: Value
}

const maxInt = 2n ** 63n - 1n
const maxUint = 2n ** 64n - 1n

export function readNumber(token: Token, negative: boolean): Constant {
  if (token.kind === 'double') {
    const value = Number(token.text)
    if (!Number.isFinite(value)) throw new SyntaxMistake('number is too large for a double', token.at)
    return { type: 'double', value: negative ? toSigned(-value) : toDouble(value) }
  }
  if (token.kind === 'uint') {
    const value = BigInt(token.text.slice(0, -1))
    if (negative || value > maxUint) throw new SyntaxMistake('uint is larger than 18446744073709551615', token.at)
    return { type: 'uint', value: toUint(value) }
  }
  const value = BigInt(token.text)
  if (value > maxInt + (negative ? 1n : 0n)) {
    throw new SyntaxMistake('integer is larger than 9223372036854775807', token.at)
  }
  return { type: 'int', value: toInt(negative ? -value : value) }
}

function toSigned(value: number): Value {
  return value === 0 ? new Double(value) : toDouble(value)
}

export function readText(token: Token): Constant {
  const opening = /^([rRbB]*)("""|'''|"|')/u.exec(token.text)
  const prefix = (opening?.[1] ?? '').toLowerCase()
  const quote = opening?.[2] ?? ''
  const inner = token.text.slice(prefix.length + quote.length, -quote.length)
  const at = token.at + prefix.length + quote.length
  const raw = prefix.includes('r')
  const normal = quote.length === 3 ? inner.replaceAll(/\r\n?/gu, '\n') : inner
  if (!prefix.includes('b')) return { type: 'string', value: raw ? normal : unescape(normal, at) }
  return { type: 'bytes', value: raw ? encodeUtf8(normal) : unescapeBytes(normal, at) }
}

const escape =
  /\\(?:x([0-9a-fA-F]{2})|X([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([\s\S]?))/gu

const simple: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '?': '?',
  '"': '"',
  "'": "'",
  '`': '`',
}

function unescape(text: string, at: number): string {
  if (!text.includes('\\')) return text
  return text.replaceAll(escape, (...match: unknown[]) => {
    const { code, character, offset } = readEscape(match)
    if (code === undefined) return simpleEscape(character, at + offset)
    if (code > 0x10_ff_ff || (code >= 0xd8_00 && code <= 0xdf_ff)) {
      throw new SyntaxMistake('not a code point', at + offset)
    }
    return String.fromCodePoint(code)
  })
}

interface Escape {
  readonly code: number | undefined
  /** Whether the code stands for one byte in a bytes literal. */
  readonly isByte: boolean
  readonly character: string
  readonly offset: number
}

function readEscape(match: readonly unknown[]): Escape {
  const [, x, capitalX, u, capitalU, octal, character, offset] = match
  const hex = x ?? capitalX ?? u ?? capitalU
  const isByte = u === undefined && capitalU === undefined
  const rest = { isByte, character: typeof character === 'string' ? character : '', offset: Number(offset) }
  if (typeof hex === 'string') return { code: Number.parseInt(hex, 16), ...rest }
  if (typeof octal === 'string') return { code: Number.parseInt(octal, 8), ...rest }
  return { code: undefined, ...rest }
}

function simpleEscape(character: string, at: number): string {
  const plain = simple[character]
  if (plain === undefined) throw new SyntaxMistake('unknown escape in a string', at)
  return plain
}

function unescapeBytes(text: string, at: number): Uint8Array {
  const chunks: Uint8Array[] = []
  let end = 0
  for (const match of text.matchAll(escape)) {
    chunks.push(encodeUtf8(text.slice(end, match.index)))
    const { code, isByte, character } = readEscape([...match, match.index])
    if (code !== undefined && !isByte) throw new SyntaxMistake('bytes have no \\u escapes', at + match.index)
    chunks.push(code === undefined ? encodeUtf8(simpleEscape(character, at + match.index)) : Uint8Array.of(code))
    end = match.index + match[0].length
  }
  chunks.push(encodeUtf8(text.slice(end)))
  return joinBytes(chunks)
}

export function joinBytes(chunks: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(chunks.reduce((total, chunk) => total + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    joined.set(chunk, at)
    at += chunk.length
  }
  return joined
}
