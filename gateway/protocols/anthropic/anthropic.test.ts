import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeBundle, makeConnection, makeSnapshot } from '../../../test/helpers/make.ts'
import type { InferenceFacts } from '../../../policy/model.ts'
import { GatewayError } from '../../errors.ts'
import type { Protocol, RequestPlan } from '../protocol.ts'
import { AnswerUnreadable } from '../protocol.ts'
import { anthropicAnswer } from './answer.ts'
import { buildAnthropic } from './anthropic.ts'
import { renderAnthropicError } from './error.ts'

const headers = { 'content-type': 'application/json' }
const user = { role: 'user', content: 'hi' }

function buildProtocol(spec: Parameters<typeof makeConnection>[0] = {}): Protocol {
  const declared = makeConnection({ protocol: 'Anthropic', ...spec })
  const [connection] = makeSnapshot(makeBundle({ connections: [declared], policies: [] })).connections.values()
  if (connection === undefined) throw new Error('the connection did not compile')
  return buildAnthropic(connection)
}

const protocol = buildProtocol()

function plan(method: string, path: string, query = ''): RequestPlan {
  return protocol.plan({ method, path, query, headers })
}

function readText(text: string): InferenceFacts {
  return plan('POST', '/v1/messages').read(Buffer.from(text)).facts
}

const readBody = (change: object): InferenceFacts =>
  readText(JSON.stringify({ model: 'm', max_tokens: 5, messages: [user], ...change }))
const readBlocks = (...content: object[]): InferenceFacts => readBody({ messages: [{ role: 'user', content }] })

function outcomeOf(read: () => unknown): string {
  try {
    read()
    return 'read'
  } catch (error) {
    return error instanceof GatewayError ? error.code : 'crashed'
  }
}

describe('operations of Anthropic', () => {
  it.each([
    ['POST', '/v1/messages', ''],
    ['POST', '/v1/messages', '?beta=true'],
    ['POST', '/v1/messages/count_tokens', '?beta=true'],
    ['GET', '/v1/models', '?beta=true&limit=10&after_id=claude-1'],
    ['GET', '/v1/models/claude-1', ''],
  ])('are %s %s%s', (method, path, query) => {
    expect(plan(method, path, query).takesBody).toBe(method === 'POST')
  })

  it.each([
    ['POST', '/v1/messages/batches'],
    ['GET', '/v1/messages/batches/msgbatch_1/results'],
    ['POST', '/v1/complete'],
    ['POST', '/v1/files'],
    ['GET', '/v1/files/file_1/content'],
    ['POST', '/v1/skills'],
    ['POST', '/messages'],
    ['GET', '/v1/messages'],
    ['DELETE', '/v1/models/m'],
    ['POST', '/v1/models'],
    ['GET', '/v1/models/'],
    ['GET', '/v1/models/a/b'],
    ['POST', '/v1/messages/'],
    ['POST', '/constructor'],
  ])('are not %s %s', (method, path) => {
    expect(outcomeOf(() => plan(method, path))).toBe('operation_not_supported')
  })

  it.each([
    ['POST', '/v1/messages', '?beta=false'],
    ['POST', '/v1/messages', '?beta=true&model=other'],
    ['GET', '/v1/models', '?limit=10&key=x'],
    ['GET', '/v1/models', '?limit=10&'],
    ['GET', '/v1/models/m', '?limit=10'],
    ['GET', '/v1/models/%', ''],
  ])('do not take %s %s%s', (method, path, query) => {
    expect(outcomeOf(() => plan(method, path, query))).toBe('bad_request')
  })

  it('take JSON alone', () => {
    const head = { method: 'POST', path: '/v1/messages', query: '', headers: { 'content-type': 'text/plain' } }
    expect(outcomeOf(() => protocol.plan(head))).toBe('content_type_unsupported')
  })

  it('answer for a declared model whose name is encoded in the path', () => {
    const declaring = buildProtocol({ models: [{ name: 'a b' }] })
    const read = declaring.plan({ method: 'GET', path: '/v1/models/a%20b', query: '', headers: {} }).read(Buffer.of())
    expect(JSON.parse(Buffer.from(read.ownAnswer?.body ?? []).toString())).toMatchObject({ type: 'model', id: 'a b' })
  })
})

