// Compressed bodies through a whole gateway: what is judged is what is sent, both ways, and nobody makes the gateway work more than
// they do.
import { randomBytes } from 'node:crypto'
import {
  brotliCompressSync,
  constants,
  createGzip,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { InferencePolicySpec } from '../../crds/generated/inference-policy.ts'
import { connectionTo, open, toRequest } from '../helpers/asking.ts'
import type { TestGateway } from '../helpers/gateway.ts'
import { startGateway } from '../helpers/gateway.ts'
import { allowAll, denyWhen, makePolicy } from '../helpers/make.ts'
import type { Echo, Upstream } from '../helpers/upstream-server.ts'
import { echo, startUpstream } from '../helpers/upstream-server.ts'

type Rule = NonNullable<InferencePolicySpec['rules']>[number]

const codings: readonly (readonly [string, (bytes: Uint8Array) => Buffer])[] = [
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
]

const chat = (content: string): Buffer =>
  Buffer.from(JSON.stringify({ model: 'm', messages: [{ role: 'user', content }] }))

async function post(gw: TestGateway, body: Uint8Array, headers: Record<string, string>): Promise<Response> {
  return fetch(`${gw.origin}/team-a/chat/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gw.token}`, 'content-type': 'application/json', ...headers },
    body: Buffer.from(body),
  })
}

async function codeOf(response: Response): Promise<string> {
  const { error }: { error?: { code: string } } = JSON.parse(await response.text())
  return error?.code ?? 'passed'
}

describe('a compressed request', () => {
  let upstream: Upstream
  let gw: TestGateway
  let reached = 0

  beforeAll(async () => {
    upstream = await startUpstream((request, response) => {
      reached += 1
      echo(request, response)
    })
    gw = await startGateway({
      connections: [connectionTo(upstream, { limits: { maxRequestBytes: 200_000 } })],
      policies: [
        makePolicy({
          rules: [
            allowAll,
            denyWhen('request.prompt.contains("forbidden") || request.bytes > 150000'),
            { ...denyWhen('"content-encoding" in request.headers'), name: 'encoded' },
          ],
        }),
      ],
    })
  })

  afterAll(async () => {
    await gw[Symbol.asyncDispose]()
    await upstream[Symbol.asyncDispose]()
  })

  it.each(codings)('in %s is judged, and goes on decoded', async (coding, compress) => {
    const body = chat('hello')
    const response = await post(gw, compress(body), { 'content-encoding': coding })
    const seen = JSON.parse(await response.text()) as Echo
    expect([response.status, seen.body]).toEqual([200, body.toString()])
    expect(seen.headers).toMatchObject({ 'content-length': String(body.length) })
    expect(seen.headers).not.toHaveProperty('content-encoding')
    const denied = await post(gw, compress(chat('forbidden')), { 'content-encoding': coding })
    expect([denied.status, await codeOf(denied)]).toEqual([403, 'policy_denied'])
  })

  it.each(codings)('in %s counts by its decoded size, for limits, rules and records', async (coding, compress) => {
    const sizes = [140_000, 160_000, 210_000].map((size) => chat('a'.repeat(size)))
    const codes = []
    for (const body of sizes) codes.push(await codeOf(await post(gw, compress(body), { 'content-encoding': coding })))
    expect(codes).toEqual(['passed', 'policy_denied', 'body_too_large'])
    expect((await gw.records()).at(-3)?.request.bytes).toBe(sizes[0]?.length)
  })

  const gzipped = gzipSync(chat('hello'))
  it.each([
    ['cut short', 'gzip', gzipped.subarray(0, -4), 'body_malformed'],
    ['followed by other bytes', 'gzip', Buffer.concat([gzipped, Buffer.from('{"model":"n"}')]), 'body_malformed'],
    ['followed by a second one', 'gzip', Buffer.concat([gzipped, gzipped]), 'body_malformed'],
    ['not compressed at all', 'br', chat('hello'), 'body_malformed'],
    ['raw deflate', 'deflate', deflateRawSync(chat('hello')), 'body_malformed'],
    ['compressed twice', 'gzip, gzip', gzipSync(gzipped), 'content_encoding_unsupported'],
    ['compressed twice, told once', 'gzip', gzipSync(gzipped), 'body_malformed'],
    ['in a coding that is not known', 'compress', gzipped, 'content_encoding_unsupported'],
    ['compressed in silence', 'identity', gzipped, 'body_malformed'],
    ['larger than the connection takes as it came', 'gzip', gzipSync(randomBytes(210_000)), 'body_too_large'],
  ])('that is %s is refused and never forwarded', async (_title, coding, body, code) => {
    const before = reached
    const response = await post(gw, body, { 'content-encoding': coding })
    expect([await codeOf(response), reached]).toEqual([code, before])
  })

  it('named in the spelling of gateways to CGI does not pass that name on', async () => {
    using client = await open(gw)
    client.write(toRequest(gw, { headers: ['content_encoding: gzip', 'connection: close'] }))
    await client.closed
    expect(client.received()).toContain('200 OK')
    expect(client.received()).not.toContain('content_encoding')
  })
})

