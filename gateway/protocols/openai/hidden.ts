// What a request may refer to that stands elsewhere: earlier conversations, stored files, templates, tokens and vectors in place of
// text. A model would read it and nobody here could judge it, so it is refused.
import type { JsonObject } from '../../../policy/model.ts'
import { malformed } from '../json/fields.ts'

/** Of OpenAI's own API. */
const stored = ['previous_response_id', 'conversation', 'context_management', 'data_sources', 'file_ids']
/** Of vLLM, SGLang and their like: text as numbers, or in the memory of a server. */
const numbers = [
  'prompt_embeds',
  'prompt_token_ids',
  'input_ids',
  'input_embeds',
  'session_params',
  'kv_transfer_params',
]

export const hiddenKeys: ReadonlySet<string> = new Set([...stored, ...numbers])

/** Absent, null or false hides nothing. */
export function assertNothingHidden(body: JsonObject, keys: Iterable<string> = hiddenKeys): void {
  for (const key of keys) {
    const value = Object.hasOwn(body, key) ? (body[key] ?? false) : false
    if (value === false) continue
    throw malformed(`\`${key}\` refers to what nobody here can judge; send it as text in the request itself.`)
  }
}
