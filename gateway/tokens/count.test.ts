import { expect, it } from 'vitest'
import type { InferenceFacts, MediaFacts, ResponseFacts } from '../../policy/model.ts'
import type { CompiledConnection } from '../../policy/snapshot.ts'
import { buildCountTokens } from './count-input.ts'
import { buildCountOutput } from './count-output.ts'

/** One token for each word. */
const words = {
  find: (name: string) => (name === 'words' ? (text: string) => text.match(/\S+/gu)?.length ?? 0 : undefined),
}
const countTokens = buildCountTokens(words)
const makeCountOutput = buildCountOutput(words)

function makeConnection(tokenizer?: string): CompiledConnection {
  const tokenizers = new Map(tokenizer === undefined ? [] : [['model', tokenizer]])
  // oxlint-disable-next-line typescript/consistent-type-assertions -- of a connection only its tokenizers count here
  return { tokenizers } as unknown as CompiledConnection
}

function makeInference(given: Partial<InferenceFacts>): InferenceFacts {
  return { operation: 'chat', model: 'model', stream: false, prompt: '', body: {}, ...given }
}

function makeMedia(given: Partial<MediaFacts>): MediaFacts {
  return { name: 'm', type: '', sniffedType: '', bytes: 0, width: 0, height: 0, url: '', ...given }
}

function makeAnswer(text: string, given: Partial<ResponseFacts> = {}): ResponseFacts {
  return { status: 200, text, toolCalls: [], finishReason: '', body: null, ...given }
}

it('bounds by the bytes of the body where no tokenizer is named, loaded or of use', () => {
  const inference = makeInference({ prompt: 'one two' })
  expect(countTokens(makeConnection(), inference, 500)).toBe(500)
  expect(countTokens(makeConnection('not-loaded'), inference, 500)).toBe(500)
  expect(countTokens(makeConnection('words'), makeInference({ model: 'another' }), 500)).toBe(500)
  expect(countTokens(makeConnection('words'), undefined, 500)).toBe(500)
})

it('counts prompt, frames of messages, and what else a model is shown', () => {
  const messages = [{ role: 'user', content: 'one two three', name: '' }]
  const body = { messages: ['one two three four five six seven'], tools: ['a b c'] }
  const inference = makeInference({ prompt: 'one two three', messages, body })
  expect(countTokens(makeConnection('words'), inference, 500)).toBe(3 + 3 + 2 * 8)
  expect(countTokens(makeConnection('words'), inference, 5)).toBe(13)
})

it('counts a picture by its pixels instead of its bytes, other binaries by their bytes, and links as a constant', () => {
  const inference = makeInference({
    media: [
      makeMedia({ bytes: 30_000, width: 280, height: 280 }),
      makeMedia({ bytes: 9_000 }),
      makeMedia({ url: 'https://a.example/b.png' }),
    ],
  })
  expect(countTokens(makeConnection(), inference, 60_000)).toBe(20_000 + 101 + 9_000 + 4_096)
  expect(countTokens(makeConnection(), { ...inference, body: null }, 60_000)).toBe(30_000 + 101 + 9_000 + 4_096)
})

it('never counts less than the bytes of the prompt, whatever media say of themselves', () => {
  const inference = makeInference({ prompt: 'ä'.repeat(50), media: [makeMedia({ bytes: 1e9, width: 1, height: 1 })] })
  expect(countTokens(makeConnection(), inference, 400)).toBe(100 + 2)
})

it('counts output by its bytes, tools included', () => {
  const count = makeCountOutput(makeConnection(), makeInference({}))
  expect(count(makeAnswer('äb', { toolCalls: [{ id: '1', name: 'get', arguments: '{"a":1}', input: null }] }))).toBe(13)
})

it('counts what is new of an answer by the tokenizer, and what grows in the middle by its bytes', () => {
  const count = makeCountOutput(makeConnection('words'), makeInference({}))
  expect(count(makeAnswer('one two'))).toBe(2)
  expect(count(makeAnswer('one two'))).toBe(2)
  expect(count(makeAnswer('one two three four'))).toBe(4)
  expect(count(makeAnswer('one TWO three four and more'))).toBe(4 + ' and more'.length)
})
