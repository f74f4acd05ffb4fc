// Answers made of choices under a mask, whole or in chunks: of each choice its content, what it thought, its refusal, what it calls
// tools with, and whatever else a server tells in it.
import type { HeldEvent } from '../../../../policy/masking/framing/channels.ts'
import { fields, items, type Place, type Start } from '../../../../policy/masking/framing/place.ts'
import type { TextMasks } from '../../../../policy/masking/text-masks.ts'
import type { Json, JsonObject } from '../../../../policy/model.ts'
import type { SsePlans, WrittenEvent } from '../../framing/sse-mask.ts'
import { isJsonObject } from '../../json/strict-json.ts'
import { callShape, choiceShape, chunkShape, messageShape, toIndex, toReason } from '../choices.ts'
import { blanked } from './blanked.ts'
import { pickPiece, toPieces, type Pieces } from './pieces.ts'
import { otherIn, toPlace, type MaskShape } from './place.ts'

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
const named = { id: 'Name', model: 'Name', object: 'Name', system_fingerprint: 'Name' } as const
const maskedChunk: MaskShape = { ...chunkShape, ...blanked, ...named, choices: maskedChoice }

export const choicesMasking = {
  whole: ({ start }: TextMasks): Place => toPlace(maskedChunk, start),
  plans: planChoices,
}

function planChoices({ start }: TextMasks): SsePlans {
  const over = new Set<string>()
  const chunk = toChunkPlace(start)
  return {
    marks: new Set(['[DONE]']),
    plan: ({ said, isAfterMark }, set) => {
      const choices = listChoices(said)
      const places = choices.map(({ path, choice }) => {
        const pieces = { set, start, choice: path, isOver: () => isAfterMark || over.has(path) }
        return toChoicePieces(choice, pieces)
      })
      const ended = choices.filter(({ choice }) => toReason(choice) !== '').map(({ path }) => path)
      for (const path of ended) over.add(path)
      return { places: chunk(places), ends: isError(said) ? 'All' : ended.map((choice) => ({ choice })) }
    },
    write: writeChunk,
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

/** Made once for a stream; `places` are those of the choices of one event. */
function toChunkPlace(start: Start): (places: readonly Place[]) => Place {
  const other = otherIn(maskedChunk, start)
  const known = Object.entries(maskedChunk).map(([key, masking]) => [key, toPlace(masking, start)] as const)
  return (places) => {
    const choices = items((i) => places[i] ?? other, other)
    return fields({ ...Object.fromEntries(known), choices }, other)
  }
}

function toChoicePieces(choice: JsonObject, pieces: Pieces): Place {
  const known = Object.entries(maskedChoice).map(([key, masking]) => [key, toPlace(masking, pieces.start)] as const)
  const said = {
    delta: toPieces(choice['delta'], maskedMessage, 'delta', pieces),
    message: toPieces(choice['message'], maskedMessage, 'message', pieces),
    text: toPieces(choice['text'], 'Text', 'text', pieces),
  }
  return fields({ ...Object.fromEntries(known), ...said }, otherIn(maskedChoice, pieces.start))
}

const heads = ['id', 'object', 'created', 'model', 'service_tier', 'system_fingerprint', 'provider']

/** A chunk that goes on with one text of one choice, and says nothing else a second time: SDKs join what they find. */
function writeChunk({ channel, text, frame }: HeldEvent): WrittenEvent {
  const said: Json = JSON.parse(text)
  const choice = listChoices(said).find(({ path }) => path === channel.choice)?.choice
  const picked = pickPiece(choice, channel.name)
  if (!isJsonObject(said) || choice === undefined || !isJsonObject(picked)) return { event: frame, data: text }
  const head = heads.flatMap((key) => (Object.hasOwn(said, key) ? [[key, said[key] ?? null]] : []))
  const index = Number(channel.choice.split('/')[1])
  const choices = [{ index, ...picked, logprobs: null, finish_reason: null }]
  return { event: frame, data: JSON.stringify({ ...Object.fromEntries(head), choices }) }
}
