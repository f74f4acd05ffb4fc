// The body of an answer, before a protocol looks at it: text, and the JSON it is if it is any.
import type { Json } from '../../../policy/model.ts'
import type { AnswerHead } from '../protocol.ts'
import { AnswerUnreadable } from '../protocol.ts'
import { parseStrictJson } from './strict-json.ts'

/** `text` is the body as it came. */
export type AnswerBody = { readonly text: string; readonly json?: Json }

/** Throws AnswerUnreadable: no UTF-8, or no plain JSON where the head says JSON. Other bodies are text as they are. */
export function readAnswerBody(head: AnswerHead, bytes: Uint8Array): AnswerBody {
  const text = readAnswerText(bytes)
  if (text === '') return { text }
  const parsed = parseStrictJson(text)
  if ('value' in parsed) return { text, json: parsed.value }
  const type = toMediaType(head)
  // JSON that two readers would read differently must not pass as text, whatever its type says.
  if (type.endsWith('json') || /^\s*[[{]/u.test(text))
    throw new AnswerUnreadable(`The answer cannot be read. ${parsed.refused}`)
  return { text }
}

export function isEventStream(head: AnswerHead): boolean {
  return toMediaType(head) === 'text/event-stream'
}

function toMediaType({ headers }: AnswerHead): string {
  const [type = ''] = (headers['content-type'] ?? '').split(';')
  return type.trim().toLowerCase()
}

function readAnswerText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new AnswerUnreadable('The answer is not valid UTF-8.', { cause })
  }
}

/** The data of one event. Undefined: none. */
export function readEventJson(data: string | undefined): Json | undefined {
  if (data === undefined || data === '') return undefined
  const parsed = parseStrictJson(data)
  if ('refused' in parsed) throw new AnswerUnreadable(`An event of the stream cannot be read. ${parsed.refused}`)
  return parsed.value
}
