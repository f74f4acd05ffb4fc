// OpenAI's Responses: a conversation of typed items, all of it in the request. What stands elsewhere (an earlier response, a
// conversation, a template, a stored file) is refused, and so is what would be fetched later.
import type { InferenceFacts, Json, JsonObject } from '../../../policy/model.ts'
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
import { collectUnknownText } from '../json/known-keys.ts'
import { isJsonObject } from '../json/strict-json.ts'
import { listCallText } from './called.ts'
import { toMessage } from './completions.ts'
import { listText } from './gather.ts'
import { assertNothingHidden, hiddenKeys } from './hidden.ts'
import type { ReadItem } from './response-input.ts'
import { readItem } from './response-input.ts'
import { listToolText, readResponseTools } from './response-tools.ts'

/** Read into facts of their own. */
const interpreted = ['model', 'input', 'instructions', 'tools', 'stream', 'max_output_tokens', 'text']

/** Numbers, switches and names that steer a model; their strings are no part of the prompt. */
const parameters = [
  'access_programs',
  'image',
  'include',
  'max_tool_calls',
  'metadata',
  'moderation',
  'parallel_tool_calls',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'reasoning',
  'safety_identifier',
  'service_tier',
  'store',
  'stream_options',
  'temperature',
  'tool_choice',
  'top_logprobs',
  'top_p',
  'truncation',
  'user',
]

const elsewhere: ReadonlySet<string> = new Set([...hiddenKeys, 'prompt'])
const textKeys: ReadonlySet<string> = new Set([...interpreted, ...parameters, ...elsewhere, 'background'])
const notParameters: ReadonlySet<string> = new Set(['model', 'input', 'instructions', 'tools', 'stream'])

export function readResponse(body: JsonObject, model = readString(body, 'model')): InferenceFacts {
  assertPlainKeys(body, textKeys)
  assertNothingHidden(body, elsewhere)
  if (readFlag(body, 'background')) throw malformed('`background` is not supported: its answer could not be judged.')
  const instructions = readOptionalString(body, 'instructions')
  const items = readInput(body['input'])
  const declared = [...readList(body, 'tools'), ...items.flatMap(({ tools }) => tools)]
  const messages = [
    ...(instructions === '' ? [] : [{ ...toMessage(instructions), role: 'system' }]),
    ...items.flatMap(({ message }) => (message === undefined ? [] : [message])),
  ]
  const toolCalls = items.flatMap(({ call }) => (call === undefined ? [] : [call]))
  const others = [
    ...collectUnknownText(body, textKeys),
    ...toolCalls.flatMap(listCallText),
    ...listToolText(declared),
    ...listFormatText(body['text']),
  ]
  return {
    operation: 'responses',
    model,
    stream: readFlag(body, 'stream'),
    prompt: [...messages.map(({ content }) => content), ...others.filter((text) => text !== '')].join('\n'),
    messages,
    tools: readResponseTools(declared),
    toolCalls,
    media: items.flatMap(({ media }) => media),
    parameters: withoutKeys(body, notParameters),
    maxTokens: readCount(body, 'max_output_tokens'),
    body,
  }
}

function readInput(input: Json | undefined): readonly ReadItem[] {
  if (input === undefined || input === null) return []
  if (typeof input === 'string') return [{ message: toMessage(input), media: [], tools: [] }]
  if (!Array.isArray(input)) throw malformed('`input` must be text or a list of items.')
  return input.map((item: Json) => {
    if (!isJsonObject(item)) throw malformed('Every item of `input` must be an object.')
    return readItem(item)
  })
}

/** The form that the answer must have. */
function listFormatText(text: Json | undefined): readonly string[] {
  const formatShape = { type: 'Quiet', name: 'Text', description: 'Text', schema: 'Text', strict: 'Quiet' } as const
  return listText(text, { verbosity: 'Quiet', format: formatShape })
}
