// Answers of Triton's generate extension under a mask. What a key holds goes on over the events of a stream, as it is judged; the names that
// Triton puts into each of them are no part of any text.
import type { Place } from '../../../policy/masking/framing/place.ts'
import { fields, instead, keep } from '../../../policy/masking/framing/place.ts'
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import type { Json } from '../../../policy/model.ts'
import { toDataPlace } from '../declared/data-place.ts'
import { PiecePlaces } from '../declared/piece-places.ts'
import { openSseMask } from '../framing/sse-mask.ts'
import { isJsonObject } from '../json/strict-json.ts'
import { withoutOddNumbers } from '../open-inference/answer-json.ts'
import { maskAnswer } from '../open-inference/mask-answer.ts'
import { isPlainName, isPlainVersion } from '../open-inference/plain-name.ts'
import type { AnswerHead, StreamMask } from '../protocol.ts'

export function maskGenerated(head: AnswerHead, bytes: Uint8Array, masks: TextMasks): Uint8Array {
  return maskAnswer({ head, bytes }, masks, (body) => toGeneratedPlace(body, toDataPlace(masks.start)))
}

function toGeneratedPlace(body: Json, data: Place): Place {
  if (!isJsonObject(body)) return data
  const known = Object.entries(body).flatMap(([key, value]): [string, Place][] => {
    const place = toKnownPlace(key, value)
    return place === undefined ? [] : [[key, place]]
  })
  return fields({ text_output: data, error: data, ...Object.fromEntries(known) }, data)
}

export function openGeneratedMask(masks: TextMasks): StreamMask {
  const data = toDataPlace(masks.start)
  const places = new PiecePlaces()
  const mask = openSseMask(masks, {
    plan: ({ said }, set) => ({
      places: places.of(said, data, { set, known: toKnownPlace }),
      ends: isLast(said) ? 'All' : [],
    }),
  })
  return { push: (event) => mask.push(toReadable(event)), end: mask.end }
}

/** An event with a word for a number that is none would be masked by itself, and its text not go on over others. */
function toReadable(event: Uint8Array): Uint8Array {
  const bytes = Buffer.from(event.buffer, event.byteOffset, event.byteLength)
  return bytes.includes('NaN') || bytes.includes('Inf') ? Buffer.from(withoutOddNumbers(bytes.toString())) : event
}

/** What the backends of vLLM and TensorRT-LLM tell of a text beside it: its tokens, or how they are numbered. */
const tellingKeys: ReadonlySet<string> = new Set([
  'logprobs',
  'output_ids',
  'output_token_ids',
  'prompt_logprobs',
  'prompt_token_ids',
  'token_ids',
  'tokens',
  'top_logprobs',
])

const finishReasons: ReadonlySet<Json> = new Set(['stop', 'length', 'abort', 'error', 'tool_calls'])
/** As its backends say that there is none yet. */
const noReasons: ReadonlySet<Json> = new Set(['None', 'null', ''])

function isLast(said: Json): boolean {
  return isJsonObject(said) && (Object.hasOwn(said, 'error') || finishReasons.has(said['finish_reason'] ?? null))
}

function toKnownPlace(key: string, value: Json): Place | undefined {
  if (tellingKeys.has(key)) return instead(toNothing(value))
  switch (key) {
    case 'model_name':
      return isPlainName(value) ? keep : undefined
    case 'model_version':
      return isPlainVersion(value) ? keep : undefined
    case 'finish_reason':
      return finishReasons.has(value) || noReasons.has(value) ? keep : undefined
    default:
      return undefined
  }
}

/** Of the same kind, for clients that look at no more than that. */
function toNothing(value: Json): string {
  if (typeof value === 'string') return '""'
  return Array.isArray(value) ? '[]' : 'null'
}
