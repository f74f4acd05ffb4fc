// The answer to a chat completion.
import type { AnswerFormat } from '../protocol.ts'
import { toAnswerFormat } from './answer.ts'
import { Choices, toClosing } from './choices.ts'
import { choicesMasking } from './masking/choices.ts'

const empty = {
  next: { delta: {}, logprobs: null },
  first: { delta: { role: 'assistant', content: '' }, logprobs: null },
}

export const chatAnswer: AnswerFormat = toAnswerFormat(
  () => new Choices(),
  choicesMasking,
  toClosing('chat.completion.chunk', empty),
)
