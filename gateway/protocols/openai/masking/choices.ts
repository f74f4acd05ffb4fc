// Answers made of choices under a mask, whole or in chunks: of each choice its content, what it thought, its refusal, what it calls
// tools with, and whatever else a server tells in it.
import { parseJson } from '../../../../policy/plain-keys.ts'
import type { HeldEvent } from '../../../../policy/masking/framing/channels.ts'
import { items, type Place } from '../../../../policy/masking/framing/place.ts'
import type { Json, JsonObject } from '../../../../policy/model.ts'
import type { SsePlans, WrittenEvent } from '../../framing/sse-mask.ts'
import { isJsonObject } from '../../json/strict-json.ts'
import type { AnswerMasking } from '../answer.ts'
import { callShape, choiceShape, chunkShape, messageShape, toIndex, toReason } from '../choices.ts'
import { blanked } from './blanked.ts'
import { pickPiece, toPieces, type Pieces } from './pieces.ts'
import { Places, withFields, type MaskShape } from './place.ts'

/** Names come whole: readers refuse one that grows. */
const maskedCall: MaskShape = {
  ...callShape,
  function: { name: 'Quiet', arguments: 'Text' },
  custom: { name: 'Quiet', input: 'Text' },
}

const maskedMessage: MaskShape = {
  ...messageShape,
  ...blanked,
  tool_calls: maskedCall,
  function_call: { name: 'Quiet', arguments: 'Text' },
}

const maskedChoice: MaskShape = {
  ...choiceShape,
  ...blanked,
  message: maskedMessage,
  delta: maskedMessage,
  text: 'Text',
}
const named = { id: 'Name', model: 'Name', object: 'Name', system_fingerprint: 'Name', obfuscation: 'Name' } as const

/** Counts by names that the API gives: every answer has them. */
const usage: MaskShape = {
  prompt_tokens: 'Quiet',
  completion_tokens: 'Quiet',
  total_tokens: 'Quiet',
  prompt_tokens_details: { cached_tokens: 'Quiet', audio_tokens: 'Quiet' },
  completion_tokens_details: {
    reasoning_tokens: 'Quiet',
    audio_tokens: 'Quiet',
    accepted_prediction_tokens: 'Quiet',
    rejected_prediction_tokens: 'Quiet',
  },
}
const maskedChunk: MaskShape = { ...chunkShape, ...blanked, ...named, choices: maskedChoice, usage }

export const choicesMasking: AnswerMasking = {
  whole: ({ start }) => new Places(start).of(maskedChunk),
  plans: ({ start }) => planChoices(new Places(start)),
}

/** More than anybody asks for. Of an answer that has more, no text goes on. */
const maxEnded = 1_024

function planChoices(places: Places): SsePlans {
  const over = new Set<string>()
  return {
    marks: new Set(['[DONE]']),
    plan: ({ said, isAfterMark }, set) => {
      const choices = listChoices(said)
      const all = choices.map(({ path, choice }) => {
        return toChoicePieces(choice, {
          set,
          places,
          choice: path,
          isOver: () => isAfterMark || over.size > maxEnded || over.has(path),
        })
      })
      const ended = choices.filter(({ choice }) => toReason(choice) !== '').map(({ path }) => path)
      for (const path of ended) over.add(path)
      return { places: toChunkPlace(places, all), ends: isError(said) ? 'All' : ended.map((choice) => ({ choice })) }
    },
    write: writeChunk,
    isSteady: true,
  }
}

interface Said {
  /** `choices/0`. */
  readonly path: string
  readonly choice: JsonObject
}

function listChoices(said: Json): readonly Said[] {
  const choices = isJsonObject(said) ? said['choices'] : undefined
  if (!Array.isArray(choices)) return []
  return choices.map((choice: Json, place) => {
    const object = isJsonObject(choice) ? choice : {}
    return { path: `choices/${toIndex(object['index'], place)}`, choice: object }
  })
}

function isError(said: Json): boolean {
  return isJsonObject(said) && (said['error'] ?? null) !== null
}

function toChunkPlace(places: Places, choices: readonly Place[]): Place {
  const other = places.of(maskedChoice)
  return withFields(places.of(maskedChunk), { choices: items((i) => choices[i] ?? other, other) })
}

function toChoicePieces(choice: JsonObject, pieces: Pieces): Place {
  return withFields(pieces.places.of(maskedChoice), {
    delta: toPieces(choice['delta'], maskedMessage, 'delta', pieces),
    message: toPieces(choice['message'], maskedMessage, 'message', pieces),
    text: toPieces(choice['text'], 'Text', 'text', pieces),
  })
}

const heads = ['id', 'object', 'created', 'model', 'service_tier', 'system_fingerprint', 'provider']

/** A chunk that goes on with one text of one choice, and says nothing else a second time: SDKs join what they find. */
function writeChunk({ channel, text, frame }: HeldEvent): WrittenEvent {
  const said = parseJson(text)
  const choice = listChoices(said).find(({ path }) => path === channel.choice)?.choice
  const picked = pickPiece(choice, channel.name)
  if (!isJsonObject(said) || choice === undefined || !isJsonObject(picked)) return { event: frame, data: text }
  const head = heads.flatMap((key) => (Object.hasOwn(said, key) ? [[key, said[key] ?? null]] : []))
  const index = Number(channel.choice.split('/')[1])
  const choices = [{ index, ...picked, logprobs: null, finish_reason: null }]
  return { event: frame, data: JSON.stringify({ ...Object.fromEntries(head), choices }) }
}