describe('what cannot be judged', () => {
  it.each([
    ['another server that the model would call', { mcp_servers: [{ type: 'url', name: 'x', url: 'https://x' }] }],
    ['tools of another server', { tools: [{ type: 'mcp_toolset', mcp_server_name: 'x' }] }],
    ['another model as a tool', { tools: [{ type: 'advisor_20260301', name: 'advisor', model: 'big' }] }],
    ['other models to fall back to', { fallbacks: [{ model: 'big' }] }],
    ['a container', { container: 'container_1' }],
    ['skills', { container: { skills: [{ type: 'custom', skill_id: 's' }] } }],
    ['a stored conversation', { thread: { type: 'continue', thread_id: 't' } }],
    [
      'a stored document',
      { messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'file', file_id: 'f' } }] }] },
    ],
    [
      'a stored image',
      { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'file', file_id: 'f' } }] }] },
    ],
    ['a stored file', { messages: [{ role: 'user', content: [{ type: 'container_upload', file_id: 'f' }] }] }],
    [
      'a stored file beside text',
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'a', file_id: 'f' }] }] },
    ],
    [
      'tools that a block brings in',
      { messages: [{ role: 'user', content: [{ type: 'compaction', content: 's', tool_changes: [{}] }] }] },
    ],
  ])('is refused: %s', (_title, change) => {
    expect(outcomeOf(() => readBody(change))).toBe('body_malformed')
  })

  it('is not what is null', () => {
    expect(readBody({ container: null, mcp_servers: [], thread: null }).prompt).toBe('hi')
  })
})

describe('what a model would read', () => {
  it.each([
    ['a message', { messages: [{ ...user, note: 'hidden' }] }],
    ['a block', { messages: [{ role: 'user', content: [{ type: 'text', text: 'a', note: { deep: ['hidden'] } }] }] }],
    [
      'a source',
      {
        messages: [
          { role: 'user', content: [{ type: 'image', source: { type: 'url', url: 'https://x', note: 'hidden' } }] },
        ],
      },
    ],
    ['the name of a key', { context: { hidden: 1 } }],
    [
      'a type that is prose',
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'a', id: 'words that are hidden' }] }] },
    ],
    [
      'a seal that is none',
      { messages: [{ role: 'assistant', content: [{ type: 'thinking', thinking: 'a', signature: 'hidden' }] }] },
    ],
    [
      'redacted thoughts in the open',
      { messages: [{ role: 'assistant', content: [{ type: 'redacted_thinking', data: 'words that are hidden' }] }] },
    ],
    [
      'a source of text without blanks',
      {
        messages: [
          { role: 'user', content: [{ type: 'document', source: { type: 'text', data: `${'a'.repeat(99)}hidden` } }] },
        ],
      },
    ],
    [
      'what a tool is called with',
      {
        messages: [
          { role: 'assistant', content: [{ type: 'tool_use', id: '1', name: 'f', input: { name: 'hidden' } }] },
        ],
      },
    ],
    ['the schema of a tool', { tools: [{ name: 'f', input_schema: { properties: { a: { enum: ['hidden'] } } } }] }],
    [
      'instructions to forget',
      { context_management: { edits: [{ type: 'compact_20260112', instructions: 'hidden' }] } },
    ],
  ])('is found in %s', (_title, change) => {
    expect(readBody(change).prompt).toContain('hidden')
  })

  it('is not a sealed thought', () => {
    const signature = 'EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds48Yhub0jdYjYdYdYdYd0s1A=='
    expect(readBlocks({ type: 'thinking', thinking: 'so', signature }).prompt).toBe('so')
  })

  it('has the digits of numbers as they came', () => {
    const block = '{"type":"tool_use","id":"1","name":"pay","input":{"to":[1234567890123456789,1e400],"sum":1.50}}'
    const facts = readText(`{"model":"m","messages":[{"role":"assistant","content":[${block}]}]}`)
    expect(facts.toolCalls?.[0]?.arguments).toBe('{"to":[1234567890123456789,1e400],"sum":1.50}')
  })

  it('takes names that every object inherits for nothing but names', () => {
    const facts = readText('{"model":"m","messages":[{"role":"user","content":"hi"}],"__proto__":{"thread":"x"}}')
    expect(facts.prompt).toBe('hi\n__proto__\nthread\nx')
  })
})

