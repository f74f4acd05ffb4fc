// Limits as people run them: three gateway processes, one Redis, one model, real clients.
import { writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import path from 'node:path'
import { Readable } from 'node:stream'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { InferencePolicySpec } from '../../crds/generated/inference-policy.ts'
import { systemClock } from '../../kube/clock.ts'
import type { Bundle } from '../../policy/bundle.ts'
import type { GatewayProcess, Mount } from '../helpers/gateway-process.ts'
import { makeMount, spawnGateway } from '../helpers/gateway-process.ts'
import type { IdentityProvider } from '../helpers/identity-provider.ts'
import { startIdentityProvider } from '../helpers/identity-provider.ts'
import { makeBundle, makeConnection, makePolicy } from '../helpers/make.ts'
import type { Redis } from '../helpers/redis.ts'
import { redisServer, startRedis } from '../helpers/redis.ts'
import type { Upstream } from '../helpers/upstream-server.ts'
import { readText, startUpstream } from '../helpers/upstream-server.ts'

type Limits = NonNullable<InferencePolicySpec['limits']>

interface Replica {
  readonly process: GatewayProcess
  readonly origin: string
  readonly metrics: () => Promise<string>
}

interface Platform extends AsyncDisposable {
  readonly redis: Redis
  readonly replicas: readonly Replica[]
}

/** Connections by name: what limits them, and who answers. */
type Connections = Readonly<Record<string, readonly [Limits, RequestListener]>>

async function startPlatform(idp: IdentityProvider, given: Connections): Promise<Platform> {
  const redis = await startRedis()
  const mount = await makeMount()
  const upstreams = await Promise.all(Object.values(given).map(async ([, listener]) => startUpstream(listener)))
  await mount.publish(toBundle(idp, given, upstreams))
  const urlFile = path.join(mount.folder, 'redis-url')
  await writeFile(urlFile, `redis://127.0.0.1:${redis.port}\n`)
  const replicas = await Promise.all([0, 1, 2].map(async () => startReplica(mount, urlFile)))
  return {
    redis,
    replicas,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(replicas.map(async ({ process }) => process[Symbol.asyncDispose]()))
      for (const part of [redis, mount, ...upstreams]) await part[Symbol.asyncDispose]()
    },
  }
}

async function startReplica(mount: Mount, urlFile: string): Promise<Replica> {
  const process = spawnGateway({
    ...mount.env,
    PORTCULLIS_RECORDS: 'off',
    PORTCULLIS_LIMITS_REDIS_URL_FILE: urlFile,
  })
  const { port, adminPort } = await process.listening
  const admin = `http://127.0.0.1:${adminPort}`
  const metrics = async (): Promise<string> => (await fetch(`${admin}/metrics`)).text()
  await vi.waitUntil(async () => (await fetch(`${admin}/readyz`)).status === 200, { timeout: 10_000 })
  await vi.waitUntil(async () => (await metrics()).includes('portcullis_limit_store_up 1'), { timeout: 10_000 })
  return { process, origin: `http://127.0.0.1:${port}`, metrics }
}

function toBundle({ issuer }: IdentityProvider, given: Connections, upstreams: readonly Upstream[]): Bundle {
  const names = Object.keys(given)
  return makeBundle({
    connections: names.map((name, i) => {
      const origin = upstreams[i]?.origin ?? ''
      return makeConnection(
        {},
        { name, endpoints: [{ name: 'm', origin, basePath: '', weight: 1, place: 'External' }] },
      )
    }),
    policies: Object.entries(given).map(([name, [limits]]) => makePolicy({ targetRefs: [{ name }], limits }, { name })),
    settings: { issuers: [{ name: 'test', issuer, audiences: ['models'], preset: 'Generic' }], grants: [] },
  })
}

const messages = [{ role: 'user' as const, content: 'hello' }]

/** Says a word, and that it cost 10 and 20 tokens. */
const model: RequestListener = async (request, response) => {
  await readText(request)
  response.setHeader('content-type', 'application/json')
  response.end(
    JSON.stringify({
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: 'word' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 },
    }),
  )
}

/** Says words for as long as anybody listens. */
const talker: RequestListener = async (request, response) => {
  await readText(request)
  response.setHeader('content-type', 'text/event-stream')
  const choices = [{ index: 0, delta: { content: 'and another word '.repeat(8) }, finish_reason: null }]
  const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices }
  const words = new Readable({ read: () => words.push(`data: ${JSON.stringify(chunk)}\n\n`) })
  response.once('close', () => words.destroy())
  words.pipe(response)
}

