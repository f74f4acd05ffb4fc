// How many tokens an answer has cost so far, for budgets that end it: by the tokenizer that its model names, piece by piece, or by
// its bytes, of which every token has at least one. What a model thinks without showing it is not seen here; its server's count
// replaces this one in the end.
import type { InferenceFacts, ResponseFacts } from '../../policy/model.ts'
import type { CompiledConnection } from '../../policy/snapshot.ts'
import type { CountText, Tokenizers } from './tokenizers.ts'

/** For one call: asked with all of the answer so far, again and again. */
export type CountOutput = (facts: ResponseFacts) => number

export type MakeCountOutput = (connection: CompiledConnection, inference: InferenceFacts) => CountOutput

export function buildCountOutput(tokenizers: Pick<Tokenizers, 'find'>): MakeCountOutput {
  return (connection, { model }) => {
    const name = connection.tokenizers.get(model)
    const count = name === undefined ? undefined : tokenizers.find(name)
    if (count === undefined) return toOutputBytes
    const counter = new OutputCounter(count)
    return (facts) => counter.count(facts)
  }
}

/** An upper bound for every tokenizer whose tokens stand for at least one byte. */
export function toOutputBytes({ text, toolCalls }: ResponseFacts): number {
  return Buffer.byteLength(text) + toToolBytes(toolCalls)
}

/**
 * What is new is counted by itself, which gives a little more than the whole would: a server sends whole tokens, but they are cut anew.
 * Where an answer grows in its middle (a choice beside another), the bytes it grew by count.
 */
export class OutputCounter {
  readonly #count: CountText
  #text = ''
  #tokens = 0
  #toolBytes = 0

  constructor(count: CountText) {
    this.#count = count
  }

  count({ text, toolCalls }: ResponseFacts): number {
    if (text.startsWith(this.#text)) this.#tokens += this.#count(text.slice(this.#text.length))
    else this.#tokens += Math.max(0, Buffer.byteLength(text) - Buffer.byteLength(this.#text))
    this.#text = text
    this.#toolBytes = Math.max(this.#toolBytes, toToolBytes(toolCalls))
    return this.#tokens + this.#toolBytes
  }
}

/** Arguments are JSON, mostly signs: little is gained by counting them otherwise. */
function toToolBytes(toolCalls: ResponseFacts['toolCalls']): number {
  let bytes = 0
  for (const { name, arguments: text } of toolCalls) bytes += Buffer.byteLength(name) + Buffer.byteLength(text)
  return bytes
}
