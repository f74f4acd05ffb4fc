import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuthenticationV1Api, CoreV1Api } from '@kubernetes/client-node'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { HostileApiServer } from '../test/helpers/hostile-api-server.ts'
import { ManualClock } from '../test/helpers/manual-clock.ts'
import type { KubeClient, KubeClientOptions } from './client.ts'
import { connectKube } from './client.ts'
import { isKubeError } from './errors.ts'
import { configMaps, secrets } from './resource.ts'
import type { KubeRequest } from './transport.ts'

const getConfigMap: KubeRequest = { method: 'GET', path: '/api/v1/namespaces/home/configmaps/a' }
const createConfigMap: KubeRequest = {
  method: 'POST',
  path: '/api/v1/namespaces/home/configmaps',
  body: JSON.stringify({ metadata: { namespace: 'home', name: 'b' } }),
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'ok',
    (error: unknown) => (isKubeError(error) ? error.code : String(error)),
  )
}

describe('a client', () => {
  let server: HostileApiServer
  let url: string
  let token = 'test'
  const connect = (options: KubeClientOptions = {}): KubeClient => {
    const client = connectKube({
      kubeconfig: HostileApiServer.toKubeconfig(url),
      random: () => 0,
      retry: { minMs: 1, maxMs: 5 },
      ...options,
    })
    onTestFinished(async () => client.close())
    return client
  }

  beforeEach(async () => {
    token = 'test'
    server = new HostileApiServer({ resources: [configMaps, secrets], token: () => token })
    url = await server.listen()
    await server.truth.create(configMaps, { metadata: { namespace: 'home', name: 'a' }, data: { k: 'v' } })
  })
  afterEach(async () => server[Symbol.asyncDispose]())

  it('reuses its connections', async () => {
    const client = connect()
    for (let n = 0; n < 20; n += 1) await client.transport.send(getConfigMap)
    const core = client.make(CoreV1Api)
    for (let n = 0; n < 20; n += 1) await core.readNamespacedConfigMap({ namespace: 'home', name: 'a' })
    // undici opens a second one when a call begins in the very moment in which another ends.
    expect(server.connections).toBeLessThanOrEqual(2)
  })

  it('carries generated clients, with its own errors and without ApiException', async () => {
    const core = connect().make(CoreV1Api)
    expect((await core.readNamespacedConfigMap({ namespace: 'home', name: 'a' })).data).toEqual({ k: 'v' })
    await expect(core.readNamespacedConfigMap({ namespace: 'home', name: 'no' })).rejects.toMatchObject({
      name: 'KubeError',
      code: 'NotFound',
      message: 'get configmaps home/no failed (NotFound)',
    })
    server.next('create', { kind: 'status', status: 429, retryAfter: 0.01 })
    const review = connect().make(AuthenticationV1Api).createSelfSubjectReview({ body: {} })
    expect(await codeOf(review)).toBe('NotFound')
    expect(server.requests.filter((request) => request.verb === 'create')).toHaveLength(2)
  })

  const get = { verb: 'get', request: getConfigMap } as const
  const create = { verb: 'create', request: createConfigMap } as const

  it.each([
    ['429 with Retry-After', get, { kind: 'status', status: 429, retryAfter: 0.01 }, 'ok'],
    ['500', get, { kind: 'status', status: 500 }, 'ok'],
    ['503', get, { kind: 'status', status: 503 }, 'ok'],
    ['504', get, { kind: 'status', status: 504 }, 'ok'],
    ['a reset', get, { kind: 'reset' }, 'ok'],
    ['403', get, { kind: 'status', status: 403 }, 'Forbidden'],
    ['409', get, { kind: 'status', status: 409 }, 'Conflict'],
    ['429 on a create, which was refused before it began', create, { kind: 'status', status: 429 }, 'ok'],
    ['503 on a create, which may have happened', create, { kind: 'status', status: 503 }, 'Unavailable'],
    ['a reset on a create', create, { kind: 'reset' }, 'Network'],
  ] as const)('answers %s with one retry or none', async (_case, { verb, request }, fault, expected) => {
    server.next(verb, fault)
    expect(await codeOf(connect().transport.send(request))).toBe(expected)
    expect(server.requests).toHaveLength(expected === 'ok' ? 2 : 1)
  })

  it('gives up after five attempts', async () => {
    for (let n = 0; n < 9; n += 1) server.next('get', { kind: 'status', status: 429, retryAfter: 0.001 })
    expect(await codeOf(connect().transport.send(getConfigMap))).toBe('TooManyRequests')
    expect(server.requests).toHaveLength(5)
  })

  it('does not wait for a Retry-After beyond its deadline, and passes it on', async () => {
    server.next('get', { kind: 'status', status: 429, retryAfter: 3_600 })
    await expect(connect().transport.send(getConfigMap)).rejects.toMatchObject({
      code: 'TooManyRequests',
      retryAfterMs: 3_600_000,
    })
  })

  it('ends a call that is never answered at its deadline, or when its signal fires', async () => {
    server.next('get', { kind: 'hang' })
    expect(await codeOf(connect().transport.send({ ...getConfigMap, timeoutMs: 30 }))).toBe('Timeout')
    server.next('get', { kind: 'hang' })
    const stop = new AbortController()
    const call = codeOf(connect().transport.send({ ...getConfigMap, signal: stop.signal }))
    stop.abort()
    expect(await call).toBe('Aborted')
  })

  it('says Network when nobody listens', async () => {
    await server[Symbol.asyncDispose]()
    await expect(connect().transport.send(getConfigMap)).rejects.toThrow(/Network.*ECONNREFUSED/)
    server = new HostileApiServer({ resources: [] })
    await server.listen()
  })

  it('reads its token again after a 401, once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'token-'))
    onTestFinished(async () => rm(folder, { recursive: true }))
    await writeFile(join(folder, 'token'), 'test\n')
    const client = connect({ kubeconfig: HostileApiServer.toKubeconfig(url, { tokenFile: join(folder, 'token') }) })
    expect(await codeOf(client.transport.send(getConfigMap))).toBe('ok')
    token = 'rotated'
    await writeFile(join(folder, 'token'), 'rotated\n')
    expect(await codeOf(client.transport.send(getConfigMap))).toBe('ok')
    expect(server.requests.map((request) => request.authorization)).toEqual([
      'Bearer test',
      'Bearer test',
      'Bearer rotated',
    ])
    token = 'revoked'
    expect(await codeOf(client.transport.send(getConfigMap))).toBe('Unauthorized')
    expect(server.requests).toHaveLength(5)
    await rm(join(folder, 'token'))
    await expect(client.transport.send(getConfigMap)).rejects.toThrow(/credentials could not be read \(ENOENT\)/)
  })

  it('keeps the number of calls per second below its rate, but lets urgent ones pass', async () => {
    const clock = new ManualClock()
    const client = connect({ clock, rate: { perSecond: 10, burst: 2 } })
    const calls = [1, 2, 3, 4].map(async () => client.transport.send(getConfigMap))
    await Promise.all(calls.slice(0, 2))
    expect(server.requests).toHaveLength(2)
    await client.transport.send({ ...getConfigMap, urgent: true })
    await clock.advance(100)
    await calls[2]
    expect(server.requests).toHaveLength(4)
    await clock.advance(100)
    await calls[3]
  })

  it('reports every attempt to its metrics with names only', async () => {
    const seen: object[] = []
    const client = connect({ metrics: { requested: (call) => seen.push(call), throttled: () => {} } })
    server.next('get', { kind: 'reset' })
    await client.transport.send(getConfigMap)
    const host = new URL(url).host
    expect(seen).toMatchObject([
      { verb: 'get', method: 'GET', host, code: '<error>' },
      { verb: 'get', method: 'GET', host, code: '200' },
    ])
  })

  it('knows the namespace of its context', () => {
    expect(connect().namespace).toBe('home')
    expect(connect().server).toBe(url)
  })
})
