// Ways to bring a forbidden word past the rules of an OpenAI connection, by the class under which other gateways were passed.
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { Attempt, World } from './world.ts'
import { expectFound, expectHeld, expectNothingPassed, forbidden, harmless, startWorld, expectPassed } from './world.ts'

let world: World

beforeAll(async () => {
  world = await startWorld({
    chat: {
      spec: { limits: { maxRequestBytes: 4096 } },
      deny: [`request.toolCalls.exists(c, c.arguments.contains("${forbidden}"))`],
    },
  })
})

afterAll(async () => world[Symbol.asyncDispose]())

const path = '/v1/chat/completions'
const chat = (body: object): Attempt => ({ path, body: JSON.stringify({ model: 'm', ...body }) })
const say = (content: unknown, more: object = {}): Attempt => chat({ messages: [{ role: 'user', content, ...more }] })

describe('old turns', () => {
  it.each([
    ['the first of many', (word: string) => [word, ...Array.from({ length: 20 }, () => 'later')]],
    ['one in the middle', (word: string) => ['first', word, 'last']],
  ])('%s', async (_title, toTexts) => {
    await expectFound(world, 'chat', (word) =>
      chat({ messages: toTexts(word).map((content) => ({ role: 'user', content })) }),
    )
  })

  it.each(['system', 'developer', 'assistant', 'tool', 'function', 'made-up'])('of role %s', async (role) => {
    await expectFound(world, 'chat', (word) =>
      chat({
        messages: [
          { role, content: word },
          { role: 'user', content: 'hi' },
        ],
      }),
    )
  })
})

describe('tool results and calls', () => {
  it('a result of a tool', async () => {
    await expectFound(world, 'chat', (word) => chat({ messages: [{ role: 'tool', tool_call_id: '1', content: word }] }))
  })

  it('a result in parts', async () => {
    await expectFound(world, 'chat', (word) =>
      chat({ messages: [{ role: 'tool', tool_call_id: '1', content: [{ type: 'text', text: word }] }] }),
    )
  })

  it.each([
    ['arguments', (word: string) => ({ type: 'function', function: { name: 'f', arguments: `{"q":"${word}"}` } })],
    ['input of a custom tool', (word: string) => ({ type: 'custom', custom: { name: 'f', input: word } })],
  ])('%s of an earlier call', async (_title, toCall) => {
    await expectFound(world, 'chat', (word) =>
      chat({ messages: [{ role: 'assistant', tool_calls: [{ id: '1', ...toCall(word) }] }] }),
    )
  })
})

describe('nested parts', () => {
  it.each([
    [
      'the second part',
      (word: string) => [
        { type: 'text', text: 'a' },
        { type: 'text', text: word },
      ],
    ],
    ['a refusal', (word: string) => [{ type: 'refusal', refusal: word }]],
    ['a key beside the text', (word: string) => [{ type: 'text', text: 'a', note: { deep: [word] } }]],
  ])('%s', async (_title, toContent) => {
    await expectFound(world, 'chat', (word) => say(toContent(word)))
  })

  it('a part of a type that is not known is refused', async () => {
    expectHeld(await world.send('chat', say([{ type: 'hidden', hidden: forbidden }])), ['body_malformed'])
  })
})

describe('unknown fields that carry text', () => {
  it.each([
    [
      'of the body',
      (word: string) => chat({ messages: [{ role: 'user', content: 'a' }], documents: [{ text: word }] }),
    ],
    ['of a message', (word: string) => say('a', { reasoning_content: word })],
    ['as a key', (word: string) => say('a', { context: { [word]: 1 } })],
    ['in a template', (word: string) => chat({ messages: [{ role: 'user', content: 'a' }], chat_template: word })],
  ])('%s', async (_title, toAttempt) => {
    await expectFound(world, 'chat', toAttempt)
  })
})

describe('escapes', () => {
  it('of JSON hide nothing', async () => {
    await expectFound(world, 'chat', (word) => {
      const escaped = word.replaceAll('n', '\\u006e').replaceAll('s', '\\u0073')
      return { path, body: `{"model":"m","messages":[{"role":"user","content":"${escaped}"}]}` }
    })
  })
})

