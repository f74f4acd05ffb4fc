// OpenAI's own SDK, unmodified but for its address and key.
import OpenAI from 'openai'
import { makeParseableResponseFormat, makeParseableTextFormat } from 'openai/lib/parser'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOpenAI, deniedAnswer } from './openai-model.ts'
import type { Expected, Reader } from './reading.ts'
import { hear, itStreams } from './reading.ts'
import type { Stage, Way } from './stage.ts'
import { answerMessage, expectSame, raisedBy, requestMessage, startStage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage({ spec: { protocol: 'OpenAI' }, answer: answerOpenAI, deniedAnswer })
})
afterAll(async () => stage[Symbol.asyncDispose]())

const toClient = ({ origin, key }: Way): OpenAI => new OpenAI({ baseURL: `${origin}/v1`, apiKey: key, maxRetries: 0 })

const chat = (content: string) => ({ model: 'm', messages: [{ role: 'user' as const, content }] })
const respond = (input: string) => ({ model: 'm', input })

const denied = { status: 403, code: 'policy_denied', message: `403 ${requestMessage}`, error: { rule: 'deny' } }
const held = { status: 403, code: 'response_denied', message: `403 ${answerMessage}`, error: { rule: 'answers' } }
const limited = { status: 429, code: 'limit_exceeded', type: 'rate_limit_error' }
const cut = { code: 'response_denied', message: answerMessage }

const errors = { denied, held, limited, cut }

const readChat: Reader = (way, prompt) =>
  hear(
    () => toClient(way).chat.completions.create({ ...chat(prompt), stream: true }),
    ({ choices: [choice] }) => ({ text: choice?.delta.content ?? '', finish: choice?.finish_reason }),
  )

const readers: readonly (readonly [string, Reader, Expected])[] = [
  ['chat.completions.create', readChat, { ...errors, text: 'Zähler', finish: 'stop', finishAtLimit: 'length' }],
  [
    'chat.completions.stream',
    (way, prompt) =>
      hear(
        () => toClient(way).chat.completions.stream(chat(prompt)),
        ({ choices: [choice] }) => ({ text: choice?.delta.content ?? '', finish: choice?.finish_reason }),
      ),
    { ...errors, text: 'Zähler', finish: 'stop', finishAtLimit: 'length' },
  ],
  [
    'completions.create',
    (way, prompt) =>
      hear(
        () => toClient(way).completions.create({ model: 'm', prompt, stream: true }),
        ({ choices: [choice] }) => ({ text: choice?.text, finish: choice?.finish_reason }),
      ),
    { ...errors, text: ' a time', finish: 'length', finishAtLimit: 'length' },
  ],
  [
    'responses.create',
    (way, prompt) =>
      hear(
        () => toClient(way).responses.create({ ...respond(prompt), stream: true }),
        (event) => ({
          ...(event.type === 'response.output_text.delta' && { text: event.delta }),
          ...(event.type === 'response.completed' && { finish: event.response.status }),
          ...(event.type === 'response.incomplete' && { finish: event.response.incomplete_details?.reason }),
        }),
      ),
    { ...errors, text: 'Hello.', finish: 'completed', finishAtLimit: 'max_output_tokens' },
  ],
  [
    'responses.stream',
    (way, prompt) =>
      hear(
        () => toClient(way).responses.stream(respond(prompt)),
        (event) => ({
          ...(event.type === 'response.output_text.delta' && { text: event.delta }),
          ...(event.type === 'response.completed' && { finish: event.response.status }),
          ...(event.type === 'response.incomplete' && { finish: event.response.incomplete_details?.reason }),
        }),
      ),
    { ...errors, text: 'Hello.', finish: 'completed', finishAtLimit: 'max_output_tokens' },
  ],
]

describe.each(readers)('a stream of the OpenAI SDK, %s,', (_name, read, expected) => {
  itStreams(() => stage, read, expected)
})

const parameters = { type: 'object', properties: {} }
const tool = (name: string) => ({
  type: 'function' as const,
  function: { name, description: `It can ${name}.`, parameters, parse: JSON.parse, function: () => `${name}: done` },
})
const tools = [tool('delete'), tool('list')]

const parseChat = makeParseableResponseFormat<{ colour: string }>(
  { type: 'json_schema', json_schema: { name: 'cat', schema: parameters } },
  JSON.parse,
)
const parseText = makeParseableTextFormat<{ colour: string }>(
  { type: 'json_schema', name: 'cat', schema: parameters },
  JSON.parse,
)

type Call = (client: OpenAI, prompt: string) => Promise<unknown>

