// OpenAI's chat completions: bytes to facts, and the body that goes on. Everything that holds text a model would read is looked
// at; a shape that is not known here is refused, because text could hide in it.
import type { InferenceFacts, Json, JsonObject, MessageFacts, ToolCallFacts, ToolFacts } from '../../../policy/model.ts'
import {
  assertPlainKeys,
  joinText,
  malformed,
  readCount,
  readFlag,
  readList,
  readObject,
  readOptionalString,
  readString,
  toInput,
  withoutKeys,
} from '../json/fields.ts'
import { bodyKeys, collectUnknownText, innerKeys, messageKeys } from '../json/known-keys.ts'
import { isJsonObject } from '../json/strict-json.ts'

export function readChat(body: JsonObject): InferenceFacts {
  assertPlainKeys(body, bodyKeys)
  const messages = readMessages(body['messages'])
  return {
    operation: 'chat.completions',
    model: readString(body, 'model'),
    stream: readFlag(body, 'stream'),
    prompt: [...messages.map(({ content }) => content), ...collectUnknownText(body, bodyKeys)].join('\n'),
    messages,
    tools: readTools(body),
    toolCalls: readToolCalls(body['messages']),
    media: [],
    parameters: withoutKeys(body, notParameters),
    maxTokens: readMaxTokens(body),
    body,
  }
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
  if (type === 'function' || type === 'custom') return toTool(type, readObject(tool, type))
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
  const declared = readObject(call, type)
  assertPlainKeys(declared, innerKeys)
  const input = type === 'custom' ? 'input' : 'arguments'
  const text = readOptionalString(declared, input)
  const others = [...collectUnknownText(call, callKeys), ...collectUnknownText(declared, new Set(['name', input]))]
  return {
    id: readOptionalString(call, 'id'),
    name: readString(declared, 'name'),
    arguments: joinText(text, others),
    input: toInput(text),
  }
}

const notParameters: ReadonlySet<string> = new Set(['model', 'messages', 'tools', 'functions', 'stream'])

/** What the caller allows the model to say, 0 where nothing is said. The larger of the two names: a limit must not be dodged. */
function readMaxTokens(body: JsonObject): number {
  return Math.max(readCount(body, 'max_tokens'), readCount(body, 'max_completion_tokens'))
}