const connections: Connections = {
  calls: [[{ name: 'calls', key: 'identity.username', requests: 20, window: '1h' }], model],
  tokens: [[{ name: 'tokens', key: '"all"', tokens: 1_000, window: '1h' }], model],
  stream: [[{ name: 'tokens', key: '"all"', tokens: 5_000, window: '1h' }], talker],
  away: [[{ name: 'calls', key: '"all"', requests: 20, window: '1h' }], model],
}

describe.skipIf(redisServer === undefined)('three gateways that count together', () => {
  let idp: IdentityProvider
  let token: string
  let platform: Platform

  beforeAll(async () => {
    idp = await startIdentityProvider({ clock: systemClock })
    token = await idp.sign({ sub: 'alice' })
    platform = await startPlatform(idp, connections)
  })

  afterAll(async () => {
    await platform[Symbol.asyncDispose]()
    await idp[Symbol.asyncDispose]()
  })

  const origin = (i: number): string => platform.replicas[i % 3]?.origin ?? ''

  async function call(i: number, connection: string, body: object = {}): Promise<Response> {
    return fetch(`${origin(i)}/team-a/${connection}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages, ...body }),
    })
  }

  async function statusOf(i: number, connection: string, body?: object): Promise<number> {
    const response = await call(i, connection, body)
    await response.arrayBuffer()
    return response.status
  }

  async function crowd(count: number, connection: string, body?: object): Promise<Readonly<Record<string, number>>> {
    const statuses = await Promise.all(Array.from({ length: count }, async (_, i) => statusOf(i, connection, body)))
    return Object.fromEntries([...Map.groupBy(statuses, String)].map(([status, all]) => [status, all.length]))
  }

  it('admit exactly as many calls as a limit says, and say when to come again', async () => {
    expect(await crowd(60, 'calls')).toEqual({ 200: 20, 429: 40 })
    const refused = await call(0, 'calls')
    expect(refused.headers.get('retry-after')).toMatch(/^3[56]\d\d$/u)
    expect(await refused.json()).toMatchObject({
      error: { code: 'limit_exceeded', policy: 'team-a/calls', rule: 'calls' },
    })
    const counted = await Promise.all(platform.replicas.map(async ({ metrics }) => toRefusals(await metrics())))
    expect(counted.reduce((sum, count) => sum + count, 0)).toBe(41)
  })

  it('reserve tokens before the spend and count what the model says after it', async () => {
    // Each reserves its body and its ceiling; at 30 tokens each, not all of them could be had even one after the other.
    const statuses = await crowd(40, 'tokens', { max_tokens: 300 })
    expect(statuses['429']).toBeGreaterThan(0)
    const admitted = statuses['200'] ?? 0
    expect(admitted).toBeGreaterThan(0)
    // One after the other each costs 30.
    let more = 0
    while ((await statusOf(more, 'tokens', { max_tokens: 1 })) === 200) more += 1
    const used = 30 * (admitted + more)
    expect(used).toBeLessThanOrEqual(1_000)
    expect(used).toBeGreaterThan(1_000 - 200)
  })

  it('end a stream that has spent the budget so that a client reads a proper end', async () => {
    const client = new OpenAI({ apiKey: token, baseURL: `${origin(0)}/team-a/stream/v1`, maxRetries: 0 })
    const stream = await client.chat.completions.create({ model: 'm', messages, stream: true })
    let text = ''
    const ends: string[] = []
    for await (const { choices } of stream) {
      text += choices[0]?.delta.content ?? ''
      const end = choices[0]?.finish_reason ?? ''
      if (end !== '') ends.push(end)
    }
    expect(ends).toEqual(['length'])
    expect(text.length).toBeGreaterThan(4_000)
    expect(text.length).toBeLessThanOrEqual(5_000)
    expect(await statusOf(1, 'stream')).toBe(429)
  })

  it('refuse while the store is away, and go on when it is there again', async () => {
    await platform.redis.kill()
    const refused = await call(0, 'away')
    expect([refused.status, await refused.json()]).toMatchObject([503, { error: { code: 'limit_unavailable' } }])
    for (const { metrics } of platform.replicas) {
      await vi.waitUntil(async () => (await metrics()).includes('portcullis_limit_store_up 0'))
    }
    await platform.redis.restart()
    await vi.waitUntil(async () => (await statusOf(0, 'away')) === 200, { timeout: 15_000, interval: 100 })
    for (const { process } of platform.replicas) {
      expect(process.errors()).toBe('')
      expect(process.logs()).not.toMatch(/alice|redis:/u)
    }
  })
})

function toRefusals(metrics: string): number {
  const [, count = '0'] = /^portcullis_limit_refusals_total\{.*\} (\d+)$/mu.exec(metrics) ?? []
  return Number(count)
}
