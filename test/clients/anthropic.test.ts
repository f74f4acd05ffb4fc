import Anthropic from '@anthropic-ai/sdk'
import { describe, expect, it } from 'vitest'
import type { BundlePolicy } from '../../policy/bundle.ts'
import type { TestGateway } from '../helpers/gateway.ts'
import { startGateway } from '../helpers/gateway.ts'
import { allowAll, denyWhen, makeConnection, makePolicy } from '../helpers/make.ts'
import { readText, startUpstream } from '../helpers/upstream-server.ts'

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: string
}

const message = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku',
  content: [{ type: 'text', text: 'Hello!' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 9, output_tokens: 3 },
}

const events: readonly { readonly type: string; readonly [key: string]: unknown }[] = [
  {
    type: 'message_start',
    message: { ...message, content: [], stop_reason: null, usage: { input_tokens: 9, output_tokens: 1 } },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'ping' },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hel' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'lo!' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'content_block_start', index: 1, content_block: { type: 'tool_use', id: 'toolu_1', name: 'pay', input: {} } },
  { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"amount": 2' } },
  { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '50}' } },
  { type: 'content_block_stop', index: 1 },
  { type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null }, usage: { output_tokens: 12 } },
  { type: 'message_stop' },
]

/** A model server that does not keep to `max_tokens`. */
const longEvents: typeof events = [
  ...events.slice(0, 3),
  ...Array.from({ length: 200 }, () => ({
    type: 'content_block_delta',
    index: 0,
    delta: { type: 'text_delta', text: 'and so on, and so forth, ' },
  })),
  ...events.slice(5),
]

const answers: Readonly<Record<string, object>> = {
  '/v1/messages/count_tokens': { input_tokens: 14 },
  '/v1/models': { data: [{ type: 'model', id: 'claude-haiku' }], has_more: false, first_id: null, last_id: null },
}

interface All extends AsyncDisposable {
  readonly seen: Seen[]
  readonly gw: TestGateway
  readonly client: Anthropic
}

const declared = [{ name: 'small', upstreamName: 'claude-haiku' }]

