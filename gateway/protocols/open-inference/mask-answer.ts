// Answers of model servers under a mask: JSON wherever text stands in it, with the words for numbers that are none, and text of errors.
import { fields, type Place, type Start } from '../../../policy/masking/framing/place.ts'
import { maskJson } from '../../../policy/masking/framing/json-text.ts'
import { applySplices } from '../../../policy/masking/framing/sink.ts'
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import type { Json } from '../../../policy/model.ts'
import { toDataPlace } from '../declared/data-place.ts'
import { maskText } from '../declared/mask-bytes.ts'
import type { AnswerHead } from '../protocol.ts'
import { readAnswerBody, toPlainJson } from './answer-json.ts'
import { ordinaryKeys } from './collect-text.ts'

/** `toRoot`: what the protocol says of the places of a body that is JSON. The very same bytes when nothing was found. */
export function maskAnswer(
  { head, bytes }: { readonly head: AnswerHead; readonly bytes: Uint8Array },
  masks: TextMasks,
  toRoot: (body: Json) => Place = () => toPlainPlace(masks.start),
): Uint8Array {
  if (bytes.length === 0) return bytes
  const { body, text } = readAnswerBody(head, bytes)
  const isJson = text === ''
  const before = isJson ? decode(bytes) : text
  const after = isJson ? maskAnswerJson(before, masks.over(toRoot(body)), masks) : maskText(text, masks.start)
  return after === before ? bytes : new TextEncoder().encode(after)
}

function toPlainPlace(start: Start): Place {
  const data = toDataPlace(start)
  return fields(Object.fromEntries([...ordinaryKeys].map((key) => [key, data])), data)
}

/** `root` has been laid over already. */
export function maskAnswerJson(text: string, root: Place, masks: TextMasks): string {
  return applySplices(text, maskJson(toPlainJson(text), root, masks.start).splices)
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}
