// Requests of OpenAI's API under a mask: everything that a model may read, and whatever nobody here knows. What stays is what the
// readers took for more than a text: the model, words of the API, numbers and switches that steer, binaries.
import type { Place } from '../../../../policy/masking/framing/place.ts'
import type { TextMasks } from '../../../../policy/masking/text-masks.ts'
import { Places, type MaskShape } from './place.ts'

const numbers = `max_tokens max_completion_tokens max_output_tokens max_tool_calls n best_of seed temperature top_p top_k min_p
  top_logprobs logprobs frequency_penalty presence_penalty repetition_penalty dimensions`
const switches = `stream stream_options store echo background parallel_tool_calls`
const words = `encoding_format modalities reasoning_effort reasoning verbosity service_tier truncation include tool_choice function_call
  prompt_cache_retention prompt_cache_options moderation access_programs audio image web_search_options logit_bias`
const texts = `stop user metadata safety_identifier prompt_cache_key`

const body: MaskShape = {
  ...toShape(numbers, 'Number'),
  ...toShape(switches, 'Word'),
  ...toShape(words, 'Word'),
  ...toShape(texts, 'Text'),
  model: 'Kept',
}

const link: MaskShape = { url: 'Link', detail: 'Word' }
const sound: MaskShape = { data: 'Media', format: 'Word' }
const files: MaskShape = { file_data: 'Media', file_url: 'Link', filename: 'Text' }

/** Of chat completions and of Responses: which of them a part is, its keys say as well as its type. */
const part: MaskShape = {
  type: 'Word',
  text: 'Text',
  refusal: 'Text',
  detail: 'Word',
  image_url: link,
  input_audio: sound,
  file: files,
  ...files,
  // Of an earlier answer; they tell its text token by token.
  logprobs: 'NoList',
  annotations: { type: 'Word', index: 'Number', start_index: 'Number', end_index: 'Number' },
}

const called: MaskShape = { name: 'Word', arguments: 'Text', input: 'Text' }
const declared: MaskShape = {
  name: 'Word',
  description: 'Text',
  parameters: 'Schema',
  strict: 'Word',
  format: { type: 'Word', syntax: 'Word', definition: 'Text', grammar: { syntax: 'Word', definition: 'Text' } },
}

const message: MaskShape = {
  role: 'Word',
  content: part,
  refusal: part,
  name: 'Word',
  tool_call_id: 'Word',
  tool_calls: { id: 'Word', type: 'Word', index: 'Number', function: called, custom: called },
  function_call: called,
}

const format: MaskShape = { type: 'Word', name: 'Text', description: 'Text', schema: 'Schema', strict: 'Word' }

const chat: MaskShape = {
  ...body,
  messages: message,
  tools: { type: 'Word', function: declared, custom: declared },
  functions: declared,
  response_format: { type: 'Word', json_schema: format },
  prediction: { type: 'Word', content: part },
}

/** What a tool of Responses is declared with; those that gather others have them below. */
const tool: MaskShape = {
  ...declared,
  type: 'Word',
  input_schema: 'Schema',
  output_schema: 'Schema',
  require_approval: 'Word',
  search_context_size: 'Word',
  search_content_types: 'Word',
  size: 'Word',
  quality: 'Word',
  background: 'Word',
  output_format: 'Word',
  input_fidelity: 'Word',
  moderation: 'Word',
  execution: 'Word',
  model: 'Name',
}
const tools: MaskShape = { ...tool, tools: { ...tool, tools: tool } }

const item: MaskShape = {
  ...part,
  type: 'Word',
  role: 'Word',
  status: 'Word',
  phase: 'Word',
  id: 'Word',
  call_id: 'Word',
  name: 'Word',
  content: part,
  summary: part,
  arguments: 'Text',
  input: 'Text',
  code: 'Text',
  output: { ...part, outcome: 'Word' },
  outputs: { type: 'Word', logs: 'Text', url: 'Link' },
  tools,
  action: { type: 'Word', button: 'Word', x: 'Number', y: 'Number', scroll_x: 'Number', scroll_y: 'Number' },
  operation: { type: 'Word' },
  // Sealed by the model server; nobody but it can read or make it.
  encrypted_content: 'Opaque',
  result: 'Media',
  output_format: 'Word',
  quality: 'Word',
  size: 'Word',
  background: 'Word',
}

const response: MaskShape = {
  ...body,
  input: item,
  instructions: 'Text',
  tools,
  text: { verbosity: 'Word', format },
}

export const chatRequest = toRequestPlace(chat)
export const completionRequest = toRequestPlace({ ...body, prompt: 'Text', suffix: 'Text' })
export const embeddingRequest = toRequestPlace({ ...body, input: 'Text' })
export const responseRequest = toRequestPlace(response)

function toRequestPlace(shape: MaskShape): (masks: TextMasks) => Place {
  return ({ start }) => new Places(start).of(shape)
}

function toShape(names: string, masking: 'Number' | 'Word' | 'Text'): MaskShape {
  return Object.fromEntries(names.split(/\s+/u).map((name) => [name, masking]))
}
