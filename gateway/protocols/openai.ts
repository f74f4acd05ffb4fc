// OpenAI's chat completions: bytes to facts, and the body that goes on. Everything that holds text a model would read is looked
// at; a shape that is not known here is refused, because text could hide in it.
import type { InferenceFacts, Json, JsonObject, MessageFacts, ToolCallFacts, ToolFacts } from '../../policy/model.ts'
import { GatewayError } from '../errors.ts'
import { bodyKeys, collectUnknownText, findConfusingKey, innerKeys, messageKeys } from './known-keys.ts'
import { findTopLevelString, isJsonObject, parseStrictJson } from './strict-json.ts'

export type OpenAIOperation = 'chat.completions'

/** With or without the `/v1` that SDKs keep in their base URL. */
const operations: Readonly<Record<string, OpenAIOperation>> = {
  '/v1/chat/completions': 'chat.completions',
  '/chat/completions': 'chat.completions',
}

export function findOperation(method: string, path: string): OpenAIOperation {
  const operation = Object.hasOwn(operations, path) ? operations[path] : undefined
  if (operation === undefined || method !== 'POST') {
    throw new GatewayError(
      'operation_not_supported',
      'This connection offers POST /v1/chat/completions and nothing else yet.',
    )
  }
  return operation
}

/** What follows the endpoint's base path, which ends in the version: `/v1`, unless its URL says otherwise. */
export function toUpstreamPath(operation: OpenAIOperation): string {
  return `/${operation.replaceAll('.', '/')}`
}

export function readRequest(operation: OpenAIOperation, text: string): InferenceFacts {
  const parsed = parseStrictJson(text)
  if ('refused' in parsed) throw malformed(parsed.refused)
  const body = parsed.value
  if (!isJsonObject(body)) throw malformed('The body must be a JSON object.')
  assertPlainKeys(body, bodyKeys)
  const messages = readMessages(body['messages'])
  return {
    operation,
    model: readString(body, 'model'),
    stream: readStream(body['stream']),
    prompt: [...messages.map(({ content }) => content), ...collectUnknownText(body, bodyKeys)].join('\n'),
    messages,
    tools: readTools(body),
    toolCalls: readToolCalls(body['messages']),
    parameters: toParameters(body),
    maxTokens: readMaxTokens(body),
    body,
  }
}

/** The same body with another model name; every other byte stays. */
export function withModel(text: string, model: string): string {
  const span = findTopLevelString(text, 'model')
  if (span === undefined) throw malformed('`model` must be a string.')
  return text.slice(0, span.start) + JSON.stringify(model) + text.slice(span.end)
}

function readMessages(value: Json | undefined): readonly MessageFacts[] {
  if (!Array.isArray(value) || value.length === 0)
    throw malformed('`messages` must be a list with at least one message.')
  return value.map((message: Json) => {
    if (!isJsonObject(message)) throw malformed('Every message must be an object.')
    assertPlainKeys(message, messageKeys)
    return {
      role: readString(message, 'role'),
      content: readContent(message),
      name: readOptionalString(message, 'name'),
    }
  })
}

function readContent(message: JsonObject): string {
  const refusal = message['refusal'] === undefined ? '' : readText(message['refusal'])
  // Reasoning, citations, a vendor's context: whatever it is, the model may read it.
  const others = collectUnknownText(message, messageKeys)
  return [readText(message['content']), refusal, ...others].filter((text) => text !== '').join('\n')
}

function readText(value: Json | undefined): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  if (!Array.isArray(value)) throw malformed('The content of a message must be text or a list of parts.')
  return value.map(readPart).join('\n')
}

const mediaParts = new Set(['image_url', 'input_audio', 'file'])

function readPart(part: Json): string {
  if (!isJsonObject(part)) throw malformed('Every part of a message must be an object.')
  assertPlainKeys(part, innerKeys)
  const type = readString(part, 'type')
  const isText = type === 'text' || type === 'refusal'
  if (!isText && !mediaParts.has(type)) throw malformed('A message has a part of a type that is not known here.')
  return joinText(isText ? readString(part, type) : '', collectUnknownText(part, new Set(['type', type])))
}

function readTools(body: JsonObject): readonly ToolFacts[] {
  return [
    ...readList(body, 'tools').map(readTool),
    ...readList(body, 'functions').map((one) => toTool('function', one)),
  ]
}

function readTool(tool: JsonObject): ToolFacts {
  assertPlainKeys(tool, innerKeys)
  const type = readString(tool, 'type')
  assertOneDeclaration(tool, type)
  if (type === 'function' || type === 'custom') return toTool(type, readOwn(tool, type))
  // A vendor's own: what it says is shown as its description.
  return { type, name: '', description: collectUnknownText(tool, new Set(['type'])).join('\n') }
}

