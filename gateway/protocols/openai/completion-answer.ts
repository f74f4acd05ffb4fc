// The answer to a completion: text beside its probabilities, which tell it a second time.
import type { AnswerFormat } from '../protocol.ts'
import { toAnswerFormat } from './answer.ts'
import { Choices, toClosing } from './choices.ts'
import { choicesMasking } from './masking/choices.ts'

const empty = { text: '', logprobs: null }

export const completionAnswer: AnswerFormat = toAnswerFormat(
  () => new Choices(),
  choicesMasking,
  toClosing('text_completion', { next: empty, first: empty }),
)
