// What tells a text in another way: the tokens of it, their numbers, their probabilities, what a server computed of them. None of it
// can be masked, so answers under a mask are without it.

const probabilities = `logprobs top_logprobs prompt_logprobs completion_probabilities input_token_logprobs
  output_token_logprobs input_top_logprobs output_top_logprobs`
const numbers = `token_ids prompt_token_ids output_token_ids completion_token_ids generated_token_ids input_ids output_ids tokens
  context kv_transfer_params hidden_states prompt_embeds __verbose`

export const blanked = Object.fromEntries(
  [probabilities, numbers].flatMap((list) => list.split(/\s+/u)).map((name) => [name, 'Nothing'] as const),
)