describe('duplicate keys', () => {
  it.each([
    ['content', `{"model":"m","messages":[{"role":"user","content":"a","content":"${forbidden}"}]}`],
    [
      'messages',
      `{"model":"m","messages":[{"role":"user","content":"${forbidden}"}],"messages":[{"role":"user","content":"a"}]}`,
    ],
    ['an escaped twin', `{"model":"m","messages":[{"role":"user","content":"a","c\\u006fntent":"${forbidden}"}]}`],
    ['a twin in capitals', `{"model":"m","messages":[{"role":"user","content":"a","Content":"${forbidden}"}]}`],
  ])('%s', async (_title, body) => {
    expectHeld(await world.send('chat', { path, body }), ['body_malformed'])
  })
})

describe('encoded paths', () => {
  it.each([
    '/v1/chat/completions/',
    '/v1//chat/completions',
    '/v1/chat/../chat/completions',
    '/v1/chat/%63ompletions',
    '/v1/chat/completions%2f',
    '/v1/chat/completions;x=1',
    '/v1/Chat/Completions',
    '/v1/chat%2fcompletions',
    '/V1/chat/completions',
  ])('%s is no way in', async (odd) => {
    const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: harmless }] })
    const codes = ['operation_not_supported', 'route_not_found', 'bad_request']
    expectHeld(await world.send('chat', { path: odd, body }), codes)
  })
})

describe('batch and other endpoints', () => {
  it.each([
    '/v1/batches',
    '/v1/files',
    '/v1/assistants',
    '/v1/threads/runs',
    '/v1/fine_tuning/jobs',
    '/v1/realtime/sessions',
  ])('%s', async (other) => {
    expectHeld(await world.send('chat', { path: other, body: `{"input":"${forbidden}"}` }), ['operation_not_supported'])
  })
})

const sized = (bytes: number, word: string): Attempt => {
  const empty = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: ` ${word}` }] })
  return { path, body: empty.replace(` ${word}`, `${'x'.repeat(bytes - empty.length)} ${word}`) }
}

describe('size', () => {
  it('one byte below the limit and at the limit is judged', async () => {
    for (const bytes of [4095, 4096]) {
      expectPassed(await world.send('chat', sized(bytes, harmless)))
      expectHeld(await world.send('chat', sized(bytes, forbidden)))
    }
  })

  it('one byte above the limit is refused', async () => {
    expectHeld(await world.send('chat', sized(4097, harmless)), ['body_too_large'])
  })
})

describe('content type', () => {
  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonp',
    'application/json; charset=utf-16',
    'multipart/form-data',
  ])('%s', async (type) => {
    const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: forbidden }] })
    expectHeld(await world.send('chat', { path, body, headers: { 'content-type': type } }), [
      'content_type_unsupported',
    ])
  })
})

describe('smuggling', () => {
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: forbidden }] })
  const inner = `POST /team-a/chat${path} HTTP/1.1\r\nhost: gateway\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  const head = `POST /team-a/chat${path} HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer TOKEN\r\ncontent-type: application/json\r\n`

  it.each([
    ['length and chunks', `${head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${inner}`],
    ['two lengths', `${head}content-length: 0\r\ncontent-length: ${inner.length}\r\n\r\n${inner}`],
    ['an odd transfer encoding', `${head}transfer-encoding: xchunked\r\ncontent-length: 0\r\n\r\n${inner}`],
    ['chunks with an odd size', `${head}transfer-encoding: chunked\r\n\r\n0x0\r\n\r\n${inner}`],
    ['a bare line feed in the head', `${head}x-a: b\ncontent-length: 0\r\n\r\n${inner}`],
    ['a folded header', `${head}content-length:\r\n 0\r\n\r\n${inner}`],
  ])('by %s', async (_title, bytes) => {
    expectNothingPassed(await world.sendRaw(bytes))
  })
})
