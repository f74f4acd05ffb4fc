// Which keys of a chat completion are understood, and what is done about all others. Servers read more than any list has: their
// text is judged with the rest. And some (all that use Go's encoding/json) read keys without regard to case, so a key that such
// a server would take for another one is refused.
import type { Json, JsonObject } from '../../../policy/model.ts'
import { isJsonObject } from './strict-json.ts'

/** Read into facts of their own. */
const interpreted = [
  'model',
  'messages',
  'tools',
  'functions',
  'stream',
  'max_tokens',
  'max_completion_tokens',
  'prediction',
  'response_format',
  'web_search_options',
]

/** Numbers, switches and names that steer a model; their strings are no part of the prompt. */
const parameters = [
  'audio',
  'frequency_penalty',
  'function_call',
  'logit_bias',
  'logprobs',
  'metadata',
  'min_p',
  'modalities',
  'moderation',
  'n',
  'parallel_tool_calls',
  'presence_penalty',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'reasoning_effort',
  'repetition_penalty',
  'safety_identifier',
  'seed',
  'service_tier',
  'stop',
  'store',
  'stream_options',
  'temperature',
  'tool_choice',
  'top_k',
  'top_logprobs',
  'top_p',
  'user',
  'verbosity',
]

export const bodyKeys: ReadonlySet<string> = new Set([...interpreted, ...parameters])
export const messageKeys: ReadonlySet<string> = new Set([
  'role',
  'content',
  'name',
  'refusal',
  'tool_calls',
  'tool_call_id',
  'function_call',
  'audio',
])
const entryKeys = ['type', 'id', 'index', 'name', 'description', 'arguments', 'input', 'text', 'refusal', 'strict']
const entryTypes = ['function', 'custom', 'image_url', 'input_audio', 'file', 'parameters', 'format']
/** Of parts, tools, tool calls, and what they hold. */
export const innerKeys: ReadonlySet<string> = new Set([...entryKeys, ...entryTypes])

/** A key that another reader would take for one of these, or for another key of the same object. */
export function findConfusingKey(object: JsonObject, known: ReadonlySet<string>): string | undefined {
  let folded: Set<string> | undefined
  for (const key of Object.keys(object)) {
    if (known.has(key)) continue
    const plain = fold(key)
    folded ??= new Set(known)
    if (folded.has(plain)) return plain
    folded.add(plain)
  }
  return undefined
}

/** Go's folding knows `ſ` and the Kelvin sign; C readers end a key at its first NUL. */
function fold(key: string): string {
  const end = key.indexOf('\0')
  return (end < 0 ? key : key.slice(0, end)).toUpperCase().toLowerCase()
}

/** Every string below the keys that are not in `known`, in their order. */
export function collectUnknownText(object: JsonObject, known: ReadonlySet<string>): readonly string[] {
  const texts: string[] = []
  for (const [key, value] of Object.entries(object)) if (!known.has(key)) collect(value, texts)
  return texts
}

/** Depth is bounded by the parser. Keys below are data, so they count as text too. */
function collect(value: Json, texts: string[]): void {
  if (typeof value === 'string') texts.push(value)
  else if (Array.isArray(value)) for (const item of value) collect(item, texts)
  else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      texts.push(key)
      collect(item, texts)
    }
  }
}
