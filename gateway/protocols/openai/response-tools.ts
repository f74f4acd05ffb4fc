// Tools that a request to OpenAI's Responses offers. Those that bring stored files or machines along are refused; so are those
// that would lead the model server to an address of the caller's choice. What it offers itself (web search) is a fact for rules.
import type { Json, JsonObject, ToolFacts } from '../../../policy/model.ts'
import { malformed, readList, readOptionalString, readString } from '../json/fields.ts'
import { isJsonObject } from '../json/strict-json.ts'
import type { Shape } from './gather.ts'
import { listText } from './gather.ts'
import { assertPlainShape } from './parts.ts'

const toolShape: Shape = {
  type: 'Quiet',
  name: 'Text',
  description: 'Text',
  parameters: 'Text',
  input_schema: 'Text',
  output_schema: 'Text',
  strict: 'Quiet',
  format: { type: 'Quiet', syntax: 'Quiet', definition: 'Text' },
  allowed_callers: 'Quiet',
  server_label: 'Text',
  server_url: 'Text',
  server_description: 'Text',
  connector_id: 'Quiet',
  require_approval: 'Quiet',
  // For the server of the tool; no model reads them, and they are secrets.
  authorization: 'Skipped',
  headers: 'Skipped',
  user_location: 'Quiet',
  search_context_size: 'Quiet',
  search_content_types: 'Quiet',
  environment: 'Quiet',
  execution: 'Quiet',
  container: 'Quiet',
  model: 'Quiet',
  size: 'Quiet',
  quality: 'Quiet',
  background: 'Quiet',
  moderation: 'Quiet',
  output_format: 'Quiet',
  input_fidelity: 'Quiet',
  tools: 'Skipped',
}

export function listToolText(tools: readonly JsonObject[]): readonly string[] {
  return tools.flatMap((tool) => [
    ...listText(tool, toolShape, assertPlainShape),
    ...listToolText(readList(tool, 'tools')),
  ])
}

export function readResponseTools(tools: readonly JsonObject[]): readonly ToolFacts[] {
  return tools.flatMap((tool) => [readTool(tool), ...readResponseTools(readList(tool, 'tools'))])
}

const named: ReadonlySet<string> = new Set(['function', 'custom', 'namespace'])

function readTool(tool: JsonObject): ToolFacts {
  // A tool of a listing has no type of its own.
  const type = readOptionalString(tool, 'type') || 'mcp'
  assertOneDeclaration(tool)
  assertNothingStored(tool)
  if (named.has(type))
    return { type, name: readString(tool, 'name'), description: readOptionalString(tool, 'description') }
  const name = readOptionalString(tool, 'name') || readOptionalString(tool, 'server_label')
  return {
    type,
    name,
    description: listText(tool, { ...toolShape, server_label: 'Skipped', name: 'Skipped' }).join('\n'),
  }
}

/** Chat completions declare below a key what Responses declare beside it; a server that reads both would see another tool. */
function assertOneDeclaration(tool: JsonObject): void {
  if ((tool['function'] ?? null) === null && (tool['custom'] ?? null) === null) return
  throw malformed('A tool declares something else than its type says.')
}

const storedKeys: ReadonlySet<string> = new Set([
  'file_id',
  'file_ids',
  'vector_store_ids',
  'container_id',
  'skill_id',
  'tunnel_id',
  'server_url',
  'connector_id',
])
/** Properties have whatever names they have. */
const schemaKeys: ReadonlySet<string> = new Set(['parameters', 'input_schema', 'output_schema'])

function assertNothingStored(value: Json): void {
  if (Array.isArray(value)) value.forEach(assertNothingStored)
  if (!isJsonObject(value)) return
  for (const [key, item] of Object.entries(value)) {
    const isStored = storedKeys.has(key) || (key === 'container' && typeof item === 'string')
    if (isStored && item !== null) {
      throw malformed(`\`${key}\` of a tool refers to what nobody here can judge; offer the tool without it.`)
    }
    if (!schemaKeys.has(key)) assertNothingStored(item)
  }
}
