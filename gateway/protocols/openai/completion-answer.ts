// The answer to a completion: text beside its probabilities, which tell it a second time.
import type { AnswerFormat } from '../protocol.ts'
import { toAnswerFormat } from './answer.ts'
import { Choices } from './choices.ts'

const kind = { object: 'text_completion', emptyChoice: { text: '', logprobs: null } }

export const completionAnswer: AnswerFormat = toAnswerFormat(() => new Choices(kind))
