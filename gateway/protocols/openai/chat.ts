// OpenAI's chat completions: bytes to facts, and the body that goes on. Everything that holds text a model would read is looked
// at; a shape that is not known here is refused, because text could hide in it.
import type {
  InferenceFacts,
  Json,
  JsonObject,
  MediaFacts,
  MessageFacts,
  ToolCallFacts,
  ToolFacts,
} from '../../../policy/model.ts'
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
import { listCallText, listRoleText } from './called.ts'
import type { Shape } from './gather.ts'
import { listText } from './gather.ts'
import { assertNothingHidden, hiddenKeys } from './hidden.ts'
import type { PartTypes } from './parts.ts'
import { readContent } from './parts.ts'

export function readChat(body: JsonObject, model = readString(body, 'model')): InferenceFacts {
  assertPlainKeys(body, knownKeys)
  assertNothingHidden(body)
  const messages = readMessages(body['messages'])
  const toolCalls = readToolCalls(body['messages'])
  return {
    operation: 'chat.completions',
    model,
    stream: readFlag(body, 'stream'),
    prompt: [...messages.map(({ facts }) => facts.content), ...listOtherText(body, { messages, toolCalls })].join('\n'),
    messages: messages.map(({ facts }) => facts),
    tools: readTools(body),
    toolCalls,
    media: messages.flatMap(({ media }) => media),
    parameters: withoutKeys(body, notParameters),
    maxTokens: readMaxTokens(body),
    choices: Math.max(1, readCount(body, 'n')),
    body,
  }
}

const knownKeys: ReadonlySet<string> = new Set([...bodyKeys, ...hiddenKeys])

interface ReadMessage {
  readonly facts: MessageFacts
  readonly media: readonly MediaFacts[]
}

/** What a model reads beside the contents: names, its own earlier calls, what it may call, what form its answer must have. */
function listOtherText(
  body: JsonObject,
  { messages, toolCalls }: { readonly messages: readonly ReadMessage[]; readonly toolCalls: readonly ToolCallFacts[] },
): readonly string[] {
  return [
    ...collectUnknownText(body, bodyKeys),
    ...messages.map(({ facts }) => facts.name),
    ...toolCalls.flatMap(listCallText),
    ...listText(body['tools'], toolShape),
    ...listText(body['functions'], declaredShape),
    ...listText(body['response_format'], formatShape),
    ...listText(body['prediction'], { type: 'Quiet', content: { type: 'Quiet', text: 'Text' } }),
    ...listText(body['web_search_options'], 'Quiet'),
  ].filter((text) => text !== '')
}

function readMessages(value: Json | undefined): readonly ReadMessage[] {
  if (!Array.isArray(value) || value.length === 0)
    throw malformed('`messages` must be a list with at least one message.')
  return value.map((message: Json) => {
    if (!isJsonObject(message)) throw malformed('Every message must be an object.')
    return readMessage(message)
  })
}

const partTypes: PartTypes = {
  text: 'text',
  refusal: 'refusal',
  image_url: undefined,
  input_audio: undefined,
  file: undefined,
}

function readMessage(message: JsonObject): ReadMessage {
  assertPlainKeys(message, messageKeys)
  if ((message['audio'] ?? null) !== null) {
    throw malformed('`audio` of a message refers to a sound that nobody here can judge; send its transcript.')
  }
  const content = readContent(message['content'], partTypes)
  const refusal = readContent(message['refusal'], partTypes)
  // Reasoning, citations, a vendor's context: whatever it is, the model may read it.
  const role = readString(message, 'role')
  const names = [...listRoleText(role), ...listText(message['tool_call_id'], 'Quiet')]
  const texts = [content.text, refusal.text, ...collectUnknownText(message, messageKeys), ...names]
  return {
    facts: {
      role,
      content: texts.filter((text) => text !== '').join('\n'),
      name: readOptionalString(message, 'name'),
    },
    media: [...content.media, ...refusal.media],
  }
}

const declaredShape: Shape = {
  name: 'Text',
  description: 'Text',
  parameters: 'Text',
  strict: 'Quiet',
  format: { type: 'Quiet', grammar: { syntax: 'Quiet', definition: 'Text' } },
}

const toolShape: Shape = { type: 'Quiet', function: declaredShape, custom: declaredShape }

const formatShape: Shape = {
  type: 'Quiet',
  json_schema: { name: 'Text', description: 'Text', schema: 'Text', strict: 'Quiet' },
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
