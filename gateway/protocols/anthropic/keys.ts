// The words of Anthropic's wire format: which keys are understood, which steer a model without being read by it, and which would
// bring in what nobody here can judge.
import type { WireKeys } from '../json/gather-text.ts'

/** Read into facts of their own. */
const interpreted = ['model', 'messages', 'system', 'tools', 'stream', 'max_tokens']

/** Their strings are no part of the prompt. */
const parameters = [
  'cache_control',
  'diagnostics',
  'inference_geo',
  'metadata',
  'service_tier',
  'speed',
  'stop_sequences',
  'temperature',
  'thinking',
  'tool_choice',
  'top_k',
  'top_p',
]

/** What a field would bring in: text that stands elsewhere, or another model. Null is nothing. */
export const unjudgeable: ReadonlyMap<string, string> = new Map([
  ['container', 'names a container whose files and skills cannot be judged here'],
  ['fallback_credit_token', 'names an earlier call that cannot be judged here'],
  ['fallbacks', 'names other models; let the caller choose one'],
  ['mcp_servers', 'lets the model server talk to other servers unseen; call them through a connection of their own'],
  ['thread', 'names a conversation that is stored at the model server and cannot be judged here'],
])

/** Whose strings are no part of the prompt, or stand in it already. */
export const silentKeys: ReadonlySet<string> = new Set([...interpreted, ...parameters, ...unjudgeable.keys()])
/** Besides the above: gathered into the prompt, like every key that is not known. */
const gatheredKeys = ['compaction', 'context_management', 'output_config', 'output_format']
export const bodyKeys: ReadonlySet<string> = new Set([...silentKeys, ...gatheredKeys])

const structure = [
  'allowed_callers',
  'cache_control',
  'caller',
  'effort',
  'error_code',
  'file_id',
  'file_type',
  'id',
  'media_type',
  'model',
  'name',
  'request_id',
  'inference_geo',
  'required',
  'role',
  'service_tier',
  'speed',
  'stop_reason',
  'tool_id',
  'tool_name',
  'tool_use_id',
  'toolset_name',
  'ttl',
  'type',
]

const sealed = ['data', 'encrypted_content', 'encrypted_index', 'encrypted_stdout', 'signature']

const known = [
  'additionalProperties',
  'allowed_domains',
  'anyOf',
  'blocked_domains',
  'cache_creation',
  'cache_creation_input_tokens',
  'cache_read_input_tokens',
  'capabilities',
  'citation',
  'citations',
  'cited_text',
  'city',
  'container',
  'content',
  'content_block',
  'context',
  'context_management',
  'country',
  'created_at',
  'default',
  'delta',
  'description',
  'diagnostics',
  'display_name',
  'document_index',
  'document_title',
  'edits',
  'enabled',
  'end_block_index',
  'end_char_index',
  'end_page_number',
  'enum',
  'ephemeral_1h_input_tokens',
  'ephemeral_5m_input_tokens',
  'error',
  'expires_at',
  'explanation',
  'first_id',
  'format',
  'has_more',
  'index',
  'input',
  'input_examples',
  'input_schema',
  'input_tokens',
  'instructions',
  'is_error',
  'items',
  'iterations',
  'last_id',
  'max_input_tokens',
  'max_tokens',
  'max_uses',
  'message',
  'output_config',
  'output_format',
  'output_tokens',
  'output_tokens_details',
  'page_age',
  'partial_json',
  'properties',
  'region',
  'retrieved_at',
  'return_code',
  'schema',
  'search_result_index',
  'server_tool_use',
  'skills',
  'source',
  'start_block_index',
  'start_char_index',
  'start_page_number',
  'stderr',
  'stdout',
  'stop_details',
  'stop_sequence',
  'strict',
  'tabs',
  'text',
  'thinking',
  'timezone',
  'title',
  'tool_changes',
  'tool_references',
  'trigger',
  'url',
  'usage',
  'user_location',
  'web_fetch_requests',
  'web_search_requests',
]

export const wire: WireKeys = {
  structure: new Set(structure),
  sealed: new Set(sealed),
  known: new Set(known),
  numbers: false,
}

/** Of messages, blocks, sources and tools. */
export const innerKeys: ReadonlySet<string> = new Set([...structure, ...sealed, ...known])
