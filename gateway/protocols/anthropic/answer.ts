// Anthropic's answers as facts: messages whole and streamed, counts, lists of models, and errors of any shape.
import type { Json, JsonObject, ResponseFacts, ToolCallFacts, Usage } from '../../../policy/model.ts'
import { isEventStream, readAnswerBody } from '../json/answer-json.ts'
import { gatherText } from '../json/gather-text.ts'
import { isJsonObject } from '../json/strict-json.ts'
import type { AnswerFormat, AnswerHead } from '../protocol.ts'
import { callTypes } from './content.ts'
import { wire } from './keys.ts'
import { MessageStream } from './stream.ts'
import { mergeUsage, toUsage } from './usage.ts'

export const anthropicAnswer: AnswerFormat = {
  readWhole,
  openStream: (head) => (isEventStream(head) ? new MessageStream(head.status) : undefined),
}

function readWhole(head: AnswerHead, bytes: Uint8Array): ResponseFacts {
  const read = readAnswerBody(head, bytes)
  const body = 'json' in read ? read.json : null
  const { status } = head
  const base = { status, toolCalls: [], finishReason: '', body }
  if ('text' in read) return { ...base, text: read.text }
  if (!isJsonObject(read.json)) return { ...base, text: gatherText(read.json, wire).join('\n') }
  return { ...base, ...readMessage(read.json) }
}

function readMessage(message: JsonObject): Pick<ResponseFacts, 'text' | 'toolCalls' | 'finishReason' | 'usage'> {
  const { content, ...others } = message
  const blocks: readonly Json[] = Array.isArray(content) ? content : [content ?? null]
  const usage: Usage | undefined = toUsage(mergeUsage({}, message['usage']))
  const reason = message['stop_reason']
  return {
    text: [...blocks.flatMap(readBlock), ...gatherText(others, wire)].join('\n'),
    toolCalls: blocks.flatMap((block) => (isCall(block) ? [toToolCall(block)] : [])),
    finishReason: typeof reason === 'string' ? reason : '',
    ...(usage === undefined ? {} : { usage }),
  }
}

function isCall(block: Json): block is JsonObject {
  return isJsonObject(block) && typeof block['type'] === 'string' && callTypes.has(block['type'])
}

/** What a call is made with stands in the call. */
function readBlock(block: Json): readonly string[] {
  return gatherText(isCall(block) ? { ...block, input: null } : block, wire)
}

function toToolCall({ id, name, input = null }: JsonObject): ToolCallFacts {
  return {
    id: typeof id === 'string' ? id : '',
    name: typeof name === 'string' ? name : '',
    arguments: JSON.stringify(input),
    input,
  }
}