it('a bomb is refused, and the calls beside it are answered', async () => {
  await using upstream = await startUpstream(echo)
  await using gw = await startGateway({ connections: [connectionTo(upstream)] })
  const zeros = chat('a'.repeat(16 * 1024 * 1024))
  for (const [coding, compress] of codings) {
    const bomb = compress(zeros)
    const [bombed, ...others] = await Promise.all([
      post(gw, bomb, { 'content-encoding': coding }).then(codeOf),
      ...Array.from({ length: 5 }, async () => (await post(gw, chat('hello'), {})).status),
    ])
    expect([coding, bombed, others]).toEqual([coding, 'body_too_large', [200, 200, 200, 200, 200]])
  }
}, 30_000)

const completion = (content: string): Buffer =>
  Buffer.from(
    JSON.stringify({
      id: 'c1',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    }),
  )

const noSecrets: Rule = {
  name: 'answers',
  phase: 'Response',
  action: 'Deny',
  when: 'response.text.contains("secret")',
  onStream: 'Cut',
  message: 'Not to be told.',
}
const guarded = makePolicy({ rules: [allowAll, noSecrets] })

describe('an answer that a model server compressed though nobody asked', () => {
  it.each(codings)('in %s is judged decoded, and reaches the caller decoded', async (coding, compress) => {
    let body = completion('fine')
    await using upstream = await startUpstream((request, response) => {
      expect(request.headers['accept-encoding']).toBe('identity')
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': coding })
      response.end(compress(body))
    })
    await using gw = await startGateway({ connections: [connectionTo(upstream)], policies: [guarded] })
    const response = await post(gw, chat('hi'), {})
    expect(response.headers.get('content-encoding')).toBeNull()
    expect(await response.text()).toBe(body.toString())
    body = completion('a secret')
    const denied = await post(gw, chat('hi'), {})
    expect([denied.status, await codeOf(denied)]).toEqual([403, 'response_denied'])
  })

  it('passes as it is where nobody reads it', async () => {
    const compressed = gzipSync(completion('a secret'))
    await using upstream = await startUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
      response.end(compressed)
    })
    await using gw = await startGateway({ connections: [connectionTo(upstream)] })
    using client = await open(gw)
    client.write(toRequest(gw, { headers: ['connection: close'] }))
    await client.closed
    expect(client.received()).toContain('content-encoding: gzip')
    expect(client.received()).toContain(compressed.toString('latin1'))
  })

  it.each([
    ['what is not what it says', gzipSync(completion('x')).subarray(0, -6), 'gzip', 'upstream_failed'],
    ['a coding that is not known', Buffer.from('x'), 'compress', 'response_unreadable'],
    ['a bomb', gzipSync(Buffer.alloc(2_000_000)), 'gzip', 'response_too_large'],
  ])('is refused where a rule must judge %s', async (_title, body, coding, code) => {
    await using upstream = await startUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': coding })
      response.end(body)
    })
    const connections = [connectionTo(upstream, { limits: { maxResponseBytes: 1_000_000 } })]
    await using gw = await startGateway({ connections, policies: [guarded] })
    const response = await post(gw, chat('hi'), {})
    expect([response.status, await codeOf(response)]).toEqual([502, code])
  })

  it('as a stream passes event by event, and is ended where a rule matches', async () => {
    const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH })
    await using upstream = await startUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' })
      gzip.pipe(response)
    })
    await using gw = await startGateway({ connections: [connectionTo(upstream)], policies: [guarded] })
    const client = new OpenAI({ baseURL: `${gw.origin}/team-a/chat/v1`, apiKey: gw.token, maxRetries: 0 })
    const say = (content: string): void => {
      const choices = [{ index: 0, delta: { content } }]
      const chunk = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices }
      gzip.write(`data: ${JSON.stringify(chunk)}\n\n`)
    }
    say('one')
    const stream = await client.chat.completions.create({
      model: 'm',
      messages: [{ role: 'user', content: 'hi' }],
      stream: true,
    })
    const heard: (string | null | undefined)[] = []
    const listening = (async () => {
      for await (const { choices } of stream) heard.push(choices[0]?.delta.content)
    })().catch((error: unknown) => error)
    for (const word of ['two', 'three']) {
      await vi.waitFor(() => expect(heard).not.toHaveLength(0))
      say(word)
      await vi.waitFor(() => expect(heard).toContain(word))
    }
    say('secret')
    expect(await listening).toMatchObject({ code: 'response_denied' })
    expect(heard).toEqual(['one', 'two', 'three'])
  })
})
