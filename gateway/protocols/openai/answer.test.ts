import { describe, expect, it } from 'vitest'
import type { ResponseFacts } from '../../../policy/model.ts'
import type { AnswerFormat } from '../protocol.ts'
import { AnswerUnreadable } from '../protocol.ts'
import { chatAnswer } from './chat-answer.ts'
import { completionAnswer } from './completion-answer.ts'
import { embeddingAnswer } from './embeddings.ts'
import { toResponseAnswer } from './response-answer.ts'

const json = { status: 200, headers: { 'content-type': 'application/json; charset=utf-8' } }
const events = { status: 200, headers: { 'content-type': 'text/event-stream' } }
const responseAnswer = toResponseAnswer({ model: 'm', input: 'hi', instructions: 'Be brief.', user: 'ann' })

const readWhole = (format: AnswerFormat, body: object): ResponseFacts =>
  format.readWhole(json, Buffer.from(JSON.stringify(body)))

function readStream(format: AnswerFormat, ...said: readonly (object | string)[]): ResponseFacts {
  const stream = format.openStream(events)
  if (stream === undefined) throw new Error('it did not open')
  for (const one of said) stream.push(Buffer.from(`data: ${typeof one === 'string' ? one : JSON.stringify(one)}\n\n`))
  stream.end()
  return stream.facts()
}

const delta = (change: object, index = 0): object => ({ choices: [{ index, delta: change }] })

const noted = (note: string): object => ({ choices: [], note })

const toLogprobs = (...ranks: readonly string[]): object => ({
  content: [{ token: ranks[0], logprob: 0, top_logprobs: ranks.map((token) => ({ token, logprob: 0 })) }],
})

const endOf = (index: number, finish_reason: string): object => ({ choices: [{ index, delta: {}, finish_reason }] })

const callOf = (id: string, name: string): object =>
  delta({ tool_calls: [{ index: 0, id, function: { name, arguments: '{' } }] })

const reasonOf = (body: object): string => readWhole(responseAnswer, body).finishReason

const messageOf = (text: string): object => ({ id: 'msg', type: 'message', content: [{ type: 'output_text', text }] })

const ranked = (content: string, ...ranks: readonly string[]): object => ({
  choices: [{ index: 0, delta: { content }, logprobs: toLogprobs(...ranks) }],
})

const calls = (count: number): object => ({ tool_calls: Array.from({ length: count }, () => ({ function: {} })) })

describe('the form of an answer', () => {
  it.each(['application/json', 'application/problem+json', 'APPLICATION/JSON;charset=utf-8'])('may be %s', (type) => {
    expect(chatAnswer.readWhole({ status: 200, headers: { 'content-type': type } }, Buffer.from('{}')).text).toBe('')
  })

  it.each(['text/html', 'application/jsonp', 'application/x-ndjson', 'text/event-streams', ''])('is not %s', (type) => {
    const head = { status: 200, headers: type === '' ? {} : { 'content-type': type } }
    expect(chatAnswer.openStream(head)).toBeUndefined()
    expect(() => chatAnswer.readWhole(head, Buffer.from('{}'))).toThrow(AnswerUnreadable)
  })

  it('may be nothing', () => {
    expect(chatAnswer.readWhole({ status: 200, headers: {} }, new Uint8Array())).toEqual({
      status: 200,
      text: '',
      toolCalls: [],
      finishReason: '',
      body: null,
    })
  })

  it.each([400, 404, 429, 500, 503])('is whole when the status is %i', (status) => {
    const head = { status, headers: events.headers }
    expect(chatAnswer.openStream(head)).toBeUndefined()
    expect(chatAnswer.readWhole(head, Buffer.from('{"error":"No such thing"}')).text).toBe('No such thing')
    expect(chatAnswer.readWhole(head, Buffer.from('{"error":')).text).toBe('{"error":')
    expect(() => chatAnswer.readWhole(head, Buffer.from('{"error":1,"error":2}'))).toThrow(AnswerUnreadable)
  })

  it('is no stream of vectors', () => {
    expect(embeddingAnswer.openStream(events)).toBeUndefined()
  })
})

