// Ways to bring a forbidden word past the rules of an OpenAI connection, by the class under which other gateways were passed.
import { afterAll, beforeAll, it } from 'vitest'
import { attack } from './classes.ts'
import { expectFound, expectHeld } from './held.ts'
import type { Attempt, World } from './world.ts'
import { forbidden, startWorld } from './world.ts'

let world: World

beforeAll(async () => {
  world = await startWorld({ chat: {} })
})

afterAll(async () => world[Symbol.asyncDispose]())

const path = '/v1/chat/completions'
const chat = (body: object): Attempt => ({ path, body: JSON.stringify({ model: 'm', ...body }) })
const say = (content: unknown, more: object = {}): Attempt => chat({ messages: [{ role: 'user', content, ...more }] })

attack('old turns', 'OpenAI', () => {
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

attack('tool results and calls', 'OpenAI', () => {
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

attack('nested parts', 'OpenAI', () => {
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

attack('unknown fields that carry text', 'OpenAI', () => {
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

attack('escapes and base64', 'OpenAI', () => {
  it('of JSON hide nothing', async () => {
    await expectFound(world, 'chat', (word) => {
      const escaped = word.replaceAll('n', '\\u006e').replaceAll('s', '\\u0073')
      return { path, body: `{"model":"m","messages":[{"role":"user","content":"${escaped}"}]}` }
    })
  })
})

attack('duplicate keys', 'OpenAI', () => {
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

attack('other endpoints', 'OpenAI', () => {
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
