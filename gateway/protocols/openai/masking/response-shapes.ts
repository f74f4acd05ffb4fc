// The parts of Responses as the readers know them, under a mask.
import { eventShape, responseShape } from '../response-events.ts'
import { annotationShape, itemShape, partShape } from '../response-items.ts'
import { blanked } from './blanked.ts'
import type { MaskShape } from './place.ts'

const annotation: MaskShape = { ...annotationShape, index: 'Quiet', start_index: 'Quiet', end_index: 'Quiet' }

export const maskedPart: MaskShape = {
  ...partShape,
  annotations: annotation,
  ...blanked,
  // Clients go through the list.
  logprobs: 'NoList',
  image_url: 'Link',
  file_url: 'Link',
}

const action: MaskShape = { type: 'Quiet', status: 'Quiet' }

export const maskedItem: MaskShape = {
  ...itemShape,
  ...blanked,
  content: maskedPart,
  summary: maskedPart,
  output: { ...maskedPart, stdout: 'Text', stderr: 'Text', outcome: 'Quiet', created_by: 'Quiet' },
  outputs: { type: 'Quiet', logs: 'Text', url: 'Link' },
  tools: { name: 'Quiet', description: 'Text', input_schema: 'Schema', parameters: 'Schema', type: 'Quiet' },
  name: 'Quiet',
  arguments: 'Text',
  input: 'Text',
  code: 'Text',
  action,
  actions: action,
  operation: action,
}

const tool: MaskShape = {
  type: 'Quiet',
  name: 'Quiet',
  description: 'Text',
  parameters: 'Schema',
  input_schema: 'Schema',
  output_schema: 'Schema',
  strict: 'Quiet',
  require_approval: 'Quiet',
}

const numbers = `created_at completed_at temperature top_p top_logprobs max_output_tokens max_tool_calls presence_penalty
  frequency_penalty`
const settings: MaskShape = { effort: 'Quiet', summary: 'Quiet', generate_summary: 'Quiet' }

export const maskedResponse: MaskShape = {
  ...responseShape,
  ...blanked,
  ...toQuiet(numbers),
  id: 'Name',
  model: 'Name',
  output: maskedItem,
  tools: tool,
  tool_choice: { ...tool, mode: 'Quiet' },
  text: { verbosity: 'Quiet', format: { type: 'Quiet', name: 'Quiet', schema: 'Schema', strict: 'Quiet' } },
  reasoning: settings,
}

/** Before its end it tells parts of texts at most, which cannot be masked alone; its items are told by events of their own. */
export const unfinishedResponse: MaskShape = { ...maskedResponse, output: 'NoList', output_text: 'Nothing' }

const positions = `output_index content_index summary_index annotation_index command_index partial_image_index`

export const maskedEvent: MaskShape = {
  ...eventShape,
  ...blanked,
  ...toQuiet(positions),
  type: 'Name',
  obfuscation: 'Name',
  name: 'Quiet',
  logprobs: 'NoList',
  annotation,
  item: maskedItem,
  part: maskedPart,
  response: maskedResponse,
}

function toQuiet(names: string): MaskShape {
  return Object.fromEntries(names.split(/\s+/u).map((name) => [name, 'Quiet' as const]))
}