const calls: readonly (readonly [string, Call, unknown])[] = [
  [
    'a chat completion',
    (client, prompt) => client.chat.completions.create(chat(prompt)),
    { choices: [{ message: { content: 'Zähler' }, finish_reason: 'stop' }], usage: { total_tokens: 12 } },
  ],
  [
    'a chat completion that is parsed',
    async (client, prompt) => {
      const { choices } = await client.chat.completions.parse({ ...chat(prompt), response_format: parseChat })
      return choices[0]?.message.parsed
    },
    { colour: 'black' },
  ],
  [
    'tools that are run',
    async (client, prompt) => {
      const runner = client.chat.completions.runTools({ ...chat(prompt), tools })
      return [await runner.finalContent(), runner.messages.map(({ role, content }) => [role, content])]
    },
    [
      'Zähler',
      [
        ['user', 'hi'],
        ['assistant', null],
        ['tool', 'delete: done'],
        ['tool', 'list: done'],
        ['assistant', 'Zähler'],
      ],
    ],
  ],
  [
    'tools that are run from a stream',
    async (client, prompt) => {
      const runner = client.chat.completions.runTools({ ...chat(prompt), tools, stream: true })
      return [await runner.finalContent(), runner.messages.map(({ role }) => role)]
    },
    ['Zähler', ['user', 'assistant', 'tool', 'tool', 'assistant']],
  ],
  [
    'a completion',
    (client, prompt) => client.completions.create({ model: 'm', prompt }),
    { choices: [{ text: ' a time', finish_reason: 'length' }, { text: ' a hill' }] },
  ],
  [
    'a response',
    (client, prompt) => client.responses.create({ ...respond(prompt), store: false }),
    { output_text: 'Hello.', status: 'completed', usage: { total_tokens: 33 } },
  ],
  [
    'a response with a call',
    async (client, prompt) => {
      const wave = { type: 'function' as const, name: 'wave', parameters, strict: false }
      const { output } = await client.responses.create({ ...respond(prompt), tools: [wave] })
      return output.find(({ type }) => type === 'function_call')
    },
    { name: 'wave', arguments: '{"hand":"left"}' },
  ],
  [
    'a response that is parsed',
    async (client, prompt) =>
      (await client.responses.parse({ ...respond(prompt), text: { format: parseText } })).output_parsed,
    { colour: 'black' },
  ],
  [
    'a response from its helper',
    async (client, prompt) => client.responses.stream(respond(prompt)).finalResponse(),
    { output_text: 'Hello.', output: [{}, {}, { type: 'function_call', arguments: '{"hand":"left"}' }, {}] },
  ],
  [
    'embeddings, which it asks for in base64',
    (client, prompt) => client.embeddings.create({ model: 'm', input: [prompt, 'Another.'] }),
    { data: [{ embedding: [Math.fround(0.1), Math.fround(-0.2)] }, { index: 1 }], usage: { total_tokens: 5 } },
  ],
  [
    'embeddings as numbers',
    (client, prompt) => client.embeddings.create({ model: 'm', input: prompt, encoding_format: 'float' }),
    { data: [{ embedding: [0.1, -0.2] }, {}] },
  ],
]

describe('the OpenAI SDK', () => {
  it.each(calls)('gets %s as from the model itself', async (_name, call, expected) => {
    expect(await expectSame(stage, (way) => call(toClient(way), 'hi'))).toMatchObject(expected as object)
  })

  it.each(calls)('is denied %s in its own type', async (_name, call) => {
    const before = stage.model.seen.length
    const error = await raisedBy(call(toClient(await stage.through('judged')), 'something forbidden'))
    expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError)
    expect(error).toMatchObject(denied)
    expect(stage.model.seen.length).toBe(before)
  })

  it.each(calls.filter(([, , expected]) => /Zähler|Hello| a time/u.test(JSON.stringify(expected))))(
    'is denied %s whose words a rule denies',
    async (_name, call) => {
      for (const place of ['held', 'cut'] as const) {
        const error = await raisedBy(call(toClient(await stage.through(place)), 'hi'))
        expect(error).toBeInstanceOf(OpenAI.APIError)
        expect(error).toMatchObject({ code: 'response_denied' })
      }
    },
  )

  it('lists models and retrieves one', async () => {
    const list = await expectSame(stage, async (way) => Array.fromAsync(toClient(way).models.list()))
    expect(list.map(({ id }) => id)).toEqual(['org/model-7b'])
    const one = await expectSame(stage, (way) => toClient(way).models.retrieve('ft:model-7b:acme::1'))
    expect(one).toEqual({ ...list[0], id: 'ft:model-7b:acme::1' })
  })

  it('[RT2] is not told of a single model whose name has a slash, which it encodes', async () => {
    const client = toClient(await stage.through('judged'))
    const error = await raisedBy(client.models.retrieve('org/model-7b'))
    expect(error).toBeInstanceOf(OpenAI.NotFoundError)
    expect(error).toMatchObject({ code: 'route_not_found' })
  })

  it('raises its own type where a limit is met, and is told when to come again', async () => {
    const client = toClient(await stage.through('spent'))
    const say = (words: string) => client.chat.completions.create({ ...chat(words), max_completion_tokens: 900 })
    await say('hi')
    const error = await raisedBy(Promise.all([say('hi'), say('hi')]))
    expect(error).toBeInstanceOf(OpenAI.RateLimitError)
    expect(error).toMatchObject(limited)
    expect((error as InstanceType<typeof OpenAI.RateLimitError>).headers.get('retry-after')).toMatch(/^\d+$/u)
  })
})
