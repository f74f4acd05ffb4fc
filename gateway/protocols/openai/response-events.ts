// What the events of OpenAI's Responses are called, and what stands where in them and in the response that they end with.
import { errorShape } from './answer.ts'
import type { Shape } from './gather.ts'

/** Fields in which a server repeats what it was asked; what the request did not say is text of the answer. */
export const echoed = [
  'instructions',
  'tools',
  'tool_choice',
  'text',
  'metadata',
  'prompt',
  'reasoning',
  'user',
  'conversation',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_options',
]
const skipped = Object.fromEntries([...echoed, 'output'].map((key) => [key, 'Skipped'] as const))
const words = [
  'id',
  'object',
  'status',
  'model',
  'previous_response_id',
  'service_tier',
  'truncation',
  'access_programs',
]
const details = ['incomplete_details', 'usage', 'tool_usage', 'moderation', 'prompt_cache_retention', 'image']
const quiet = Object.fromEntries([...words, ...details].map((key) => [key, 'Quiet'] as const))

export const responseShape: Shape = { ...quiet, ...skipped, error: errorShape, output_text: 'Text' }

export const eventShape: Shape = {
  type: 'Quiet',
  item_id: 'Quiet',
  sequence_number: 'Quiet',
  status: 'Quiet',
  // Random letters that hide how long each piece is.
  obfuscation: 'Opaque',
  partial_image_b64: 'Opaque',
  output_format: 'Quiet',
  background: 'Quiet',
  quality: 'Quiet',
  size: 'Quiet',
  logprobs: 'Tokens',
  error: errorShape,
  message: 'Text',
  code: 'Quiet',
  param: 'Quiet',
}

/** The list of an item that a text stands in, and its field there. */
export type TextPlace = readonly [list: string, field: string]

/** Events in pieces. */
export const texts: ReadonlyMap<string, TextPlace> = new Map([
  ['response.output_text', ['content', 'text']],
  ['response.refusal', ['content', 'refusal']],
  ['response.reasoning_text', ['content', 'text']],
  ['response.reasoning_summary_text', ['summary', 'text']],
])
/** Pieces of what a tool is called with, and the field that has all of it when they are done. */
export const inputs: ReadonlyMap<string, string> = new Map([
  ['response.function_call_arguments', 'arguments'],
  ['response.mcp_call_arguments', 'arguments'],
  ['response.custom_tool_call_input', 'input'],
  ['response.code_interpreter_call_code', 'code'],
])
export const parts: ReadonlyMap<string, string> = new Map([
  ['response.content_part', 'content'],
  ['response.reasoning_summary_part', 'summary'],
])
