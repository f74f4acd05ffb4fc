// Requests of OpenAI's API under a mask: everything that a model may read, and whatever nobody here knows. What stays is what the
// readers took for more than a text: the model, words of the API, numbers and switches that steer, binaries.
import type { Place } from '../../../../policy/masking/framing/place.ts'
import type { TextMasks } from '../../../../policy/masking/text-masks.ts'
import { Places, type MaskShape } from './place.ts'

const steering =
  words(`max_tokens max_completion_tokens max_output_tokens max_tool_calls n best_of seed temperature top_p top_k min_p
  top_logprobs logprobs frequency_penalty presence_penalty repetition_penalty logit_bias stream stream_options store echo dimensions
  encoding_format parallel_tool_calls modalities reasoning_effort reasoning verbosity service_tier truncation include background
  prompt_cache_retention prompt_cache_options tool_choice function_call moderation access_programs audio image web_search_options`)

const body: MaskShape = { ...steering, model: 'Kept', stop: 'Text', user: 'Text' }

const link: MaskShape = { url: 'Link', detail: 'Quiet' }
const sound: MaskShape = { data: 'Opaque', format: 'Quiet' }
const files: MaskShape = { file_data: 'Opaque', file_url: 'Link', filename: 'Text' }

/** Of chat completions and of Responses: which of them a part is, its keys say as well as its type. */
const part: MaskShape = {
  type: 'Quiet',
  text: 'Text',
  refusal: 'Text',
  detail: 'Quiet',
  image_url: link,
  input_audio: sound,
  file: files,
  ...files,
  // Of an earlier answer; they tell its text token by token.
  logprobs: 'NoList',
  annotations: 'Text',
}

const called: MaskShape = { name: 'Quiet', arguments: 'Text', input: 'Text' }
const declared: MaskShape = {
  name: 'Quiet',
  description: 'Text',
  parameters: 'Schema',
  strict: 'Quiet',
  format: { type: 'Quiet', syntax: 'Quiet', definition: 'Text', grammar: { syntax: 'Quiet', definition: 'Text' } },
}

const message: MaskShape = {
  role: 'Quiet',
  content: part,
  refusal: part,
  name: 'Quiet',
  tool_call_id: 'Quiet',
  tool_calls: { id: 'Quiet', type: 'Quiet', index: 'Quiet', function: called, custom: called },
  function_call: called,
}

const format: MaskShape = { type: 'Quiet', name: 'Text', description: 'Text', schema: 'Schema', strict: 'Quiet' }

const chat: MaskShape = {
  ...body,
  messages: message,
  tools: { type: 'Quiet', function: declared, custom: declared },
  functions: declared,
  response_format: { type: 'Quiet', json_schema: format },
  prediction: { type: 'Quiet', content: part },
}

/** What a tool of Responses is declared with; those that gather others have them below. */
const tool: MaskShape = {
  ...declared,
  type: 'Quiet',
  input_schema: 'Schema',
  output_schema: 'Schema',
  require_approval: 'Quiet',
  search_context_size: 'Quiet',
  search_content_types: 'Quiet',
  size: 'Quiet',
  quality: 'Quiet',
  background: 'Quiet',
  output_format: 'Quiet',
  input_fidelity: 'Quiet',
  moderation: 'Quiet',
  execution: 'Quiet',
  model: 'Name',
}
const tools: MaskShape = { ...tool, tools: { ...tool, tools: tool } }

const item: MaskShape = {
  ...part,
  type: 'Quiet',
  role: 'Quiet',
  status: 'Quiet',
  phase: 'Quiet',
  id: 'Quiet',
  call_id: 'Quiet',
  name: 'Quiet',
  content: part,
  summary: part,
  arguments: 'Text',
  input: 'Text',
  code: 'Text',
  output: { ...part, outcome: 'Quiet' },
  outputs: { type: 'Quiet', logs: 'Text', url: 'Link' },
  tools,
  action: { type: 'Quiet', button: 'Quiet' },
  operation: { type: 'Quiet' },
  // Sealed by the model server; nobody but it can read or make it.
  encrypted_content: 'Opaque',
  result: 'Opaque',
  output_format: 'Quiet',
  quality: 'Quiet',
  size: 'Quiet',
  background: 'Quiet',
}

const response: MaskShape = {
  ...body,
  input: item,
  instructions: 'Text',
  tools,
  text: { verbosity: 'Quiet', format },
}

export const chatRequest = toRequestPlace(chat)
export const completionRequest = toRequestPlace({ ...body, prompt: 'Text', suffix: 'Text' })
export const embeddingRequest = toRequestPlace({ ...body, input: 'Text' })
export const responseRequest = toRequestPlace(response)

function toRequestPlace(shape: MaskShape): (masks: TextMasks) => Place {
  return ({ start }) => new Places(start).of(shape)
}

function words(names: string): MaskShape {
  return Object.fromEntries(names.split(/\s+/u).map((name) => [name, 'Quiet' as const]))
}
