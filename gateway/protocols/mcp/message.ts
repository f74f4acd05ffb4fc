// One JSON-RPC message of an MCP client: a request, a notification, or the answer to something that the server asked. Bytes to facts.
import type { InferenceFacts, Json, JsonObject, ToolCallFacts } from '../../../policy/model.ts'
import { GatewayError } from '../../errors.ts'
import { assertPlainKeys, malformed, readString, readText } from '../json/fields.ts'
import { freeKeys, gatherFields, gatherText } from '../json/gather-text.ts'
import { findConfusingKey } from '../json/known-keys.ts'
import { SourceJson } from '../json/source-json.ts'
import { isJsonObject, parseStrictJson } from '../json/strict-json.ts'
import { gatherBinaryText } from './binary-text.ts'
import { messageKeys, paramKeys, wire } from './keys.ts'
import { isNotification, isRequest } from './methods.ts'

export type MessageId = string | number

export interface Message {
  /** Absent for notifications and for answers, which get no answer themselves. */
  readonly id?: MessageId
  /** Empty for answers. */
  readonly method: string
  readonly params: JsonObject
  readonly facts: InferenceFacts
}

export function readMessage(bytes: Uint8Array): Message {
  const text = readText(bytes)
  const body = parseMessage(text)
  if ('result' in body || 'error' in body) return readAnswer(body)
  const method = readString(body, 'method')
  const params = readParams(body)
  const id = readId(body, method)
  const call = method === 'tools/call' ? [toToolCall(id, params, new SourceJson(text))] : []
  const facts = {
    ...toFacts(method, params, body),
    stream: method === 'subscriptions/listen',
    toolCalls: call,
  }
  return { method, params, facts, ...(id === undefined ? {} : { id }) }
}

function parseMessage(text: string): JsonObject {
  const parsed = parseStrictJson(text)
  if ('refused' in parsed) throw malformed(parsed.refused)
  const { value } = parsed
  if (Array.isArray(value)) throw malformed('Batches of messages are not supported; send one message per request.')
  if (!isJsonObject(value)) throw malformed('The body must be one JSON-RPC message.')
  assertPlainKeys(value, messageKeys)
  if (value['jsonrpc'] !== '2.0') throw malformed('`jsonrpc` must be "2.0".')
  return value
}

/** What the caller says to a request of the server: the words of a person or of a model. */
function readAnswer(body: JsonObject): Message {
  if ('method' in body || ('result' in body && 'error' in body)) {
    throw malformed('A message is a request, a result or an error, and only one of them.')
  }
  toId(body['id'])
  const said = body['result'] ?? body['error'] ?? null
  if (!isJsonObject(said)) throw malformed('`result` and `error` must be objects.')
  return { method: '', params: said, facts: toFacts('response', said, body) }
}

/** What is known is known as one of both: a call that wants no answer would be one that nobody sees. */
function readId(body: JsonObject, method: string): MessageId | undefined {
  if (isNotification(method)) {
    if ('id' in body) throw malformed('A notification must not have an `id`.')
    return undefined
  }
  if (!isRequest(method)) {
    throw new GatewayError(
      'operation_not_supported',
      'This JSON-RPC method is not one that MCP clients are known to call.',
    )
  }
  return toId(body['id'])
}

const maxIdLength = 256

function toId(id: Json | undefined): MessageId {
  const isGood = typeof id === 'string' ? id.length <= maxIdLength : Number.isSafeInteger(id)
  if (isGood && (typeof id === 'string' || typeof id === 'number')) return id
  throw malformed(`\`id\` must be a whole number or a string of at most ${maxIdLength} characters.`)
}

function readParams(body: JsonObject): JsonObject {
  const params = body['params'] ?? {}
  if (!isJsonObject(params)) throw malformed('`params` must be an object.')
  assertPlainKeys(params, paramKeys)
  return params
}

const dataKeys: ReadonlySet<string> = new Set(['arguments'])

function toFacts(operation: string, params: JsonObject, body: JsonObject): InferenceFacts {
  return {
    operation,
    model: '',
    stream: false,
    prompt: [
      ...gatherFields(params, wire, dataKeys),
      ...gatherText(params['arguments'], freeKeys),
      ...gatherBinaryText(params),
    ].join('\n'),
    tools: [],
    toolCalls: [],
    parameters: params,
    body,
  }
}

function toToolCall(id: MessageId | undefined, params: JsonObject, source: SourceJson): ToolCallFacts {
  const input = params['arguments'] ?? {}
  if (!isJsonObject(input)) throw malformed('`arguments` of a tool call must be an object.')
  assertNoTwins(input)
  return {
    id: String(id),
    name: readString(params, 'name'),
    arguments: 'arguments' in params ? source.write(input, ['params', 'arguments']) : '{}',
    input,
  }
}

const noKeys: ReadonlySet<string> = new Set()

/** Of two keys that differ in case alone the rule would read one, and a tool written in Go the other. */
function assertNoTwins(value: Json): void {
  if (typeof value !== 'object' || value === null) return
  if (isJsonObject(value) && findConfusingKey(value, noKeys) !== undefined) {
    throw malformed('Two keys of `arguments` differ in case alone; some tools would read the one, some the other.')
  }
  for (const item of Object.values(value)) assertNoTwins(item)
}
