// Answers of model servers as values and texts. Their JSON may hold words for numbers that are none (NaN, Infinity), and their errors
// may be plain text or a page; a body that two clients would read differently is not read at all.
import type { Json } from '../../../policy/model.ts'
import { parseStrictJson, tensorBounds } from '../json/strict-json.ts'
import type { AnswerHead } from '../protocol.ts'
import { AnswerUnreadable } from '../protocol.ts'

const jsonType = /^application\/(?:[\w.-]+\+)?json(?:[ \t]*;|$)/iu

export interface ReadBody {
  /** Null where it is not JSON. */
  readonly body: Json
  /** What stands in a body that is not JSON. */
  readonly text: string
}

export function readAnswerBody({ status, headers }: AnswerHead, bytes: Uint8Array): ReadBody {
  if (bytes.length === 0) return { body: null, text: '' }
  const text = readText(bytes)
  const body = parseAnswerJson(text)
  if (body !== undefined) return { body, text: '' }
  if (isPlainText({ status, headers }, text)) return { body: null, text }
  throw new AnswerUnreadable('The answer is not JSON that every client would read alike.')
}

/** Words of a health check, or an error in plain text or as a page; nothing that somebody could read as JSON all the same. */
function isPlainText({ status, headers }: AnswerHead, text: string): boolean {
  const type = headers['content-type'] ?? ''
  if (status < 400 && !/^text\/(?:plain|html)(?:[ \t]*;|$)/iu.test(type)) return false
  return jsonType.test(type) ? !/^\s*[[{"]/u.test(text) : !isLooseJson(text)
}

function isLooseJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Undefined: not JSON, or not JSON that every client reads alike. */
export function parseAnswerJson(text: string): Json | undefined {
  const parsed = parseStrictJson(text, tensorBounds)
  if ('value' in parsed) return parsed.value
  if (!/NaN|Inf/u.test(text)) return undefined
  const again = parseStrictJson(withoutOddNumbers(text), tensorBounds)
  return 'value' in again ? again.value : undefined
}

/** As long as it was, and JSON for every reader: what is found in it stands at the same place. */
export function toPlainJson(text: string): string {
  if (!/NaN|Inf/u.test(text)) return text
  return replaceOddNumbers(
    text,
    (word) => (word.startsWith('-') ? '-' : '') + '0.'.padEnd(word.replace('-', '').length, '0'),
  )
}

/** For readers who take no such words. */
export function withoutOddNumbers(text: string): string {
  return /NaN|Inf/u.test(text) ? replaceOddNumbers(text, () => 'null') : text
}

/** The words that Triton and TensorFlow Serving write for numbers that are none; facts have null there. */
const oddNumber = /-?(?:NaN|Infinity|Inf)\b/y

function replaceOddNumbers(text: string, replace: (word: string) => string): string {
  const pieces: string[] = []
  let kept = 0
  for (let i = 0; i < text.length; i += 1) {
    const sign = text[i]
    if (sign === '"') i = endOfString(text, i)
    else if (sign === 'N' || sign === 'I' || sign === '-') {
      oddNumber.lastIndex = i
      if (!oddNumber.test(text)) continue
      pieces.push(text.slice(kept, i), replace(text.slice(i, oddNumber.lastIndex)))
      kept = oddNumber.lastIndex
      i = kept - 1
    }
  }
  return pieces.join('') + text.slice(kept)
}

/** Walked, because an expression that matches a string of megabytes runs out of stack. */
function endOfString(text: string, open: number): number {
  for (let i = open + 1; i < text.length; i += 1) {
    const sign = text[i]
    if (sign === '"') return i
    if (sign === '\\') i += 1
  }
  return text.length
}

function readText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new AnswerUnreadable('The answer is not valid UTF-8.', { cause })
  }
}
