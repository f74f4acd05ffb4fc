// Anthropic's messages: bytes to facts. All that a model would read counts as prompt: instructions, the conversation, what tools
// were called with and what they gave, and how tools and answers are described.
import type { InferenceFacts, Json, JsonObject, MessageFacts, ToolFacts } from '../../../policy/model.ts'
import {
  assertPlainKeys,
  malformed,
  readCount,
  readFlag,
  readList,
  readOptionalString,
  readString,
  withoutKeys,
} from '../json/fields.ts'
import type { WireKeys } from '../json/gather-text.ts'
import { freeKeys, gatherFields, gatherText } from '../json/gather-text.ts'
import { SourceJson } from '../json/source-json.ts'
import { isJsonObject } from '../json/strict-json.ts'
import { ContentReader } from './content.ts'
import { bodyKeys, innerKeys, silentKeys, unjudgeable, wire } from './keys.ts'

/** `text` is what `body` was parsed from. */
export function readMessages(operation: string, text: string, body: JsonObject): InferenceFacts {
  assertPlainKeys(body, bodyKeys)
  assertJudgeable(body)
  const reader = new ContentReader(new SourceJson(text))
  const messages = [...readSystem(reader, body['system']), ...readConversation(reader, body['messages'])]
  const tools = readList(body, 'tools')
  const toolFacts = tools.map(readTool)
  return {
    operation,
    model: readString(body, 'model'),
    stream: readFlag(body, 'stream'),
    prompt: [
      ...messages.map(({ content }) => content),
      ...reader.toolCalls.flatMap(({ name, input }) => [name, ...gatherText(input, freeKeys)]),
      ...tools.flatMap(listToolText),
      ...formKeys.flatMap((key) => gatherText(body[key], schemaWords)),
      ...gatherFields(body, wire, gatheredApart),
    ]
      .filter((part) => part !== '')
      .join('\n'),
    messages,
    tools: toolFacts,
    toolCalls: reader.toolCalls,
    media: reader.media,
    parameters: withoutKeys(body, notParameters),
    maxTokens: readCount(body, 'max_tokens'),
    body,
  }
}

const formKeys = ['output_config', 'output_format']
const gatheredApart: ReadonlySet<string> = new Set([...silentKeys, ...formKeys])

/** In a schema the caller chose every value, whatever the key would mean elsewhere. */
const schemaWords: WireKeys = {
  structure: new Set(),
  sealed: new Set(),
  known: new Set([...wire.known, ...wire.structure, ...wire.sealed]),
  numbers: false,
}
const schemaKeys: ReadonlySet<string> = new Set(['input_schema', 'input_examples'])

function listToolText(tool: JsonObject): readonly string[] {
  return [
    readOptionalString(tool, 'name'),
    ...gatherFields(tool, wire, schemaKeys),
    ...[...schemaKeys].flatMap((key) => gatherText(tool[key], schemaWords)),
  ]
}

const notParameters: ReadonlySet<string> = new Set(['model', 'messages', 'system', 'tools', 'stream'])

function assertJudgeable(body: JsonObject): void {
  for (const [key, why] of unjudgeable) {
    const value = Object.hasOwn(body, key) ? body[key] : null
    if (value === null || (Array.isArray(value) && value.length === 0)) continue
    throw malformed(`\`${key}\` ${why}.`)
  }
}

/** The instructions stand first, as a message of the role that they have. */
function readSystem(reader: ContentReader, system: Json | undefined): readonly MessageFacts[] {
  const texts = reader.read(system, ['system'])
  return texts.length === 0 ? [] : [toMessage('system', texts)]
}

function readConversation(reader: ContentReader, value: Json | undefined): readonly MessageFacts[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw malformed('`messages` must be a list with at least one message.')
  }
  return value.map((message: Json, i) => {
    if (!isJsonObject(message)) throw malformed('Every message must be an object.')
    assertPlainKeys(message, innerKeys)
    const texts = reader.read(message['content'], ['messages', i, 'content'])
    const role = readString(message, 'role')
    return toMessage(role, [...texts, ...gatherFields(message, wire, messageKeys), ...(roles.has(role) ? [] : [role])])
  })
}

/** Servers that take any role write it before the message; one of a caller's own making is a text like any other. */
export const roles: ReadonlySet<string> = new Set(['user', 'assistant', 'system'])
const messageKeys: ReadonlySet<string> = new Set(['role', 'content'])

function toMessage(role: string, texts: readonly string[]): MessageFacts {
  return { role, content: texts.filter((text) => text !== '').join('\n'), name: '' }
}

/** Tools of the model server that reach further than one request can show. */
const refusedTools = /^(?:mcp_|advisor)/u

function readTool(tool: JsonObject): ToolFacts {
  assertPlainKeys(tool, innerKeys)
  const type = readOptionalString(tool, 'type') || 'custom'
  if (refusedTools.test(type)) {
    throw malformed('A tool lets the model talk to another server or model unseen; that cannot be judged here.')
  }
  const name = readOptionalString(tool, 'name')
  if (type === 'custom') return { type, name, description: readOptionalString(tool, 'description') }
  // The model server's own: what is said to it is shown as its description.
  return { type, name, description: gatherFields(tool, wire, toolKeys).join('\n') }
}

const toolKeys: ReadonlySet<string> = new Set(['type', 'name'])