describe('a stream of chunks', () => {
  it('[OA6] goes on with each text in its own place', () => {
    const facts = readStream(
      chatAnswer,
      delta({ content: 'pass' }),
      delta({ content: 'other' }, 1),
      delta({ reasoning_content: 'think' }),
      delta({ content: 'word' }),
      delta({ reasoning_content: 'ing' }),
    )
    expect(facts.text).toBe('password\nother\nthinking')
  })

  it('[OA6] reads what others say beside the choices once', () => {
    expect(readStream(chatAnswer, noted('a b'), noted('a b'), noted('c d')).text).toBe('a b\nc d')
  })

  it('[OA6] does not read random padding', () => {
    expect(readStream(chatAnswer, { choices: [], obfuscation: 'aB3' }).text).toBe('')
    expect(readStream(chatAnswer, { choices: [], obfuscation: 'no padding' }).text).toBe('no padding')
  })

  it('[OA6] reads other tokens beside the chosen ones, each rank as a text', () => {
    expect(readStream(chatAnswer, ranked('Hel', 'Hel', 'Sec'), ranked('lo', 'lo', 'ret')).text).toBe('Hello\nSecret')
  })

  it('tells the reason of the first choice that ended, and its usage', () => {
    const usage = { prompt_tokens: 3, completion_tokens: 4 }
    expect(readStream(chatAnswer, delta({}, 0), endOf(1, 'length')).finishReason).toBe('length')
    const facts = readStream(chatAnswer, endOf(1, 'length'), endOf(0, 'stop'), { choices: [], usage }, '[DONE]')
    expect(facts).toMatchObject({ finishReason: 'stop', usage: { inputTokens: 3, outputTokens: 4 } })
  })

  it.each([
    { prompt_tokens: -1, completion_tokens: 1 },
    { prompt_tokens: 1.5, completion_tokens: 1 },
    { prompt_tokens: 1, completion_tokens: '1' },
    { completion_tokens: 1 },
    null,
    7,
  ])('takes no usage for one that it is not: %o', (usage) => {
    expect(readStream(chatAnswer, { choices: [], usage }).usage).toBeUndefined()
  })

  it.each([
    ['no JSON', '{"choices":'],
    ['a key twice', '{"choices":[],"choices":[]}'],
    ['an escaped twin', '{"choices":[],"c\\u0068oices":[]}'],
    ['choices that are no list', '{"choices":{}}'],
    ['a choice that is no object', '{"choices":["text"]}'],
    ['a delta that is no object', '{"choices":[{"delta":"text"}]}'],
    ['tool calls that are no list', '{"choices":[{"delta":{"tool_calls":{}}}]}'],
    ['a tool call that is no object', '{"choices":[{"delta":{"tool_calls":["f"]}}]}'],
    ['something after DONE', '[DONE] {"choices":[]}'],
  ])('[OA8] is unreadable with %s', (_title, said) => {
    expect(() => readStream(chatAnswer, said)).toThrow(AnswerUnreadable)
  })

  it('[OA8] is unreadable when another call begins in the place of one', () => {
    expect(readStream(chatAnswer, callOf('a', 'f'), callOf('a', 'f'), callOf('', '')).toolCalls).toHaveLength(1)
    expect(() => readStream(chatAnswer, callOf('a', 'f'), callOf('b', 'f'))).toThrow(AnswerUnreadable)
    expect(() => readStream(chatAnswer, callOf('a', 'f'), callOf('a', 'g'))).toThrow(AnswerUnreadable)
  })

  it('is unreadable with more calls than anybody makes', () => {
    expect(readStream(chatAnswer, delta(calls(1_000))).toolCalls).toHaveLength(1_000)
    expect(() => readStream(chatAnswer, delta(calls(1_001)))).toThrow(AnswerUnreadable)
  })

  it('goes on with a call whose pieces have ids of their own, as some servers make them', () => {
    expect(readStream(chatAnswer, callOf('a', 'f'), callOf('b', ''), callOf('c', '')).toolCalls).toEqual([
      { id: 'a', name: 'f', arguments: '{{{', input: null },
    ])
  })

  it('reads the text of completions, and of servers that send a whole message', () => {
    expect(
      readStream(completionAnswer, { choices: [{ index: 0, text: 'a' }] }, { choices: [{ text: 'b' }] }).text,
    ).toBe('ab')
    const whole = { choices: [{ index: 0, message: { content: 'ab' } }] }
    expect(readStream(chatAnswer, delta({ content: 'a' }), delta({ content: 'b' }), whole).text).toBe('ab')
  })

  it('takes names that every object inherits for nothing but names', () => {
    const text = '{"choices":[{"index":0,"delta":{"__proto__":{"content":"hidden words"},"constructor":"more"}}]}'
    expect(readStream(chatAnswer, text).text).toContain('hidden words')
    expect(({} as { content?: unknown }).content).toBeUndefined()
  })
})

