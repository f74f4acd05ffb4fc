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

/** The words that Triton and TensorFlow Serving write for numbers that are none; facts have null there. */
const stringOrOddNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\b(?:NaN|Infinity|Inf)\b/gsu

function withoutOddNumbers(text: string): string {
  return text.replace(stringOrOddNumber, (found) => (found.startsWith('"') ? found : 'null'))
}

function readText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new AnswerUnreadable('The answer is not valid UTF-8.', { cause })
  }
}
