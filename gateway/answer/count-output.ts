// An upper bound of the tokens of an answer where no tokenizer is known: a token is at least one byte.
import type { ResponseFacts } from '../../policy/model.ts'

export function countBytes({ text, toolCalls }: ResponseFacts): number {
  let bytes = Buffer.byteLength(text)
  for (const call of toolCalls) bytes += Buffer.byteLength(call.name) + Buffer.byteLength(call.arguments)
  return bytes
}
