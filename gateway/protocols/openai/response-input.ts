// One item of a request's input as facts: a message, a call of a tool, or what the tool gave. Items of a type that is not known here
// are refused; so are those that only point at what the model server has stored.
import type { JsonObject, MediaFacts, MessageFacts, ToolCallFacts } from '../../../policy/model.ts'
import { malformed, readList, readOptionalString, readString, toInput } from '../json/fields.ts'
import { isJsonObject } from '../json/strict-json.ts'
import { readMedia } from '../media/media.ts'
import { listRoleText } from './called.ts'
import type { Shape } from './gather.ts'
import { listText } from './gather.ts'
import type { Content, PartTypes } from './parts.ts'
import { assertPlainShape, readContent, readHolder } from './parts.ts'
import { toCall, toItemShape } from './response-items.ts'
import { toText } from './tool-calls.ts'

export interface ReadItem {
  readonly message?: MessageFacts
  readonly call?: ToolCallFacts
  readonly media: readonly MediaFacts[]
  /** Declared in the middle of the conversation. */
  readonly tools: readonly JsonObject[]
}

const partTypes: PartTypes = {
  input_text: 'text',
  output_text: 'text',
  text: 'text',
  reasoning_text: 'text',
  summary_text: 'text',
  refusal: 'refusal',
  input_image: undefined,
  input_file: undefined,
  input_audio: undefined,
}

/** Who speaks in items that name no role. */
const speakers: ReadonlyMap<string, string> = new Map([
  ...[
    'reasoning',
    'function_call',
    'custom_tool_call',
    'mcp_call',
    'mcp_approval_request',
    'tool_search_call',
    'web_search_call',
    'file_search_call',
    'computer_call',
    'local_shell_call',
    'shell_call',
    'apply_patch_call',
    'code_interpreter_call',
    'image_generation_call',
    'program',
  ].map((type) => [type, 'assistant'] as const),
  ...[
    'function_call_output',
    'custom_tool_call_output',
    'computer_call_output',
    'local_shell_call_output',
    'shell_call_output',
    'apply_patch_call_output',
    'tool_search_output',
    'program_output',
    'mcp_list_tools',
  ].map((type) => [type, 'tool'] as const),
  ['mcp_approval_response', 'user'],
  ['additional_tools', 'developer'],
  ['configuration_update', 'developer'],
])

const stored: ReadonlySet<string> = new Set(['item_reference', 'compaction', 'compaction_trigger'])

export function readItem(item: JsonObject): ReadItem {
  const type = readType(item)
  const role = type === 'message' ? readString(item, 'role') : speakers.get(type)
  if (role === undefined) throw malformed('An item of `input` has a type that is not known here.')
  const contents = readContents(item, type)
  const call = readCall(item)
  const texts = [
    ...contents.map(({ text }) => text),
    ...listText(item, toInputShape(item, type), assertPlainShape),
    ...(type === 'message' ? listRoleText(role) : []),
  ]
  const content = texts.filter((text) => text !== '').join('\n')
  const message = { role, content, name: '' }
  return {
    ...((type === 'message' || content !== '') && { message }),
    ...(call && { call }),
    media: contents.flatMap(({ media }) => media),
    tools: readList(item, 'tools'),
  }
}

/** A message need not say that it is one, but what has an id alone is one that the model server has stored. */
function readType(item: JsonObject): string {
  const type = readOptionalString(item, 'type') || (Object.hasOwn(item, 'content') ? 'message' : '')
  const isStored = stored.has(type) || type === '' || (type === 'message' && !Object.hasOwn(item, 'content'))
  if (!isStored) return type
  // SDKs may refer to items where they may expect them to be stored, which is how OpenAI's API has it unless it is told.
  throw malformed(
    'An item of `input` refers to what nobody here can judge; send the item itself, as SDKs do with `store: false`.',
  )
}

/** What is read apart from the texts of the item. */
const apart = { content: 'Skipped', summary: 'Skipped', tools: 'Skipped' } as const

function toInputShape(item: JsonObject, type: string): Shape {
  const shape = { ...toItemShape(item), ...apart }
  if (type === 'image_generation_call') return { ...shape, result: 'Skipped' }
  return hasParts(type) ? { ...shape, output: 'Skipped' } : shape
}

function hasParts(type: string): boolean {
  return type === 'function_call_output' || type === 'custom_tool_call_output' || type === 'computer_call_output'
}

function readContents(item: JsonObject, type: string): readonly Content[] {
  const said = [readContent(item['content'], partTypes), readContent(item['summary'], partTypes)]
  if (type === 'computer_call_output') return [...said, readScreenshot(item)]
  if (type === 'image_generation_call') return [...said, readImage(item)]
  return hasParts(type) ? [...said, readContent(item['output'], partTypes)] : said
}

function readScreenshot({ output = null }: JsonObject): Content {
  if (!isJsonObject(output)) throw malformed('`output` of a computer call must be a screenshot.')
  return readHolder(output)
}

const format = /^[a-z0-9.+-]{1,40}$/iu

/** With its id alone it would be one that the model server has stored. */
function readImage(item: JsonObject): Content {
  const data = readOptionalString(item, 'result')
  if (data === '') throw malformed('An image of `input` refers to what nobody here can judge; send the image itself.')
  const type = readOptionalString(item, 'output_format')
  if (type !== '' && !format.test(type)) throw malformed('`output_format` must be the name of one.')
  const { facts, text } = readMedia('result', `data:image/${type === '' ? 'png' : type};base64,${data}`)
  return { text: text ?? '', media: [facts] }
}

function readCall(item: JsonObject): ToolCallFacts | undefined {
  const call = toCall(item)
  if (call === undefined) return undefined
  const text = toText(call.input)
  return { id: call.id, name: call.name, arguments: text, input: toInput(text) }
}