describe('a body that two readers could read differently', () => {
  it.each([
    ['a known key in capitals', { Messages: [user] }],
    ['a refused key in capitals', { Thread: 'x' }],
    ['a content in capitals', { messages: [{ ...user, Content: 'x' }] }],
    ['a text in capitals', { messages: [{ role: 'user', content: [{ type: 'text', text: 'a', Text: 'b' }] }] }],
    [
      'a source in capitals',
      {
        messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'url', url: 'https://x', URL: 'y' } }] }],
      },
    ],
    ['a tool’s name in capitals', { tools: [{ name: 'f', Name: 'g' }] }],
    ['a block of an unknown type', { messages: [{ role: 'user', content: [{ type: 'novelty' }] }] }],
    ['a block without a type', { messages: [{ role: 'user', content: [{ text: 'a' }] }] }],
    ['a block that is a string', { messages: [{ role: 'user', content: ['a'] }] }],
    ['a text that is no string', { messages: [{ role: 'user', content: [{ type: 'text', text: 3 }] }] }],
    ['a content that is a number', { messages: [{ role: 'user', content: 3 }] }],
    [
      'a media type with parameters',
      {
        messages: [
          {
            role: 'user',
            content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png;base64,QQ==', data: 'QQ==' } }],
          },
        ],
      },
    ],
    [
      'bytes that are no base64',
      {
        messages: [
          {
            role: 'user',
            content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: '%%' } }],
          },
        ],
      },
    ],
    [
      'bytes as a link',
      {
        messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'url', url: 'data:text/plain,hi' } }] }],
      },
    ],
    [
      'a source of an unknown type',
      { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 's3', uri: 'x' } }] }] },
    ],
    ['no conversation', { messages: [] }],
    ['a negative limit', { max_tokens: -1 }],
    ['a system that is a number', { system: 1 }],
    ['tools that are no list', { tools: {} }],
  ])('[RQ2] is refused: %s', (_title, change) => {
    expect(outcomeOf(() => readBody(change))).toBe('body_malformed')
  })

  it('[RQ2] throws nothing but refusals, whatever the JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.jsonValue({ maxDepth: 5 }), (content, tools) => {
        const change = {
          messages: [
            { role: 'user', content },
            { role: 'user', content: [{ type: 'document', source: content }] },
          ],
          tools: [tools],
        }
        expect(['read', 'body_malformed']).toContain(outcomeOf(() => readBody(change)))
      }),
    )
  })
})

