// The answer to an inference under a mask: its tensors, and the header that tells where their raw values begin.
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import type { AnswerHead, MaskedAnswer } from '../protocol.ts'
import { readAnswerBody } from './answer-json.ts'
import { hasOutputs, lengthHeader, openAnswer, unreadable } from './answer-parts.ts'
import { maskAnswer } from './mask-answer.ts'
import { maskTensors } from './mask-tensors.ts'
import { toAnswerPlace } from './tensor-places.ts'

/** Of an answer that was read. The very same bytes when nothing was found. */
export function maskTensorAnswer(head: AnswerHead, bytes: Uint8Array, masks: TextMasks): Uint8Array | MaskedAnswer {
  const { head: inner, json, raw } = openAnswer(head, bytes)
  const { body } = readAnswerBody(inner, json)
  if (!hasOutputs(body)) {
    // Nothing follows, as its reader has seen.
    const masked = maskAnswer({ head: inner, bytes: json }, masks)
    return masked === json ? bytes : toMasked(masked, raw && masked.length)
  }
  const masked = maskTensors(
    {
      bytes,
      headLength: raw && json.length,
      body,
      list: 'outputs',
      toRoot: (sizes) => toAnswerPlace({ body, start: masks.start, sizes }),
      fail: unreadable,
    },
    masks,
  )
  return masked.bytes === bytes ? bytes : toMasked(masked.bytes, masked.headLength)
}

function toMasked(body: Uint8Array, headLength: number | undefined): Uint8Array | MaskedAnswer {
  return headLength === undefined ? body : { body, headers: { [lengthHeader]: String(headLength) } }
}