describe('a response', () => {
  it('[OA6] does not count what it repeats of the request, and counts what it does not', () => {
    const facts = readWhole(responseAnswer, {
      instructions: 'Be brief.',
      user: 'ann',
      metadata: { a: 'no echo' },
      output: [],
    })
    expect(facts.text).toBe('no echo')
  })

  it('[OA7] tells why it is not complete', () => {
    expect(reasonOf({ status: 'completed' })).toBe('completed')
    expect(reasonOf({ status: 'incomplete', incomplete_details: { reason: 'content_filter' } })).toBe('content_filter')
    expect(reasonOf({ status: 'incomplete', incomplete_details: null })).toBe('incomplete')
    expect(reasonOf({ status: 'in_progress' })).toBe('')
    expect(reasonOf({})).toBe('')
  })

  it('[OA8] is unreadable when its output is no list of objects', () => {
    expect(() => readWhole(responseAnswer, { output: {} })).toThrow(AnswerUnreadable)
    expect(() => readWhole(responseAnswer, { output: ['a'] })).toThrow(AnswerUnreadable)
  })

  it('[OA6] counts a text once that is told four times', () => {
    const item = { id: 'msg', type: 'message', content: [{ type: 'output_text', text: 'Hello' }] }
    const at = { output_index: 0, content_index: 0 }
    const facts = readStream(
      responseAnswer,
      { type: 'response.output_text.delta', ...at, delta: 'Hel' },
      { type: 'response.output_text.delta', ...at, delta: 'lo' },
      { type: 'response.output_text.done', ...at, text: 'Hello' },
      { type: 'response.output_item.done', ...at, item },
      { type: 'response.completed', response: { status: 'completed', output: [item] } },
    )
    expect(facts.text).toBe('Hello')
  })

  it('[OA8] is unreadable when its end tells the same item with another text', () => {
    const end = (text: string): object => ({ type: 'response.completed', response: { output: [messageOf(text)] } })
    const done = { type: 'response.output_item.done', output_index: 0, item: messageOf('Hello') }
    expect(readStream(responseAnswer, done, end('Hello')).text).toBe('Hello')
    expect(() => readStream(responseAnswer, done, end('Goodbye'))).toThrow(AnswerUnreadable)
  })

  it('shows a call once, with what it is called with at last', () => {
    const item = { id: 'ws', type: 'web_search_call' }
    const facts = readStream(
      responseAnswer,
      { type: 'response.output_item.added', output_index: 0, item },
      { type: 'response.output_item.done', output_index: 0, item: { ...item, action: { query: 'a' } } },
    )
    expect(facts.toolCalls).toEqual([
      { id: 'ws', name: 'web_search', arguments: '{"query":"a"}', input: { query: 'a' } },
    ])
  })
})