describe('answers of any shape', () => {
  const head = { status: 200, headers: { 'content-type': 'application/json' } }
  const streamHead = { status: 200, headers: { 'content-type': 'text/event-stream' } }

  it('are read, or said to be unreadable', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        for (const content of [value, { type: 'message', content: value, usage: value, stop_reason: value }]) {
          expect(typeof anthropicAnswer.readWhole(head, Buffer.from(JSON.stringify(content))).text).toBe('string')
        }
      }),
    )
  })

  it('are read as streams of any events', () => {
    const types = [
      'message_start',
      'content_block_start',
      'content_block_delta',
      'message_delta',
      'message_stop',
      'error',
    ]
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...types), fc.jsonValue({ maxDepth: 3 }))), (events) => {
        const stream = anthropicAnswer.openStream(streamHead)
        for (const [type, value] of events) {
          const data = { type, index: value, delta: value, content_block: value, message: value, usage: value }
          stream?.push(Buffer.from(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`))
        }
        expect(typeof stream?.facts().text).toBe('string')
        expect(stream?.close({ kind: 'BudgetSpent' })).toBeInstanceOf(Uint8Array)
      }),
    )
  })

  it('have the digits of numbers as they came', () => {
    const body =
      '{"content":[{"type":"text","text":"a"},{"type":"tool_use","id":"1","name":"pay","input":{"to":1234567890123456789}}]}'
    expect(anthropicAnswer.readWhole(head, Buffer.from(body)).toolCalls[0]?.arguments).toBe(
      '{"to":1234567890123456789}',
    )
  })

  it.each([
    ['content_block_start', 'content_block'],
    ['content_block_delta', 'delta'],
    ['novelty', 'novel'],
  ])('of more words than a call takes arguments are read: %s', (type, key) => {
    const value = { words: Object.fromEntries(Array.from({ length: 40_000 }, (_, i) => [`k${i}`, 'v'])) }
    const stream = anthropicAnswer.openStream(streamHead)
    stream?.push(Buffer.from(`data: ${JSON.stringify({ type, index: 0, [key]: value })}\n\n`))
    expect(stream?.facts().text.length).toBeGreaterThan(200_000)
  })

  it('hide no piece of a word between events', () => {
    const stream = anthropicAnswer.openStream(streamHead)
    for (const text of ['for', 'bid', 'den']) {
      stream?.push(
        Buffer.from(
          `data: ${JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })}\n\n`,
        ),
      )
    }
    expect(stream?.facts().text).toBe('forbidden')
  })

  it('are unreadable when they are no UTF-8', () => {
    expect(() => anthropicAnswer.readWhole(head, Buffer.of(0xff))).toThrow(AnswerUnreadable)
  })

  it('need no close after their end', () => {
    const stream = anthropicAnswer.openStream(streamHead)
    stream?.push(Buffer.from('event: message_stop\ndata: {"type":"message_stop"}\n\n'))
    expect(stream?.close({ kind: 'BudgetSpent' })).toEqual(new Uint8Array())
  })

  it('close what the caller has seen, not what was judged last', () => {
    const stream = anthropicAnswer.openStream(streamHead)
    stream?.push(Buffer.from('data: {"type":"message_start","message":{}}\n\n'))
    stream?.push(
      Buffer.from('data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n'),
    )
    stream?.facts()
    stream?.push(Buffer.from('data: {"type":"content_block_stop","index":0}\n\ndata: {"type":"message_stop"}\n\n'))
    stream?.facts()
    const events = Buffer.from(stream?.close({ kind: 'BudgetSpent' }) ?? []).toString()
    expect(events.match(/event: \w+/gu)).toEqual([
      'event: content_block_stop',
      'event: message_delta',
      'event: message_stop',
    ])
  })

  it('begin before they end where the caller has seen nothing', () => {
    const stream = anthropicAnswer.openStream(streamHead)
    stream?.push(Buffer.from('data: {"type":"message_start","message":{}}\n\n'))
    stream?.facts()
    const events = Buffer.from(stream?.close({ kind: 'BudgetSpent' }) ?? []).toString()
    expect(events.match(/event: \w+/gu)).toEqual([
      'event: message_start',
      'event: message_delta',
      'event: message_stop',
    ])
  })

  it('need only the last event where the reason was told', () => {
    const stream = anthropicAnswer.openStream(streamHead)
    stream?.push(
      Buffer.from('data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}\n\n'),
    )
    expect(Buffer.from(stream?.close({ kind: 'BudgetSpent' }) ?? []).toString()).toBe(
      'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    )
  })
})

it.each([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [502, 'api_error'],
  [504, 'timeout_error'],
])('an error of status %i is of type %s', (status, type) => {
  const { body } = renderAnthropicError({ status, code: 'policy_denied', message: 'No.', policy: 'a/b', rule: 'c' })
  expect(JSON.parse(body)).toEqual({
    type: 'error',
    error: { type, message: 'No.', details: { error_code: 'policy_denied', policy: 'a/b', rule: 'c' } },
  })
})
