// The answer to a chat completion.
import type { AnswerFormat } from '../protocol.ts'
import { toAnswerFormat } from './answer.ts'
import { Choices } from './choices.ts'

const kind = { object: 'chat.completion.chunk', emptyChoice: { delta: {}, logprobs: null } }

export const chatAnswer: AnswerFormat = toAnswerFormat(() => new Choices(kind))
