import { describe, expect, it } from 'vitest'
import { makeBundle, makeConnection, makeSnapshot } from '../../../test/helpers/make.ts'
import { makeTextMasks } from '../../../test/helpers/word-masks.ts'
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import type { Json, JsonObject } from '../../../policy/model.ts'
import type { Protocol, StreamMask, UpstreamRequest } from '../protocol.ts'
import { anthropicAnswer } from './answer.ts'
import { buildAnthropic } from './anthropic.ts'

const masks = makeTextMasks({ '4111': '[CARD]', 'jo@example.com': '[MAIL]', user: '[WORD]' })
const headers = { 'content-type': 'application/json' }

function buildProtocol(spec: Parameters<typeof makeConnection>[0] = {}): Protocol {
  const declared = makeConnection({ protocol: 'Anthropic', ...spec })
  const [connection] = makeSnapshot(makeBundle({ connections: [declared], policies: [] })).connections.values()
  if (connection === undefined) throw new Error('the connection did not compile')
  return buildAnthropic(connection)
}

const protocol = buildProtocol()

function ask(path: string, query = '', of = protocol): UpstreamRequest | undefined {
  const read = of.plan({ method: 'GET', path, query, headers }).read(new Uint8Array())
  return read.mask?.(masks)
}

function sendText(text: string, of: TextMasks = masks): string {
  const read = protocol.plan({ method: 'POST', path: '/v1/messages', query: '', headers }).read(Buffer.from(text))
  return Buffer.from(read.mask?.(of).body ?? []).toString('utf8')
}

function send(change: object): JsonObject {
  const body = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }], ...change }
  return JSON.parse(sendText(JSON.stringify(body)))
}

const sendBlocks = (...content: readonly JsonObject[]): Json =>
  send({ messages: [{ role: 'assistant', content }] })['messages'] ?? null
const backBlocks = (...content: readonly JsonObject[]): Json => [{ role: 'assistant', content }]

describe('a request under a mask', () => {
  it('is the same bytes when nothing is found', () => {
    const text = '{ "model":"m","max_tokens":1e1, "messages":[{"role":"user","content":"\\u0068i"}] }'
    expect(sendText(text)).toBe(text)
  })

  it('is changed where something was found and nowhere else', () => {
    const text = '{ "model":"m","max_tokens":1e1, "messages":[{"role":"user","content":"\\u0068i\\/ 4111"}] }'
    expect(sendText(text)).toBe(text.replace('4111', '[CARD]'))
  })

  it('hides what tools gave, as text and as blocks (litellm 14612)', () => {
    expect(sendBlocks({ type: 'tool_result', tool_use_id: 'a', content: 'of 4111' })).toEqual(
      backBlocks({ type: 'tool_result', tool_use_id: 'a', content: 'of [CARD]' }),
    )
    expect(sendBlocks({ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: '4111' }] })).toEqual(
      backBlocks({ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: '[CARD]' }] }),
    )
  })

  it('hides what tools were called with in earlier turns, numbers and names as well (litellm 41265)', () => {
    expect(sendBlocks({ type: 'tool_use', id: 'a', name: 'f', input: { n: 4111, '4111': ['x 4111'] } })).toEqual(
      backBlocks({ type: 'tool_use', id: 'a', name: 'f', input: { n: '[CARD]', '[CARD]': ['x [CARD]'] } }),
    )
  })

  it('keeps the signature of a thought that it masks', () => {
    const signature = 'EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds48Yhub0jdYjYdYdYdYd0s1A'
    expect(sendBlocks({ type: 'thinking', thinking: 'of 4111', signature })).toEqual(
      backBlocks({ type: 'thinking', thinking: 'of [CARD]', signature }),
    )
  })

  it('keeps roles of the protocol, and masks one of a caller’s own', () => {
    const messages = [
      { role: 'user', content: 'user' },
      { role: 'user 2', content: 'x' },
    ]
    expect(send({ messages })['messages']).toEqual([
      { role: 'user', content: '[WORD]' },
      { role: '[WORD] 2', content: 'x' },
    ])
  })

  it('keeps the model that the connection declares, whatever it is called', () => {
    const declared = buildProtocol({ models: [{ name: 'm', upstreamName: 'user 4111' }] })
    const body = Buffer.from('{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"4111"}]}')
    const read = declared.plan({ method: 'POST', path: '/v1/messages', query: '', headers }).read(body)
    expect(Buffer.from(read.mask?.(masks).body ?? []).toString()).toBe(
      '{"model":"user 4111","max_tokens":9,"messages":[{"role":"user","content":"[CARD]"}]}',
    )
  })

  it('hides text in the name of a model that nobody declared', () => {
    expect(send({ model: 'jo@example.com' })['model']).toBe('[MAIL]')
    expect(send({ model: 'claude-4111' })['model']).toBe('claude-4111')
  })

  it('hides text in questions about models', () => {
    expect(ask('/v1/models/jo%40example.com')).toEqual({ path: '/v1/models/%5BMAIL%5D', query: '' })
    expect(ask('/v1/models', '?limit=5&after_id=jo@example.com')).toEqual({
      path: '/v1/models',
      query: '?limit=5&after_id=%5BMAIL%5D',
    })
    expect(ask('/v1/models/claude-4111', '?beta=true')).toEqual({ path: '/v1/models/claude-4111', query: '?beta=true' })
  })

  it('is masked alike when only its tokens are counted', () => {
    const body = Buffer.from('{"model":"m","messages":[{"role":"user","content":"4111"}]}')
    const read = protocol.plan({ method: 'POST', path: '/v1/messages/count_tokens', query: '', headers }).read(body)
    expect(Buffer.from(read.mask?.(masks).body ?? []).toString()).toContain('[CARD]')
  })
})