function toTool(type: string, declared: JsonObject): ToolFacts {
  assertPlainKeys(declared, innerKeys)
  return { type, name: readString(declared, 'name'), description: readOptionalString(declared, 'description') }
}

function readToolCalls(messages: Json | undefined): readonly ToolCallFacts[] {
  const calls: ToolCallFacts[] = []
  for (const message of Array.isArray(messages) ? messages : []) {
    if (!isJsonObject(message)) continue
    for (const call of readList(message, 'tool_calls')) calls.push(toToolCall(call))
    const legacy = message['function_call'] ?? null
    if (isJsonObject(legacy)) calls.push(toToolCall({ id: '', type: 'function', function: legacy }))
    else if (legacy !== null) throw malformed('`function_call` of a message must be an object.')
  }
  return calls
}

/** Some servers look at the type, some at what is there: of two declarations each would take another one. */
function assertOneDeclaration(entry: JsonObject, type: string): void {
  for (const other of ['function', 'custom']) {
    if (other === type || (entry[other] ?? null) === null) continue
    throw malformed('A tool or tool call declares something else than its type says.')
  }
}

const callKeys: ReadonlySet<string> = new Set(['id', 'type', 'index', 'function', 'custom'])

function toToolCall(call: JsonObject): ToolCallFacts {
  assertPlainKeys(call, innerKeys)
  const type = readString(call, 'type')
  if (type !== 'function' && type !== 'custom') throw malformed('A tool call has a type that is not known here.')
  assertOneDeclaration(call, type)
  const declared = readOwn(call, type)
  assertPlainKeys(declared, innerKeys)
  const input = type === 'custom' ? 'input' : 'arguments'
  const others = [...collectUnknownText(call, callKeys), ...collectUnknownText(declared, new Set(['name', input]))]
  return {
    id: readOptionalString(call, 'id'),
    name: readString(declared, 'name'),
    arguments: joinText(readOptionalString(declared, input), others),
  }
}

function joinText(text: string, others: readonly string[]): string {
  return others.length === 0 ? text : [text, ...others].join('\n')
}

/** Of an object that is looked at key by key; what a schema or a vendor's data holds is not. */
const maxKeys = 500

function assertPlainKeys(object: JsonObject, known: ReadonlySet<string>): void {
  if (Object.keys(object).length > maxKeys) throw malformed(`One object has more than ${maxKeys} keys.`)
  const confusing = findConfusingKey(object, known)
  if (confusing === undefined) return
  const which = known.has(confusing) ? `\`${confusing}\` is written in another way` : 'Two keys differ in case alone'
  throw malformed(`${which}; some servers would read it, others would not.`)
}

const notParameters = new Set(['model', 'messages', 'tools', 'functions', 'stream'])

function toParameters(body: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([key]) => !notParameters.has(key)))
}

/** What the caller allows the model to say, 0 where nothing is said. The larger of the two names: a limit must not be dodged. */
function readMaxTokens(body: JsonObject): number {
  return Math.max(readCount(body, 'max_tokens'), readCount(body, 'max_completion_tokens'))
}

function readCount(body: JsonObject, key: string): number {
  const value = body[key] ?? 0
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw malformed(`\`${key}\` must be a whole number.`)
  }
  return value
}

function readStream(value: Json | undefined): boolean {
  if (value === undefined || value === null) return false
  if (typeof value !== 'boolean') throw malformed('`stream` must be true or false.')
  return value
}

function readList(from: JsonObject, key: string): readonly JsonObject[] {
  const value = from[key] ?? []
  if (!Array.isArray(value) || !value.every(isJsonObject)) throw malformed(`\`${key}\` must be a list of objects.`)
  return value
}

function readOwn(from: JsonObject, key: string): JsonObject {
  const value = Object.hasOwn(from, key) ? from[key] : undefined
  if (!isJsonObject(value)) throw malformed(`\`${key}\` must be an object.`)
  return value
}

function readString(from: JsonObject, key: string): string {
  const value = from[key]
  if (typeof value !== 'string') throw malformed(`\`${key}\` must be a string.`)
  return value
}

function readOptionalString(from: JsonObject, key: string): string {
  const value = from[key] ?? ''
  if (typeof value !== 'string') throw malformed(`\`${key}\` must be a string.`)
  return value
}

function malformed(message: string): GatewayError {
  return new GatewayError('body_malformed', message)
}
