// The items that a conversation of OpenAI's Responses consists of, in requests and answers alike: which of them are calls of tools,
// and which of their fields are text.
import type { Json, JsonObject } from '../../../policy/model.ts'
import type { Shape } from './gather.ts'
import { toText } from './tool-calls.ts'

/** Of a call: the field with what it is called with. Those whose tool has no name of its own are named after their type. */
const inputKeys: ReadonlyMap<string, string> = new Map([
  ['function_call', 'arguments'],
  ['custom_tool_call', 'input'],
  ['mcp_call', 'arguments'],
  ['mcp_approval_request', 'arguments'],
  ['tool_search_call', 'arguments'],
  ['web_search_call', 'action'],
  ['file_search_call', 'queries'],
  ['computer_call', 'action'],
  ['local_shell_call', 'action'],
  ['shell_call', 'action'],
  ['apply_patch_call', 'operation'],
  ['code_interpreter_call', 'code'],
  ['program', 'code'],
])

export interface Call {
  readonly id: string
  readonly name: string
  readonly input: Json
}

/** Undefined: the item is no call. */
export function toCall(item: JsonObject): Call | undefined {
  const type = typeof item['type'] === 'string' ? item['type'] : ''
  const inputKey = inputKeys.get(type)
  if (inputKey === undefined) return undefined
  return {
    id: toText(item['call_id']) || toText(item['id']),
    name: toText(item['name']) || type.replace(/_call$/u, ''),
    input: item[inputKey] ?? null,
  }
}

const names = ['type', 'id', 'status', 'role', 'phase', 'call_id', 'object', 'created_by', 'execution', 'fingerprint']
const otherNames = ['caller', 'approval_request_id', 'container_id', 'output_format', 'quality', 'size', 'background']
const quiet = Object.fromEntries([...names, ...otherNames].map((key) => [key, 'Quiet'] as const))

const citationShape: Shape = {
  type: 'Quiet',
  file_id: 'Quiet',
  container_id: 'Quiet',
  filename: 'Text',
  title: 'Text',
  url: 'Text',
}

export const partShape: Shape = {
  type: 'Quiet',
  text: 'Text',
  refusal: 'Text',
  transcript: 'Text',
  data: 'Opaque',
  annotations: citationShape,
  logprobs: 'Tokens',
  image_url: 'Opaque',
  detail: 'Quiet',
}

export const annotationShape = citationShape

export const itemShape: Shape = {
  ...quiet,
  name: 'Text',
  namespace: 'Text',
  server_label: 'Quiet',
  tools: { name: 'Text', description: 'Text', input_schema: 'Text', annotations: 'Text', type: 'Quiet' },
  content: partShape,
  summary: partShape,
  output: { ...partShape, stdout: 'Text', stderr: 'Text', outcome: 'Quiet', created_by: 'Quiet' },
  outputs: { type: 'Quiet', logs: 'Text', url: 'Opaque' },
  results: { file_id: 'Quiet', filename: 'Text', text: 'Text', attributes: 'Text' },
  // Sealed by the model server; nobody but it can read or make it.
  encrypted_content: 'Opaque',
  result: 'Opaque',
  revised_prompt: 'Text',
  environment: 'Quiet',
  error: { type: 'Quiet', code: 'Quiet', message: 'Text', content: 'Text' },
}

const shapes = new Map(
  [...inputKeys].map(([type, key]) => [type, { ...itemShape, name: 'Skipped', [key]: 'Skipped' } as const]),
)

/** Of one item of an answer; what it is called with is read apart. */
export function toItemShape(item: JsonObject): Shape {
  const { type } = item
  return (typeof type === 'string' ? shapes.get(type) : undefined) ?? itemShape
}