async function startAll(policies: readonly BundlePolicy[], models: typeof declared = declared): Promise<All> {
  const seen: Seen[] = []
  const upstream = await startUpstream((request, response) => {
    void readText(request).then((body) => {
      const { method = '', url = '', headers } = request
      seen.push({ method, url, headers, body })
      if (!body.includes('"stream":true')) {
        response.writeHead(200, { 'content-type': 'application/json', 'request-id': 'req_1' })
        return response.end(JSON.stringify(answers[url] ?? message))
      }
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
      return response.end(
        (body.includes('at length') ? longEvents : events)
          .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
          .join(''),
      )
    })
  })
  const connection = makeConnection(
    { protocol: 'Anthropic', ...(models.length === 0 ? {} : { models }) },
    {
      endpoints: [{ name: 'main', origin: upstream.origin, basePath: '', weight: 1, place: 'External' }],
      credential: { type: 'Header', header: 'x-api-key', prefix: '', slot: 'team-a.chat' },
    },
  )
  const gw = await startGateway({ connections: [connection], policies })
  gw.gateway.credentials.set(new Map([['team-a.chat', 'sk-injected']]))
  return {
    seen,
    gw,
    client: new Anthropic({ baseURL: `${gw.origin}/team-a/chat`, apiKey: gw.token, maxRetries: 0 }),
    [Symbol.asyncDispose]: async () => {
      await gw[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

const judging = [
  makePolicy({
    rules: [
      allowAll,
      denyWhen('request.prompt.contains("forbidden")', 'ask the platform team'),
      { ...denyWhen('request.tools.exists(t, t.type.startsWith("web_search"))', 'no searching'), name: 'no-search' },
    ],
  }),
]

const ask = (content: string, model = 'small') => ({
  model,
  max_tokens: 100,
  messages: [{ role: 'user' as const, content }],
})

describe('the Anthropic SDK, unchanged but for address and token', () => {
  it('gets a message, and the model never sees the caller’s token', async () => {
    await using all = await startAll(judging)
    const { data, response } = await all.client.messages.create(ask('hi')).withResponse()
    expect(data.content).toEqual([{ type: 'text', text: 'Hello!' }])
    expect(response.headers.get('x-portcullis-session')).toMatch(/^[0-9a-f-]{36}$/u)
    const [seen] = all.seen
    expect(seen?.url).toBe('/v1/messages')
    expect(seen?.headers['x-api-key']).toBe('sk-injected')
    expect(seen?.headers['anthropic-version']).toMatch(/^\d{4}-\d\d-\d\d$/u)
    expect(JSON.stringify(seen)).not.toContain(all.gw.token)
    expect(JSON.parse(seen?.body ?? '')).toEqual(ask('hi', 'claude-haiku'))
  })

  it('streams, through its helper', async () => {
    await using all = await startAll(judging)
    const stream = all.client.messages.stream(ask('hi'))
    const texts: string[] = []
    stream.on('text', (text) => texts.push(text))
    const final = await stream.finalMessage()
    expect(texts).toEqual(['Hel', 'lo!'])
    expect(final.content[1]).toMatchObject({ type: 'tool_use', name: 'pay', input: { amount: 250 } })
    expect(final.stop_reason).toBe('tool_use')
    expect(final.usage.output_tokens).toBe(12)
  })

  it('uses its beta namespace, and older ones say so in the query', async () => {
    await using all = await startAll(judging)
    const asked = { ...ask('hi'), betas: ['context-1m-2025-08-07'] }
    await all.client.beta.messages.create(asked)
    await all.client.beta.messages.create(asked, { query: { beta: 'true' } })
    expect(all.seen.map(({ url }) => url)).toEqual(['/v1/messages', '/v1/messages?beta=true'])
    for (const { headers } of all.seen) expect(headers['anthropic-beta']).toBe('context-1m-2025-08-07')
  })

  it('counts tokens, and the text is judged', async () => {
    await using all = await startAll(judging)
    const { model, messages } = ask('hi')
    expect(await all.client.messages.countTokens({ model, messages })).toEqual({ input_tokens: 14 })
    const forbidden = ask('something forbidden')
    await expect(all.client.messages.countTokens({ model, messages: forbidden.messages })).rejects.toThrow(
      Anthropic.PermissionDeniedError,
    )
    expect(all.seen).toHaveLength(1)
  })

  it('lists the models that are declared, without asking the model server', async () => {
    await using all = await startAll(judging)
    const names: string[] = []
    for await (const { id } of all.client.models.list()) names.push(id)
    expect(names).toEqual(['small'])
    expect(await all.client.models.retrieve('small')).toMatchObject({ type: 'model', id: 'small' })
    await expect(all.client.models.retrieve('claude-haiku')).rejects.toThrow(Anthropic.NotFoundError)
    expect(all.seen).toEqual([])
  })

  it('lists the models of the model server where none are declared', async () => {
    await using all = await startAll(judging, [])
    const { data } = await all.client.models.list()
    expect(data.map(({ id }) => id)).toEqual(['claude-haiku'])
    expect(all.seen[0]).toMatchObject({ method: 'GET', url: '/v1/models', body: '' })
  })

  it('is told which rule denies, in its own error type', async () => {
    await using all = await startAll(judging)
    const denied = all.client.messages.create(ask('something forbidden'))
    await expect(denied).rejects.toThrow(Anthropic.PermissionDeniedError)
    await expect(denied).rejects.toMatchObject({
      status: 403,
      type: 'permission_error',
      apiMessage: 'ask the platform team',
      errorCode: 'policy_denied',
      details: { policy: 'team-a/policy', rule: 'deny' },
    })
    expect(all.seen).toEqual([])
  })

  it('is told so where the words stand in a tool’s result', async () => {
    await using all = await startAll(judging)
    const content = [
      { type: 'tool_result' as const, tool_use_id: 't', content: [{ type: 'text' as const, text: 'forbidden' }] },
    ]
    const asked = { ...ask(''), messages: [{ role: 'user' as const, content }] }
    await expect(all.client.messages.create(asked)).rejects.toThrow(Anthropic.PermissionDeniedError)
  })

  it('is told so where the model server would use a tool of its own', async () => {
    await using all = await startAll(judging)
    const searching = all.client.messages.create({
      ...ask('hi'),
      tools: [{ type: 'web_search_20250305', name: 'web_search' }],
    })
    await expect(searching).rejects.toMatchObject({ apiMessage: 'no searching', details: { rule: 'no-search' } })
  })

  it.each([
    ['batches', (client: Anthropic) => client.messages.batches.list(), Anthropic.NotFoundError],
    ['stored files', (client: Anthropic) => client.beta.files.list(), Anthropic.NotFoundError],
    [
      'other servers',
      (client: Anthropic) =>
        client.beta.messages.create({ ...ask('hi'), mcp_servers: [{ type: 'url', name: 'x', url: 'https://x' }] }),
      Anthropic.BadRequestError,
    ],
  ])('is refused %s', async (_title, call, error) => {
    await using all = await startAll(judging)
    await expect(call(all.client)).rejects.toThrow(error)
    expect(all.seen).toEqual([])
  })

  it('is told that its key is not accepted', async () => {
    await using all = await startAll(judging)
    const stranger = new Anthropic({ baseURL: `${all.gw.origin}/team-a/chat`, apiKey: 'sk-no-token', maxRetries: 0 })
    await expect(stranger.messages.create(ask('hi'))).rejects.toThrow(Anthropic.AuthenticationError)
  })
})

const denying = (when: string, onStream: 'Hold' | 'Cut'): BundlePolicy =>
  makePolicy({
    rules: [allowAll, { name: 'say-not', phase: 'Response', action: 'Deny', when, onStream, message: 'not for you' }],
  })

describe('what the model says', () => {
  it('is refused whole', async () => {
    await using all = await startAll([denying('response.text.contains("Hello")', 'Hold')])
    await expect(all.client.messages.create(ask('hi'))).rejects.toMatchObject({
      status: 403,
      apiMessage: 'not for you',
      errorCode: 'response_denied',
    })
  })

  it('is refused as a stream that is held', async () => {
    await using all = await startAll([denying('response.toolCalls.exists(c, c.input.amount > 100)', 'Hold')])
    await expect(all.client.messages.stream(ask('hi')).finalMessage()).rejects.toMatchObject({
      status: 403,
      apiMessage: 'not for you',
    })
  })

  it('ends with an error in the middle of a stream', async () => {
    await using all = await startAll([denying('response.text.contains("Hello")', 'Cut')])
    const stream = await all.client.messages.create({ ...ask('hi'), stream: true })
    const texts: string[] = []
    const reading = (async () => {
      for await (const event of stream) {
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') texts.push(event.delta.text)
      }
    })()
    await expect(reading).rejects.toMatchObject({ apiMessage: 'not for you', errorCode: 'response_denied' })
    expect(texts.join('')).not.toContain('Hello')
  })

  it('ends as if its own limit had been met, where a budget is spent', async () => {
    const limits = [{ name: 'tokens', key: 'identity.username', tokens: 300, window: '1h' }]
    await using all = await startAll([makePolicy({ rules: [allowAll], limits })])
    const final = await all.client.messages.stream({ ...ask('at length'), max_tokens: 5 }).finalMessage()
    expect(final.stop_reason).toBe('max_tokens')
    expect(final.content).toHaveLength(1)
    expect(JSON.stringify(final.content[0]).length).toBeLessThan(4_000)
    await expect(all.client.messages.create(ask('hi'))).rejects.toMatchObject({
      status: 429,
      type: 'rate_limit_error',
      details: { rule: 'tokens' },
    })
  })
})
