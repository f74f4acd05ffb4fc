// Where text stands in Anthropic's wire format, for masks: requests, answers, events of a stream. Everything is masked but what was
// looked at and is the protocol's own: its names and words, counts, ids that a program made, bytes of media, and what the model server
// sealed.
//
// The signature of a thought stays as it came, though the thought be masked. It tells its reader nothing; without one, SDKs and servers
// take no thought at all; and a server that checks refuses a thought that was changed, so that a call fails and nothing leaks. Callers
// that send such a thought back leave it out, as the API allows, or are given pseudonyms: those are the same again in every turn.
import { maskEverywhere, type Place, type Start } from '../../../policy/masking/framing/place.ts'
import type { Json, JsonObject } from '../../../policy/model.ts'
import { binaryPlace, idPlace, keptIf, oneOrMany, sealedPlace } from '../json/kept-texts.ts'
import { schemaPlace, wirePlace, type WireRules } from '../json/wire-places.ts'
import { blockTypes } from './content.ts'
import { bodyKeys, innerKeys } from './keys.ts'
import { roles } from './request.ts'

/** Names that keys.ts has no use for, since nothing is read under them. */
const moreNames: ReadonlySet<string> = new Set(['budget_tokens', 'disable_parallel_tool_use', 'signature', 'user_id'])

export function isWireName(name: string): boolean {
  return innerKeys.has(name) || bodyKeys.has(name) || moreNames.has(name)
}

/** What stands under these is a word of the protocol; one that is none of them is text. */
const wordKeys: ReadonlySet<string> = new Set([
  'allowed_callers',
  'caller',
  'effort',
  'error_code',
  'file_type',
  'inference_geo',
  'media_type',
  'role',
  'service_tier',
  'speed',
  'stop_reason',
  'ttl',
  'type',
])

const events = ['ping', 'error', 'message', 'message_start', 'message_delta', 'message_stop', 'model']
const blockEvents = ['content_block_start', 'content_block_delta', 'content_block_stop']
const deltas = [
  'text_delta',
  'thinking_delta',
  'signature_delta',
  'input_json_delta',
  'citations_delta',
  'compaction_delta',
]
const citations = ['char_location', 'page_location', 'content_block_location']
const foundCitations = ['search_result_location', 'web_search_result_location']
const reasons = ['end_turn', 'max_tokens', 'stop_sequence', 'pause_turn', 'refusal', 'model_context_window_exceeded']
const switches = [
  'auto',
  'any',
  'tool',
  'none',
  'enabled',
  'disabled',
  'adaptive',
  'custom',
  'direct',
  'standard',
  'batch',
]
const settings = ['ephemeral', '5m', '1h', 'priority', 'low', 'medium', 'high', 'base64', 'url', 'content']
const media = ['image/gif', 'image/jpeg', 'image/png', 'image/webp', 'application/pdf', 'text/plain']

const words: ReadonlySet<string> = new Set(
  [
    events,
    blockEvents,
    deltas,
    citations,
    foundCitations,
    reasons,
    switches,
    settings,
    media,
    [...roles, ...blockTypes],
  ].flat(),
)

const serverTool = /^(?:bash|code_execution|computer|memory|text_editor|web_fetch|web_search)_20\d{6}$/u
const errorType = /^(?:[a-z]{3,16}_){1,3}error$/u

export function isWord(text: string): boolean {
  return words.has(text) || serverTool.test(text) || errorType.test(text)
}

const countKeys: ReadonlySet<string> = new Set(['index', 'max_uses', 'return_code', 'temperature', 'top_k', 'top_p'])
const countName = /_(?:index|page_number|requests|tokens)$/u

const idKeys: ReadonlySet<string> = new Set(['file_id', 'id', 'request_id', 'tool_id', 'tool_use_id'])
const sealedKeys: ReadonlySet<string> = new Set([
  'encrypted_content',
  'encrypted_index',
  'encrypted_stdout',
  'signature',
])
const modelKeys: ReadonlySet<string> = new Set(['first_id', 'last_id', 'model'])
const schemaKeys: ReadonlySet<string> = new Set(['input_schema', 'schema'])

/** Under these stands what callers and tools wrote, in no shape of the protocol. */
const dataKeys: ReadonlySet<string> = new Set(['default', 'enum', 'input', 'input_examples', 'properties'])

/** As model servers name models, and hardly anybody anything else. */
const modelName = /^[A-Za-z][\w./:-]{0,127}$/u

export function isModelName(text: string): boolean {
  return modelName.test(text)
}

/** `others` says more of an event or of a request than what holds everywhere. */
export function toWireRules(start: Start, others: WireRules['at'] = nothing): WireRules {
  return {
    start,
    isCount: (name) => countKeys.has(name) || countName.test(name),
    isName: isWireName,
    data: () => maskEverywhere(start),
    at: (name, owner) => others(name, owner) ?? placeAt(name, owner, start),
  }
}

export function answerPlace(answer: Json | undefined, start: Start): Place {
  return wirePlace(answer, toWireRules(start))
}

/** Of a connection that declares its models the name has been looked up, and is one of those. */
export function requestPlace(body: JsonObject, start: Start, isDeclared: boolean): Place {
  const isModel = (name: string, owner: JsonObject): boolean => isDeclared && owner === body && name === 'model'
  return wirePlace(
    body,
    toWireRules(start, (name, owner) => (isModel(name, owner) ? { kind: 'Keep' } : undefined)),
  )
}

function nothing(): undefined {
  return undefined
}

function placeAt(name: string, owner: JsonObject, start: Start): Place | undefined {
  if (dataKeys.has(name)) return maskEverywhere(start)
  if (schemaKeys.has(name)) return schemaPlace(owner[name], { start, data: () => maskEverywhere(start) })
  const value = owner[name]
  if (Array.isArray(value) && wordKeys.has(name)) return oneOrMany(keptIf(isWord, start))
  return typeof value === 'string' ? stringAt(name, owner['type'], start) : undefined
}

function stringAt(name: string, type: Json | undefined, start: Start): Place | undefined {
  if (name === 'data') return dataAt(type, start)
  if (wordKeys.has(name)) return keptIf(isWord, start)
  if (modelKeys.has(name) || (name === 'id' && type === 'model')) return keptIf(isModelName, start)
  if (idKeys.has(name)) return idPlace(start)
  return sealedKeys.has(name) ? sealedPlace(start) : undefined
}

function dataAt(type: Json | undefined, start: Start): Place | undefined {
  if (type === 'redacted_thinking') return sealedPlace(start)
  return type === 'base64' ? binaryPlace(start) : undefined
}
