// OpenAI's embeddings: texts in, vectors out. Vectors are no text, so rules look at what is asked; what else an answer says is read
// like every other answer.
import type { InferenceFacts, JsonObject, Usage } from '../../../policy/model.ts'
import { assertPlainKeys, malformed, readString, withoutKeys } from '../json/fields.ts'
import { collectUnknownText } from '../json/known-keys.ts'
import type { AnswerFormat } from '../protocol.ts'
import type { Transcript } from './answer.ts'
import { errorShape, toAnswerFormat, toUsage } from './answer.ts'
import { Channels } from './channels.ts'
import { readTexts, toMessage } from './completions.ts'
import type { Shape } from './gather.ts'
import { gatherText } from './gather.ts'
import { assertNothingHidden, hiddenKeys } from './hidden.ts'
import { blanked } from './masking/blanked.ts'
import { Places } from './masking/place.ts'

const known = ['model', 'input', 'dimensions', 'encoding_format', 'user']
const textKeys: ReadonlySet<string> = new Set(known)
const knownKeys: ReadonlySet<string> = new Set([...known, ...hiddenKeys])
const notParameters: ReadonlySet<string> = new Set(['model', 'input'])

export function readEmbedding(body: JsonObject, model = readString(body, 'model')): InferenceFacts {
  assertPlainKeys(body, knownKeys)
  assertNothingHidden(body)
  const inputs = readTexts(body['input'], 'input')
  if (inputs.length === 0) throw malformed('`input` must be text or a list of texts.')
  return {
    operation: 'embeddings',
    model,
    stream: false,
    prompt: [...inputs, ...collectUnknownText(body, textKeys)].join('\n'),
    messages: inputs.map(toMessage),
    tools: [],
    toolCalls: [],
    media: [],
    parameters: withoutKeys(body, notParameters),
    maxTokens: 0,
    body,
  }
}

const shape: Shape = {
  object: 'Quiet',
  model: 'Quiet',
  id: 'Quiet',
  data: { object: 'Quiet', index: 'Quiet', embedding: 'Opaque' },
  usage: 'Quiet',
  error: errorShape,
}

export const embeddingAnswer: AnswerFormat = toAnswerFormat(() => openPlain(shape), {
  whole: ({ start }) => new Places(start).of({ ...shape, ...blanked, id: 'Name', model: 'Name' }),
})

/** For answers that have no choices and no calls. */
export function openPlain(plain: Shape): Transcript {
  const channels = new Channels()
  let usage: Usage | undefined
  return {
    take: (said) => {
      gatherText(said, plain, { path: '', found: channels.tell })
      usage = toUsage(said['usage'], 'prompt_tokens', 'completion_tokens')
    },
    tell: (text) => channels.tell('', text),
    spoken: () => ({ text: channels.text(), toolCalls: [], finishReason: '', ...(usage && { usage }) }),
  }
}
