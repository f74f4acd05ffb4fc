import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import type { TestGateway } from '../helpers/gateway.ts'
import { startGateway } from '../helpers/gateway.ts'
import { allowAll, denyWhen, makeConnection, makePolicy } from '../helpers/make.ts'
import type { Upstream } from '../helpers/upstream-server.ts'
import { readText, startUpstream } from '../helpers/upstream-server.ts'

interface Seen {
  readonly url: string
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: string
}

async function startModel(seen: Seen[]): Promise<Upstream> {
  return startUpstream((request, response) => {
    void readText(request).then((body) => {
      seen.push({ url: request.url ?? '', headers: request.headers, body })
      if (body.includes('"stream":true')) {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        for (const word of ['Hel', 'lo']) {
          response.write(
            `data: {"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"${word}"}}]}\n\n`,
          )
        }
        return response.end('data: [DONE]\n\n')
      }
      response.writeHead(200, { 'content-type': 'application/json', 'set-cookie': 'a=b' })
      return response.end(
        '{"id":"1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"}}]}',
      )
    })
  })
}

const toConnection = (upstream: Upstream, more: object = {}): ReturnType<typeof makeConnection> =>
  makeConnection(
    { models: [{ name: 'small', upstreamName: 'vendor-small-1' }, { name: 'large' }], ...more },
    {
      endpoints: [{ name: 'main', origin: upstream.origin, basePath: '', weight: 1, place: 'External' }],
      credential: { type: 'Header', header: 'authorization', prefix: 'Bearer ', slot: 'team-a.chat' },
    },
  )

const policies = [
  makePolicy({ rules: [allowAll, denyWhen('request.prompt.contains("forbidden")', 'ask the platform team')] }),
]

function toClient({ origin, token }: TestGateway, apiKey = token): OpenAI {
  return new OpenAI({ baseURL: `${origin}/team-a/chat/v1`, apiKey, maxRetries: 0 })
}

const ask = (content: string, model = 'small') => ({ model, messages: [{ role: 'user' as const, content }] })

