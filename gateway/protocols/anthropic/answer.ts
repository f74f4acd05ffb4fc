// Anthropic's answers as facts: messages whole and streamed, counts, lists of models, and errors of any shape.
import type { Json, JsonObject, ResponseFacts, ToolCallFacts, Usage } from '../../../policy/model.ts'
import { isEventStream, readAnswerBody } from '../json/answer-json.ts'
import { gatherText } from '../json/gather-text.ts'
import { maskJsonBytes } from '../json/mask-body.ts'
import { SourceJson } from '../json/source-json.ts'
import { isJsonObject } from '../json/strict-json.ts'
import type { AnswerFormat, AnswerHead } from '../protocol.ts'
import { callTypes } from './content.ts'
import { wire } from './keys.ts'
import { answerPlace } from './places.ts'
import { openMessageMask } from './stream-mask.ts'
import { MessageStream } from './stream.ts'
import { mergeUsage, toUsage } from './usage.ts'

export const anthropicAnswer: AnswerFormat = {
  readWhole,
  openStream: (head) => (isEventStream(head) ? new MessageStream(head.status) : undefined),
  maskWhole: (head, bytes, masks) => {
    const { json } = readAnswerBody(head, bytes)
    return maskJsonBytes(bytes, answerPlace(json, masks.start), masks)
  },
  openMask: (head, masks) => (isEventStream(head) ? openMessageMask(masks) : undefined),
}

function readWhole(head: AnswerHead, bytes: Uint8Array): ResponseFacts {
  const { text, json } = readAnswerBody(head, bytes)
  const base = { status: head.status, toolCalls: [], finishReason: '', body: json ?? null }
  if (json === undefined) return { ...base, text }
  if (!isJsonObject(json)) return { ...base, text: gatherText(json, wire).join('\n') }
  return { ...base, ...readMessage(json, new SourceJson(text)) }
}

type MessageFacts = Pick<ResponseFacts, 'text' | 'toolCalls' | 'finishReason' | 'usage'>

function readMessage(message: JsonObject, source: SourceJson): MessageFacts {
  const { content, ...others } = message
  const blocks: readonly Json[] = Array.isArray(content) ? content : []
  const usage: Usage | undefined = toUsage(mergeUsage({}, message['usage']))
  const reason = message['stop_reason']
  const said = Array.isArray(content) ? blocks.flatMap(readBlock) : gatherText(content, wire)
  return {
    text: [...said, ...gatherText(others, wire)].join('\n'),
    toolCalls: blocks.flatMap((block, i) => (isCall(block) ? [toToolCall(block, source, i)] : [])),
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

function toToolCall({ id, name, input = null }: JsonObject, source: SourceJson, i: number): ToolCallFacts {
  return {
    id: typeof id === 'string' ? id : '',
    name: typeof name === 'string' ? name : '',
    arguments: source.write(input, ['content', i, 'input']),
    input,
  }
}
