// An answer of version 2 as its two parts: JSON, and the raw values that follow it where a header tells how long the JSON is.
import type { Json, JsonObject } from '../../../policy/model.ts'
import { isJsonObject } from '../json/strict-json.ts'
import type { AnswerHead } from '../protocol.ts'
import { AnswerUnreadable } from '../protocol.ts'

export const lengthHeader = 'inference-header-content-length'

export interface AnswerParts {
  /** Of the JSON, as an answer of its own. */
  readonly head: AnswerHead
  readonly json: Uint8Array
  /** Undefined: nothing follows, and nothing is told. */
  readonly raw: Uint8Array | undefined
}

/** Throws AnswerUnreadable. */
export function openAnswer(head: AnswerHead, bytes: Uint8Array): AnswerParts {
  const told = head.headers[lengthHeader]
  if (told === undefined) return { head, json: bytes, raw: undefined }
  const end = toLength(told, bytes.length)
  // The type is that of both together.
  const inner = { status: head.status, headers: { 'content-type': 'application/json' } }
  return { head: inner, json: bytes.subarray(0, end), raw: bytes.subarray(end) }
}

export function hasOutputs(body: Json): body is JsonObject & { readonly outputs: readonly Json[] } {
  return isJsonObject(body) && Array.isArray(body['outputs'])
}

export function unreadable(message: string): AnswerUnreadable {
  return new AnswerUnreadable(message)
}

function toLength(told: string, most: number): number {
  const length = /^(?:0|[1-9][0-9]{0,9})$/.test(told) ? Number(told) : Infinity
  if (length <= most) return length
  throw unreadable('The Inference-Header-Content-Length of the answer is not one of its body.')
}
