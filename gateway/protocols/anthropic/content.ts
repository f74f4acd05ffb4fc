// The content of a message, block by block: what a model would read of it, what it carries that is no text, which tools it calls.
// A block of a type that is not known here is refused, because text could hide in it.
import type { Json, JsonObject, MediaFacts, ToolCallFacts } from '../../../policy/model.ts'
import { assertPlainKeys, malformed, readOptionalString, readString } from '../json/fields.ts'
import { gatherFields, gatherText } from '../json/gather-text.ts'
import type { JsonPath, SourceJson } from '../json/source-json.ts'
import { isJsonObject } from '../json/strict-json.ts'
import { readMedia } from '../media/media.ts'
import { innerKeys, wire } from './keys.ts'

/** Besides those that have a reader below: of what tools of the model server gave, which later turns bring back. */
const plainTypes: ReadonlySet<string> = new Set([
  'bash_code_execution_output',
  'bash_code_execution_result',
  'bash_code_execution_tool_result',
  'bash_code_execution_tool_result_error',
  'browser_state',
  'code_execution_output',
  'code_execution_result',
  'code_execution_tool_result',
  'code_execution_tool_result_error',
  'compaction',
  'encrypted_code_execution_result',
  'redacted_thinking',
  'search_result',
  'text',
  'text_editor_code_execution_create_result',
  'text_editor_code_execution_str_replace_result',
  'text_editor_code_execution_tool_result',
  'text_editor_code_execution_tool_result_error',
  'text_editor_code_execution_view_result',
  'thinking',
  'tool_reference',
  'tool_result',
  'tool_search_tool_result',
  'tool_search_tool_result_error',
  'tool_search_tool_search_result',
  'web_fetch_result',
  'web_fetch_tool_result',
  'web_fetch_tool_result_error',
  'web_search_result',
  'web_search_tool_result',
  'web_search_tool_result_error',
])

export const callTypes: ReadonlySet<string> = new Set(['tool_use', 'server_tool_use'])
const mediaTypes: ReadonlySet<string> = new Set(['image', 'document'])
export const blockTypes: ReadonlySet<string> = new Set([...plainTypes, ...callTypes, ...mediaTypes])
/** Blocks that say which file a tool has written, without bringing it in. */
const outputTypes: ReadonlySet<string> = new Set(['code_execution_output', 'bash_code_execution_output'])

const contentKey: ReadonlySet<string> = new Set(['content'])
const callKeys: ReadonlySet<string> = new Set(['input'])
const mediaKeys: ReadonlySet<string> = new Set(['source'])

/** Reads one request; what it finds besides text is kept in the order of the conversation. */
export class ContentReader {
  readonly #source: SourceJson
  readonly #media: MediaFacts[] = []
  readonly #toolCalls: ToolCallFacts[] = []

  constructor(source: SourceJson) {
    this.#source = source
  }

  get media(): readonly MediaFacts[] {
    return this.#media
  }

  get toolCalls(): readonly ToolCallFacts[] {
    return this.#toolCalls
  }

  /** Text, one block, or a list of blocks. Absent or null: nothing. */
  read(content: Json | undefined, path: JsonPath): readonly string[] {
    if (content === undefined || content === null) return []
    if (typeof content === 'string') return [content]
    if (isJsonObject(content)) return this.#readBlock(content, path)
    if (!Array.isArray(content)) throw malformed('The content of a message must be text or a list of blocks.')
    return content.flatMap((block: Json, i) => {
      if (!isJsonObject(block)) throw malformed('Every block of a message must be an object.')
      return this.#readBlock(block, [...path, i])
    })
  }

  #readBlock(block: JsonObject, path: JsonPath): readonly string[] {
    assertPlainKeys(block, innerKeys)
    const type = readString(block, 'type')
    assertNoStoredFile(block, type)
    if (callTypes.has(type)) return this.#readCall(block, path)
    if (mediaTypes.has(type)) return this.#readMedia(block, type, path)
    if ((block['tool_changes'] ?? null) !== null) throw malformed('A block changes the tools; send them in `tools`.')
    if (!plainTypes.has(type)) throw malformed('A message has a block of a type that is not known here.')
    if (type === 'text') readString(block, 'text')
    return [...this.read(block['content'], [...path, 'content']), ...gatherFields(block, wire, contentKey)]
  }

  #readCall(block: JsonObject, path: JsonPath): readonly string[] {
    const input = block['input'] ?? null
    this.#toolCalls.push({
      id: readOptionalString(block, 'id'),
      name: readString(block, 'name'),
      arguments: this.#source.write(input, [...path, 'input']),
      input,
    })
    return gatherFields(block, wire, callKeys)
  }

  #readMedia(block: JsonObject, type: string, path: JsonPath): readonly string[] {
    const source = block['source']
    if (!isJsonObject(source)) throw malformed('`source` of an image or document must be an object.')
    const others = gatherFields(block, wire, mediaKeys)
    return [...this.#readSource(source, type, [...path, 'source']), ...others]
  }

  #readSource(source: JsonObject, name: string, path: JsonPath): readonly string[] {
    assertPlainKeys(source, innerKeys)
    const kind = readString(source, 'type')
    assertNoStoredFile(source, kind)
    if (kind === 'text') return gatherText(source, wire)
    if (kind === 'content') {
      return [...this.read(source['content'], [...path, 'content']), ...gatherFields(source, wire, contentKey)]
    }
    const key = kind === 'base64' ? 'data' : kind
    if (key !== 'data' && key !== 'url') throw malformed('A source is of a type that is not known here.')
    const { facts, text } = readMedia(name, toUrl(source, kind))
    this.#media.push(facts)
    return [...(text === undefined ? [] : [text]), ...gatherFields(source, wire, new Set([key]))]
  }
}

const mediaType = /^[a-z0-9.+-]{1,64}\/[a-z0-9.+-]{1,64}$/iu

function toUrl(source: JsonObject, kind: string): string {
  if (kind === 'url') {
    const url = readString(source, 'url')
    if (/^data:/iu.test(url)) throw malformed('A source of type url must not be a data: URL.')
    return url
  }
  const type = readString(source, 'media_type')
  if (!mediaType.test(type)) throw malformed('`media_type` is not a media type.')
  return `data:${type};base64,${readString(source, 'data')}`
}

/** A file that is stored at the model server is read by the model and by nobody here. */
function assertNoStoredFile(object: JsonObject, type: string): void {
  const isNamed = (object['file_id'] ?? null) !== null && !outputTypes.has(type)
  if (!isNamed && type !== 'file' && type !== 'container_upload') return
  throw malformed('A stored file cannot be judged here; send what is in it.')
}
