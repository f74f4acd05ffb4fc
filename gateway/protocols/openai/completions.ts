// OpenAI's completions: one text or several to go on with. Tokens in place of text are refused, because nobody here can read them.
import type { InferenceFacts, Json, JsonObject, MessageFacts } from '../../../policy/model.ts'
import { assertPlainKeys, malformed, readCount, readFlag, readString, withoutKeys } from '../json/fields.ts'
import { collectUnknownText } from '../json/known-keys.ts'
import { assertNothingHidden, hiddenKeys } from './hidden.ts'

const known = [
  'model',
  'prompt',
  'suffix',
  'stream',
  'max_tokens',
  'best_of',
  'echo',
  'frequency_penalty',
  'logit_bias',
  'logprobs',
  'n',
  'presence_penalty',
  'seed',
  'stop',
  'stream_options',
  'temperature',
  'top_k',
  'top_p',
  'user',
]
const textKeys: ReadonlySet<string> = new Set(known)
const knownKeys: ReadonlySet<string> = new Set([...known, ...hiddenKeys])
const notParameters: ReadonlySet<string> = new Set(['model', 'prompt', 'suffix', 'stream'])

export function readCompletion(body: JsonObject, model = readString(body, 'model')): InferenceFacts {
  assertPlainKeys(body, knownKeys)
  assertNothingHidden(body)
  const asked = readTexts(body['prompt'], 'prompt')
  const prompts = [...asked, ...readTexts(body['suffix'], 'suffix')]
  return {
    operation: 'completions',
    model,
    stream: readFlag(body, 'stream'),
    prompt: [...prompts, ...collectUnknownText(body, textKeys)].join('\n'),
    messages: prompts.map(toMessage),
    tools: [],
    toolCalls: [],
    media: [],
    parameters: withoutKeys(body, notParameters),
    maxTokens: readCount(body, 'max_tokens'),
    // The server makes `best_of` answers for each prompt, and shows the best of them.
    choices: Math.max(1, asked.length) * Math.max(1, readCount(body, 'n'), readCount(body, 'best_of')),
    body,
  }
}

export function toMessage(content: string): MessageFacts {
  return { role: 'user', content, name: '' }
}

/** One text or a list of texts; absent or null is none. */
export function readTexts(value: Json | undefined, key: string): readonly string[] {
  if (value === undefined || value === null) return []
  if (typeof value === 'string') return [value]
  if (!Array.isArray(value) || value.length === 0) throw malformed(`\`${key}\` must be text or a list of texts.`)
  return value.map((item: Json) => {
    if (typeof item === 'string') return item
    throw malformed(`\`${key}\` must be text: numbers of tokens cannot be judged.`)
  })
}