async function startAll(): Promise<AsyncDisposable & { seen: Seen[]; gw: TestGateway; client: OpenAI }> {
  const seen: Seen[] = []
  const upstream = await startModel(seen)
  const gw = await startGateway({ connections: [toConnection(upstream)], policies })
  gw.gateway.credentials.set(new Map([['team-a.chat', 'sk-injected']]))
  return {
    seen,
    gw,
    client: toClient(gw),
    [Symbol.asyncDispose]: async () => {
      await gw[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

describe('the OpenAI SDK, unchanged but for address and token', () => {
  it('gets a completion, and the model never sees the caller’s token', async () => {
    await using all = await startAll()
    const { data, response } = await all.client.chat.completions.create(ask('hi')).withResponse()
    expect(data.choices[0]?.message.content).toBe('Hello')
    expect(response.headers.get('x-portcullis-revision')).toMatch(/^1\.1-[0-9a-f]{12}$/u)
    expect(response.headers.get('x-portcullis-session')).toMatch(/^[0-9a-f-]{36}$/u)
    expect(response.headers.get('set-cookie')).toBeNull()
    const [seen] = all.seen
    expect(seen?.url).toBe('/v1/chat/completions')
    expect(seen?.headers['authorization']).toBe('Bearer sk-injected')
    expect(JSON.stringify(seen)).not.toContain(all.gw.token)
    expect(JSON.parse(seen?.body ?? '')).toEqual(ask('hi', 'vendor-small-1'))
  })

  it('streams', async () => {
    await using all = await startAll()
    const stream = await all.client.chat.completions.create({ ...ask('hi'), stream: true })
    const words: string[] = []
    for await (const chunk of stream) words.push(chunk.choices[0]?.delta.content ?? '')
    expect(words).toEqual(['Hel', 'lo'])
  })

  it('is told which rule denies, in its own error type', async () => {
    await using all = await startAll()
    const denied = all.client.chat.completions.create(ask('something forbidden'))
    await expect(denied).rejects.toThrow(OpenAI.PermissionDeniedError)
    await expect(denied).rejects.toMatchObject({
      status: 403,
      code: 'policy_denied',
      type: 'permission_error',
      error: { message: 'ask the platform team', policy: 'team-a/policy', rule: 'deny' },
    })
    expect(all.seen).toEqual([])
  })

  it('is told that a model is not offered', async () => {
    await using all = await startAll()
    await expect(all.client.chat.completions.create(ask('hi', 'huge'))).rejects.toThrow(OpenAI.NotFoundError)
  })

  it('is told that its key is not accepted', async () => {
    await using all = await startAll()
    await expect(toClient(all.gw, 'sk-not-a-token').chat.completions.create(ask('hi'))).rejects.toThrow(
      OpenAI.AuthenticationError,
    )
  })

  it('is told that the body is too large', async () => {
    await using all = await startAll()
    const small = makeConnection({ limits: { maxRequestBytes: 1000 } })
    await all.gw.publish({ connections: [small] })
    await expect(all.client.chat.completions.create(ask('x'.repeat(2000)))).rejects.toMatchObject({
      status: 413,
      code: 'body_too_large',
    })
  })

  it('sends five megabytes', async () => {
    await using all = await startAll()
    const content = 'ab '.repeat(1_700_000)
    const completion = await all.client.chat.completions.create(ask(content))
    expect(completion.choices[0]?.message.content).toBe('Hello')
    expect(all.seen[0]?.body.length).toBeGreaterThan(5_000_000)
  })

  it('may leave, and the model is left as well', async () => {
    const left = Promise.withResolvers<void>()
    await using upstream = await startUpstream((request, response) => {
      response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .write('data: {"choices":[{"delta":{"content":"x"}}]}\n\n')
      request.once('close', () => left.resolve())
    })
    await using gw = await startGateway({
      connections: [
        makeConnection(
          {},
          { endpoints: [{ name: 'm', origin: upstream.origin, basePath: '', weight: 1, place: 'External' }] },
        ),
      ],
    })
    const stream = await toClient(gw).chat.completions.create({ ...ask('hi'), stream: true })
    const first = await stream[Symbol.asyncIterator]().next()
    expect(first.value?.choices[0]?.delta.content).toBe('x')
    stream.controller.abort()
    await left.promise
  })
})

describe('what is kept', () => {
  it('is one record per call, with the decision and without a word of the prompt', async () => {
    await using all = await startAll()
    await all.client.chat.completions.create(ask('a canary in the prompt'))
    await all.client.chat.completions.create(ask('a forbidden canary')).catch(() => {})
    await toClient(all.gw, 'canary-token')
      .chat.completions.create(ask('hi'))
      .catch(() => {})
    const records = await all.gw.records()
    expect(records.map(({ decision, response }) => [decision?.effect, response.status, response.outcome])).toEqual([
      ['Permit', 200, 'Completed'],
      ['Deny', 403, 'Refused'],
      [undefined, 401, 'Refused'],
    ])
    expect(records[0]).toMatchObject({
      revision: expect.stringMatching(/^1\.1-/u),
      connection: { namespace: 'team-a', name: 'chat' },
      request: { operation: 'chat.completions', model: 'small', stream: false },
      decision: { rules: ['team-a/policy/allow'] },
    })
    const metrics = await (await fetch(`${all.gw.adminOrigin}/metrics`)).text()
    expect(metrics).toContain(
      'portcullis_calls_total{connection="team-a/chat",outcome="Completed",status="200",code=""} 1',
    )
    for (const kept of [JSON.stringify(records), all.gw.logs(), metrics]) {
      expect(kept).not.toMatch(/canary|alice|sk-injected/u)
      expect(kept).not.toContain(all.gw.token)
    }
  })
})