function openMask(): StreamMask {
  const mask = anthropicAnswer.openMask?.({ status: 200, headers: { 'content-type': 'text/event-stream' } }, masks)
  if (mask === undefined) throw new Error('a stream of events opens as one')
  return mask
}

function run(events: readonly object[]): readonly string[] {
  const mask = openMask()
  const sent = events.map((event) => mask.push(Buffer.from(`data: ${JSON.stringify(event)}\n\n`)))
  return [...sent, mask.end()].flatMap((bytes) =>
    Buffer.from(bytes)
      .toString('utf8')
      .split('\n')
      .filter((line) => line.startsWith('data: '))
      .map((line) => line.slice(6)),
  )
}

const begin = (index: number, content_block: object): object => ({ type: 'content_block_start', index, content_block })
const grow = (index: number, delta: object): object => ({ type: 'content_block_delta', index, delta })
const say = (index: number, text: string): object => grow(index, { type: 'text_delta', text })
const piece = (partial_json: string): object => grow(0, { type: 'input_json_delta', partial_json })
const cited = (cited_text: string): object =>
  grow(0, { type: 'citations_delta', citation: { type: 'char_location', cited_text, document_index: 4111 } })
const stop = (index: number): object => ({ type: 'content_block_stop', index })

function write(events: readonly object[]): readonly string[] {
  return events.map((event) => JSON.stringify(event))
}

describe('a stream under a mask', () => {
  it('hides an address that two events bring (litellm 41611, 35257)', () => {
    const text = begin(0, { type: 'text', text: '' })
    expect(run([text, say(0, 'mail jo@exa'), say(0, 'mple.com, ok'), stop(0)])).toEqual(
      write([text, say(0, 'mail '), say(0, '[MAIL], ok'), stop(0)]),
    )
  })

  it('says what is left of a block before its end, and nothing of another', () => {
    expect(run([say(0, 'a 41'), say(1, 'b 41'), stop(0), say(1, '11'), stop(1)])).toEqual(
      write([say(0, 'a '), say(1, 'b '), say(0, '41'), stop(0), say(1, '[CARD]'), stop(1)]),
    )
  })

  it('says what is left of every block before the message ends, and no sooner', () => {
    const counted = { type: 'message_delta', delta: { stop_reason: null }, usage: { output_tokens: 4111 } }
    const ended = { type: 'message_delta', delta: { stop_reason: 'end_turn' } }
    expect(run([say(0, '41'), counted, say(0, '11 4'), ended])).toEqual(
      write([say(0, ''), counted, say(0, '[CARD] '), say(0, '4'), ended]),
    )
  })

  it.each([
    ['an error', { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }],
    ['the end', { type: 'message_stop' }],
  ])('says what is left before %s', (_, last) => {
    expect(run([say(0, '41'), last])).toEqual(write([say(0, ''), say(0, '41'), last]))
  })

  it('says what is left when it breaks off', () => {
    expect(run([say(0, 'x 41')])).toEqual(write([say(0, 'x '), say(0, '41')]))
  })

  it('gives what a block began with as a delta when it was held', () => {
    const text = begin(0, { type: 'thinking', thinking: '41', signature: '' })
    expect(run([text, stop(0)])).toEqual(
      write([
        begin(0, { type: 'thinking', thinking: '', signature: '' }),
        grow(0, { type: 'thinking_delta', thinking: '41' }),
        stop(0),
      ]),
    )
  })

  it('masks what a call is made with as the JSON that it is', () => {
    const sent = run([piece('{"a":41'), piece('11,"b":"\\u00'), piece('34111"}'), stop(0)])
    const pieces = sent.map((data): string => {
      const { delta }: { delta?: { partial_json?: string } } = JSON.parse(data)
      return delta?.partial_json ?? ''
    })
    expect(JSON.parse(pieces.join(''))).toEqual({ a: '[CARD]', b: '[CARD]' })
  })

  it('hides a citation, which comes whole', () => {
    expect(run([cited('of 4111')])).toEqual(write([cited('of [CARD]')]))
  })

  it('hides data of an error that is no JSON', () => {
    const mask = openMask()
    const sent = mask.push(Buffer.from('event: error\ndata: of 4111\n\n'))
    expect(Buffer.from(sent).toString()).toBe('event: error\ndata: of [CARD]\n\n')
  })

  it('does not open for an answer that is none', () => {
    expect(anthropicAnswer.openMask?.({ status: 200, headers: { 'content-type': 'application/json' } }, masks)).toBe(
      undefined,
    )
  })
})
