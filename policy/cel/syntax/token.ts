// Source text to tokens. Whatever no token begins with is a mistake: nothing is skipped but white space and comments.
import { SyntaxMistake } from './problem.ts'

export type TokenKind = 'name' | 'quotedName' | 'int' | 'uint' | 'double' | 'string' | 'symbol' | 'end'

export interface Token {
  readonly kind: TokenKind
  readonly text: string
  readonly at: number
}

const blank = /(?:[ \t\r\n\f]+|\/\/[^\n]*)*/y
const word = /[A-Za-z_][A-Za-z0-9_]*/y
const quotedWord = /`[A-Za-z0-9_.\-/ ]+`/y
const number = /0[xX][0-9a-fA-F]+[uU]?|(?:\d+\.\d+|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\d+[uU]?/y
const symbol = /&&|\|\||[=!<>]=|[-+*/%<>!?:.,()[\]{}]/y
const rawOpening = /[rR]?[bB]?(?:"""|'''|"|')|[bB][rR](?:"""|'''|"|')/y

const stringStarts = 'rRbB"\''

const closings: Readonly<Record<string, RegExp>> = {
  '"': /(?:[^"\\\r\n]|\\[^\r\n])*"/y,
  "'": /(?:[^'\\\r\n]|\\[^\r\n])*'/y,
  '"""': /(?:[^"\\]|\\[\s\S]|"(?!""))*"""/y,
  "'''": /(?:[^'\\]|\\[\s\S]|'(?!''))*'''/y,
}

const rawClosings: Readonly<Record<string, RegExp>> = {
  '"': /[^"\r\n]*"/y,
  "'": /[^'\r\n]*'/y,
  '"""': /[\s\S]*?"""/y,
  "'''": /[\s\S]*?'''/y,
}

export function readTokens(source: string, maxTokens: number): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  for (;;) {
    at += matchAt(blank, source, at)?.length ?? 0
    if (at >= source.length) break
    const token = readToken(source, at)
    tokens.push(token)
    if (tokens.length > maxTokens) throw new SyntaxMistake('the expression is too large', at)
    at += token.text.length
  }
  tokens.push({ kind: 'end', text: '', at: source.length })
  return tokens
}

function matchAt(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(source)?.[0]
}

function readToken(source: string, at: number): Token {
  const first = source.charAt(at)
  const string = stringStarts.includes(first) ? readString(source, at) : undefined
  if (string !== undefined) return { kind: 'string', text: string, at }
  const name = matchAt(word, source, at)
  if (name !== undefined) return { kind: 'name', text: name, at }
  const digits = matchAt(number, source, at)
  if (digits !== undefined) return { kind: numberKind(digits), text: digits, at }
  const quoted = matchAt(quotedWord, source, at)
  if (quoted !== undefined) return { kind: 'quotedName', text: quoted, at }
  const sign = matchAt(symbol, source, at)
  if (sign !== undefined) return { kind: 'symbol', text: sign, at }
  throw new SyntaxMistake('Unexpected character', at)
}

function numberKind(text: string): TokenKind {
  if (/[uU]$/u.test(text)) return 'uint'
  return /^0[xX]/u.test(text) || /^\d+$/u.test(text) ? 'int' : 'double'
}

function readString(source: string, at: number): string | undefined {
  const opening = matchAt(rawOpening, source, at)
  if (opening === undefined) return undefined
  const quote = /["']+$/u.exec(opening)?.[0] ?? ''
  const closing = (/[rR]/u.test(opening) ? rawClosings : closings)[quote]
  const rest = closing === undefined ? undefined : matchAt(closing, source, at + opening.length)
  if (rest === undefined) throw new SyntaxMistake('Unexpected end of string: the closing quote is missing', at)
  return opening + rest
}
