// Words that OpenAI's API consists of. They say what a thing is and nothing about anybody, so they stay where a policy's own words
// (a dictionary with `user` in it) would break the message; in the place of a text they are texts like others.

const roles = 'system developer user assistant tool function critic discriminator'
const parts = `text refusal image_url input_audio file input_text input_image input_file output_text output_audio
  reasoning_text summary_text thinking audio image computer_screenshot logs url_citation file_citation
  container_file_citation file_path reasoning reasoning.text reasoning.summary reasoning.encrypted exit timeout url`
const items = `message function_call function_call_output custom_tool_call custom_tool_call_output mcp_call mcp_list_tools
  mcp_approval_request mcp_approval_response web_search_call file_search_call computer_call computer_call_output
  local_shell_call local_shell_call_output shell_call shell_call_output apply_patch_call apply_patch_call_output
  code_interpreter_call program program_output image_generation_call tool_search_call tool_search_output additional_tools
  configuration_update compaction item_reference search open_page find find_in_page exec`
const tools = `custom namespace mcp web_search web_search_preview file_search computer computer_use_preview shell local_shell
  apply_patch code_interpreter image_generation tool_search grammar lark regex auto none required allowed_tools always never
  approximate client server`
const states = `in_progress completed incomplete failed cancelled queued searching interpreting generating stop length
  tool_calls content_filter max_output_tokens max_tool_calls commentary final_answer`
const settings = `low medium high minimal xhigh default flex priority scale standard disabled concise detailed json_object
  json_schema content float base64 in_memory 24h opaque transparent wav mp3 flac opus pcm16 png jpeg webp original`
const objects = `chat.completion chat.completion.chunk text_completion response list embedding model error`
const errors = `invalid_request_error authentication_error permission_error not_found_error rate_limit_error server_error
  api_error overloaded_error insufficient_quota rate_limit_exceeded context_length_exceeded invalid_prompt invalid_api_key
  model_not_found policy_denied response_denied`

export const structuralWords = toSet([roles, parts, items, tools, states, settings, objects, errors])

const keywords = `type properties required description title default examples enum const format items additionalProperties
  patternProperties prefixItems anyOf oneOf allOf not if then else minimum maximum exclusiveMinimum exclusiveMaximum
  multipleOf minLength maxLength pattern minItems maxItems uniqueItems contains minProperties maxProperties propertyNames
  nullable $ref $defs definitions $schema $id readOnly writeOnly deprecated dependentRequired`
const types = 'object array string number integer boolean null date-time date time email uuid'

/** Of JSON Schema; a property that is called like one of them says no more than they do. */
export const schemaWords = toSet([keywords, types])

function toSet(lists: readonly string[]): ReadonlySet<string> {
  return new Set(lists.flatMap((list) => list.split(/\s+/u)))
}
