// Where text stands in MCP's messages, for masks, in both directions. Everything is masked but what was looked at and is the protocol's
// own: its names and words, counts, ids that a program made, media in base64, and what only the server can open. The id of a message
// is the caller's; an answer brings it back and keeps it.
import { maskEverywhere, type Place, type Start } from '../../../policy/masking/framing/place.ts'
import type { Json, JsonObject } from '../../../policy/model.ts'
import { binaryPlace, idPlace, keptIf, linkPlace, oneOrMany, sealedPlace } from '../json/kept-texts.ts'
import { isJsonObject } from '../json/strict-json.ts'
import { membersPlace, schemaPlace, wirePlace, type DataPlace, type WireRules } from '../json/wire-places.ts'
import { messageKeys, paramKeys, wire } from './keys.ts'
import type { MessageId } from './message.ts'
import { isMethod, revisions } from './methods.ts'

export function requestPlace(message: Json, start: Start): Place {
  return wirePlace(message, toRules(start, undefined))
}

/** `id` of the request that is answered. */
export function answerPlace(answer: Json | undefined, start: Start, id: MessageId | undefined): Place {
  return wirePlace(answer, toRules(start, id))
}

function isName(name: string): boolean {
  return (
    wire.known.has(name) ||
    wire.structure.has(name) ||
    wire.sealed.has(name) ||
    messageKeys.has(name) ||
    paramKeys.has(name)
  )
}

/** What stands under these is a word of the protocol; one that is none of them is text. */
const wordKeys: ReadonlySet<string> = new Set([
  'action',
  'audience',
  'cacheScope',
  'io.modelcontextprotocol/logLevel',
  'io.modelcontextprotocol/protocolVersion',
  'jsonrpc',
  'level',
  'method',
  'mimeType',
  'protocolVersion',
  'resultType',
  'role',
  'status',
  'stopReason',
  'supportedVersions',
  'type',
])

const levels = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']
const types = [
  'text',
  'image',
  'audio',
  'resource',
  'resource_link',
  'tool_use',
  'tool_result',
  'ref/prompt',
  'ref/resource',
]
const states = ['working', 'input_required', 'completed', 'failed', 'cancelled', 'complete', 'task']
const settings = [
  '2.0',
  'user',
  'assistant',
  'accept',
  'decline',
  'cancel',
  'endTurn',
  'stopSequence',
  'maxTokens',
  'toolUse',
]
const media = ['application/json', 'text/plain', 'text/markdown', 'image/png', 'image/jpeg', 'audio/wav', 'audio/mpeg']
const words: ReadonlySet<string> = new Set([levels, types, states, settings, media, revisions].flat())

function isWord(text: string): boolean {
  return words.has(text) || isMethod(text)
}

const idKeys: ReadonlySet<string> = new Set([
  'id',
  'io.modelcontextprotocol/subscriptionId',
  'progressToken',
  'requestId',
  'taskId',
])
/** Ids that are numbers count messages; SDKs make no others. */
const countKeys: ReadonlySet<string> = new Set([
  'code',
  'id',
  'maxTokens',
  'pollInterval',
  'priority',
  'progress',
  'progressToken',
  'requestId',
  'size',
  'total',
  'ttl',
  'ttlMs',
])
/** What the server gave and alone can open. */
const sealedKeys: ReadonlySet<string> = new Set(['cursor', 'nextCursor', 'requestState'])
const schemaKeys: ReadonlySet<string> = new Set(['inputSchema', 'outputSchema', 'requestedSchema'])
/** Under these stands what callers and tools wrote, in no shape of the protocol. */
const dataKeys: ReadonlySet<string> = new Set([
  'arguments',
  'default',
  'enum',
  'properties',
  'structuredContent',
  'value',
  'values',
])
/** Messages of the protocol under names that somebody chose. */
const memberKeys: ReadonlySet<string> = new Set(['inputRequests', 'inputResponses'])
const binaryTypes: ReadonlySet<Json | undefined> = new Set(['audio', 'image'])
/** As binary-text.ts reads them. */
const binaryKeys: ReadonlySet<string> = new Set(['blob', 'data'])

function toRules(start: Start, id: MessageId | undefined): WireRules {
  const rules: WireRules = {
    start,
    isCount: (name) => countKeys.has(name),
    isName,
    data: toDataPlace(start),
    at: (name, owner) => {
      if (memberKeys.has(name))
        return membersPlace(
          owner[name],
          (member, called) => (isJsonObject(member) ? wirePlace(member, rules) : rules.data(member, called)),
          start,
        )
      // What a server asks on its own account has an id of its own, which may be the same one.
      return name === 'id' && 'jsonrpc' in owner && owner[name] === id ? { kind: 'Keep' } : placeAt(name, owner, start)
    },
  }
  return rules
}

function placeAt(name: string, owner: JsonObject, start: Start): Place | undefined {
  if (dataKeys.has(name) || isAnswered(name, owner)) return toDataPlace(start)(owner[name])
  if (schemaKeys.has(name)) return schemaPlace(owner[name], { start, data: toDataPlace(start) })
  if (wordKeys.has(name) && isText(owner[name])) return oneOrMany(keptIf(isWord, start))
  if (name === 'data' && !binaryTypes.has(owner['type'])) return toDataPlace(start)(owner[name])
  return typeof owner[name] === 'string' ? stringAt(name, start) : undefined
}

/** A string, or some. */
function isText(value: Json | undefined): boolean {
  return Array.isArray(value) ? value.every((one) => typeof one === 'string') : typeof value === 'string'
}

/** The fields that a person filled in: an object with names of its own, where results of tools have their blocks. */
function isAnswered(name: string, owner: JsonObject): boolean {
  const value = owner[name]
  return name === 'content' && isJsonObject(value) && ('action' in owner || typeof value['type'] !== 'string')
}

/** What callers and tools wrote in a shape of their own. Files in it are decoded by whoever reads it, as in the protocol's own shape. */
function toDataPlace(start: Start): DataPlace {
  const dataPlace: DataPlace = (value, name = '') => {
    if (typeof value === 'string' && binaryKeys.has(name)) return binaryPlace(start)
    return {
      kind: 'Over',
      enter: (step) => dataPlace(toMember(value, step), String(step)),
      settle: () => maskEverywhere(start),
      knows: () => false,
    }
  }
  return dataPlace
}

function toMember(value: Json | undefined, step: string | number): Json | undefined {
  if (typeof step === 'number') return Array.isArray(value) ? value[step] : undefined
  return isJsonObject(value) && Object.hasOwn(value, step) ? value[step] : undefined
}

function stringAt(name: string, start: Start): Place | undefined {
  if (idKeys.has(name)) return idPlace(start)
  if (sealedKeys.has(name)) return sealedPlace(start)
  if (binaryKeys.has(name)) return binaryPlace(start)
  return name === 'src' ? linkPlace(start) : undefined
}
