import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { createServer, request as sendRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import {
  makeCall,
  makeConnection,
  makeEndpoint,
  makePermit,
  makeUpstreamDeps,
} from '../../test/helpers/upstream-call.ts'
import type { ConnectionOptions } from '../../test/helpers/upstream-call.ts'
import type { Echo } from '../../test/helpers/upstream-server.ts'
import {
  echo,
  EventStream,
  makeFlood,
  makeHang,
  readText,
  startRawUpstream,
  startTlsUpstream,
  startUpstream,
  testCa,
} from '../../test/helpers/upstream-server.ts'
import type { Permit } from '../../policy/permit.ts'
import type { GatewayError } from '../errors.ts'
import type { Forwarded, UpstreamCall, UpstreamDeps } from './call.ts'
import { buildUpstreams } from './forward.ts'
import { buildOpaqueRoad } from './opaque.ts'

interface GatewayOptions {
  readonly deps?: UpstreamDeps
  readonly over?: Partial<UpstreamCall>
  readonly permit?: Permit
}

/** A server that does with every request what the story of a call does: forward it, or answer the refusal itself. */
async function startGateway(options: ConnectionOptions, { deps, over, permit }: GatewayOptions = {}) {
  const upstreams = buildUpstreams(deps ?? makeUpstreamDeps())
  const road = await buildOpaqueRoad(upstreams)
  const ended: (Forwarded | GatewayError)[] = []
  const connection = makeConnection(options)
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://gateway.test')
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const { body: _body, ...call } = makeCall(connection, {
      method: request.method ?? 'GET',
      path: (request.url ?? '/').split('?', 1)[0] ?? '/',
      query: url.search,
      rawHeaders: request.rawHeaders,
      signal: gone.signal,
      ...over,
    })
    road.forward(permit ?? makePermit(), call, { request, response }).then(
      (forwarded) => ended.push(forwarded),
      (error: GatewayError) => {
        ended.push(error)
        response.writeHead(502, { 'content-type': 'text/plain' })
        response.end(error.code)
      },
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    ended,
    ask: async (ask: Ask = {}) => askOnce(port, ask),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await road.close()
    },
  }
}

interface Ask extends RequestOptions {
  readonly body?: string | Buffer
}

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

async function askOnce(port: number, { body, ...options }: Ask): Promise<Answer> {
  const request = sendRequest({
    host: '127.0.0.1',
    port,
    agent: false,
    method: 'POST',
    path: '/v1/predict',
    ...options,
  })
  request.end(body)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, headers: response.headers, text: await readText(response) }
}

const at = (origin: string, over: Partial<ConnectionOptions> = {}): ConnectionOptions => ({
  endpoints: [makeEndpoint(origin)],
  ...over,
})
const echoed = (answer: Answer): Echo => JSON.parse(answer.text) as Echo

describe('an opaque call', () => {
  it('reaches the model byte for byte, with the same hygiene and credential as a judged one', async () => {
    await using upstream = await startUpstream(echo)
    const credential = { type: 'Header', header: 'x-model-key', prefix: '', slot: 's' } as const
    const endpoints = [makeEndpoint(upstream.origin, { basePath: '/base' })]
    const deps = makeUpstreamDeps({ credentials: { get: () => 'secret' } })
    await using gateway = await startGateway({ endpoints, credential }, { deps })
    const body = '{"a": 1e999, "b" :"\\u0000"}'
    const headers = {
      'content-type': 'application/json',
      authorization: 'Bearer mine',
      'x-model-key': 'mine',
      cookie: 'a=b',
      'x-portcullis-errand': '1',
      'x-forwarded-for': '1.2.3.4',
      'x-kept': 'yes',
    }
    const answer = await gateway.ask({ path: '/a%20b/c?q=%C3%BC&q=2', headers, body })
    expect(answer.status).toBe(200)
    expect(answer.headers['x-portcullis-session']).toBe('s1')
    expect(echoed(answer)).toMatchObject({ method: 'POST', url: '/base/a%20b/c?q=%C3%BC&q=2', body })
    expect(echoed(answer).headers).toEqual({
      host: new URL(upstream.origin).host,
      connection: 'keep-alive',
      'content-type': 'application/json',
      'content-length': String(body.length),
      'accept-encoding': 'identity',
      'x-kept': 'yes',
      'x-model-key': 'secret',
    })
    expect(gateway.ended).toMatchObject([{ outcome: 'Completed', status: 200, endpoint: 'one' }])
  })

  it.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('may be a %s', async (method) => {
    await using upstream = await startUpstream((request, response) => {
      response.setHeader('x-method', request.method ?? '')
      response.end()
    })
    await using gateway = await startGateway(at(upstream.origin))
    const answer = await gateway.ask({ method })
    expect([answer.status, answer.headers['x-method']]).toEqual([200, method])
  })

  it('streams bodies in both directions without holding them', async () => {
    const pieces: string[] = []
    await using upstream = await startUpstream((request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' })
      request.on('data', (piece: Buffer) => {
        pieces.push(String(piece))
        response.write(piece)
      })
      request.on('end', () => response.end())
    })
    await using gateway = await startGateway(at(upstream.origin))
    const request = sendRequest({ host: '127.0.0.1', port: gateway.port, agent: false, method: 'POST', path: '/x' })
    request.setHeader('content-type', 'application/octet-stream')
    request.write('one')
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const [first] = (await once(response, 'data')) as [Buffer]
    expect(String(first)).toBe('one')
    request.end('two')
    const [second] = (await once(response, 'data')) as [Buffer]
    expect(String(second)).toBe('two')
    expect(pieces).toEqual(['one', 'two'])
  })

  it('carries a large body whole in either direction', async () => {
    const body = Buffer.alloc(6 * 1024 * 1024, 'y')
    await using upstream = await startUpstream((request, response) => {
      response.setHeader('content-type', 'application/octet-stream')
      request.pipe(response)
    })
    await using gateway = await startGateway(at(upstream.origin))
    const answer = await gateway.ask({ body, headers: { 'content-type': 'application/json' } })
    expect(createHash('sha256').update(answer.text).digest('hex')).toBe(createHash('sha256').update(body).digest('hex'))
  })

  it("passes the model's own errors, once: a GET is not repeated on 503", async () => {
    let asked = 0
    await using upstream = await startUpstream((_request, response) => {
      asked += 1
      response.writeHead(503, { 'retry-after': '1', 'set-cookie': 'a=b', 'x-portcullis-revision': 'forged' })
      response.end('busy')
    })
    await using gateway = await startGateway(at(upstream.origin))
    const answer = await gateway.ask({ method: 'GET' })
    expect([answer.status, answer.text, asked]).toEqual([503, 'busy', 1])
    expect(answer.headers['set-cookie']).toBeUndefined()
    expect(answer.headers['x-portcullis-revision']).toBeUndefined()
  })
})

describe('the opaque road', () => {
  it('is closed without a Permit', async () => {
    await using upstream = await startUpstream(echo)
    for (const permit of [{ grant: { connection: 'team-a/chat' } } as Permit, makePermit('team-b/other')]) {
      await using gateway = await startGateway(at(upstream.origin), { permit })
      expect((await gateway.ask()).text).toBe('internal')
    }
    expect(upstream.opened()).toBe(0)
  })

  it.each<[string, Ask, string]>([
    ['a path above the base path', { path: '/a/../../admin' }, 'bad_request'],
    ['an encoded dot segment', { path: '/%2e%2e/admin' }, 'bad_request'],
    ['a method that no model needs', { method: 'TRACE' }, 'operation_not_supported'],
    ['a method the proxy does not know', { method: 'PROPFIND' }, 'operation_not_supported'],
    ['an announced body that is too large', { body: 'x'.repeat(2001) }, 'body_too_large'],
  ])('refuses %s before anything is sent', async (_what, ask, code) => {
    await using upstream = await startUpstream(echo)
    await using gateway = await startGateway(at(upstream.origin, { limits: { maxRequestBytes: 2000 } }))
    expect((await gateway.ask(ask)).text).toBe(code)
    expect(upstream.opened()).toBe(0)
  })

  it('stops a body that grows too large without being announced', async () => {
    await using upstream = await startUpstream(echo)
    await using gateway = await startGateway(at(upstream.origin, { limits: { maxRequestBytes: 2000 } }))
    const headers = { 'transfer-encoding': 'chunked', 'content-type': 'text/plain' }
    expect((await gateway.ask({ headers, body: 'x'.repeat(4000) })).text).toBe('body_too_large')
    await vi.waitFor(() => expect(upstream.open()).toBe(0))
  })

  it('does not take the rest of a refused body for the next request', async () => {
    await using upstream = await startUpstream(echo)
    await using gateway = await startGateway(at(upstream.origin, { limits: { maxRequestBytes: 2000 } }))
    const request = sendRequest({ host: '127.0.0.1', port: gateway.port, agent: false, method: 'POST', path: '/x' })
    request.setHeader('connection', 'keep-alive')
    request.write('x'.repeat(4000))
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    expect([await readText(response), response.headers.connection]).toEqual(['body_too_large', 'close'])
    request.destroy()
  })

  it('refuses forbidden addresses and unverified certificates, on the connector all calls share', async () => {
    const deps = makeUpstreamDeps({ allowLoopback: false, resolve: async () => ['169.254.169.254'] })
    await using forbidden = await startGateway(at('http://model.test'), { deps })
    expect((await forbidden.ask()).text).toBe('upstream_forbidden')

    await using upstream = await startTlsUpstream(echo)
    await using untrusted = await startGateway(at(upstream.origin))
    expect((await untrusted.ask()).text).toBe('upstream_unreachable')
    await using trusted = await startGateway({ endpoints: [makeEndpoint(upstream.origin, { caPem: testCa })] })
    expect((await trusted.ask()).status).toBe(200)
  })

  it.each([
    ['a redirect', 'HTTP/1.1 307 Temporary Redirect\r\nlocation: http://elsewhere.test/\r\ncontent-length: 0\r\n\r\n'],
    ['no HTTP', 'hello\r\n'],
    ['switching protocols', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n'],
    ['too large a head', `HTTP/1.1 200 OK\r\nx-a: ${'b'.repeat(40_000)}\r\n\r\n`],
  ])('answers upstream_failed to %s', async (_what, bytes) => {
    await using upstream = await startRawUpstream((socket) => void socket.write(bytes))
    const deps = makeUpstreamDeps()
    await using gateway = await startGateway(at(upstream.origin), { deps })
    const answer = await gateway.ask()
    expect([answer.status, answer.text]).toEqual([502, 'upstream_failed'])
    expect(answer.headers.location).toBeUndefined()
    expect(deps.failures).toHaveLength(1)
  })

  it('leaves nothing of a response that failed before its first byte in the refusal', async () => {
    await using upstream = await startRawUpstream((socket) => {
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\nx-leftover: 1\r\n\r\n')
    })
    await using gateway = await startGateway(at(upstream.origin))
    const answer = await gateway.ask()
    expect([answer.status, answer.text, answer.headers['x-leftover']]).toEqual([502, 'upstream_failed', undefined])
  })

  it('opens no WebSocket', async () => {
    await using upstream = await startUpstream(echo)
    await using gateway = await startGateway(at(upstream.origin))
    const headers = {
      connection: 'upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'a',
      'sec-websocket-version': '13',
    }
    const answer = await gateway.ask({ method: 'GET', headers })
    expect(answer.status).toBe(200)
    expect(Object.keys(echoed(answer).headers)).toEqual(['host', 'connection', 'accept-encoding'])
  })

  it('has the limits of the connection: time and concurrency', async () => {
    const hang = makeHang()
    await using upstream = await startUpstream(hang.listener)
    const limits = { maxConcurrent: 1, firstByteTimeout: '80ms' }
    await using gateway = await startGateway(at(upstream.origin, { limits }))
    const first = gateway.ask()
    await vi.waitFor(() => expect(hang.waiting).toHaveLength(1))
    expect((await gateway.ask()).text).toBe('too_many_calls')
    expect((await first).text).toBe('upstream_timeout')
    await vi.waitFor(() => expect(upstream.open()).toBe(0))
  })
})

describe('an opaque stream', () => {
  it.each([
    ['dies', {}, 'upstream_failed'],
    ['takes too long', { requestTimeout: '150ms' }, 'upstream_timeout'],
    ['grows too large', { maxResponseBytes: 12 }, 'response_too_large'],
  ])('that %s is cut for the caller, never ended', async (what, limits, code) => {
    const events = new EventStream()
    await using upstream = await startUpstream(events.listener)
    await using gateway = await startGateway(at(upstream.origin, { limits }))
    const request = sendRequest({ host: '127.0.0.1', port: gateway.port, agent: false, path: '/x' }).end()
    await events.send('one')
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const [piece] = (await once(response, 'data')) as [Buffer]
    expect(String(piece)).toBe('data: one\n\n')
    const broken = once(response, 'error')
    if (what === 'dies') await events.cut()
    if (what === 'grows too large') await events.send('two')
    await broken
    expect(response.complete).toBe(false)
    await vi.waitFor(() => expect(gateway.ended).toMatchObject([{ outcome: 'Cut', status: 200, error: { code } }]))
    await vi.waitFor(() => expect(upstream.open()).toBe(0))
  })

  it('without length that is reset is a cut too', async () => {
    let alive: { readonly resetAndDestroy: () => unknown } | undefined
    await using upstream = await startRawUpstream((socket) => {
      alive = socket
      socket.write('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello')
    })
    await using gateway = await startGateway(at(upstream.origin))
    const request = sendRequest({ host: '127.0.0.1', port: gateway.port, agent: false, path: '/x' }).end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    await once(response, 'data')
    const broken = once(response, 'error')
    alive?.resetAndDestroy()
    await broken
    expect(gateway.ended).toMatchObject([{ outcome: 'Cut' }])
  })

  it('is cancelled at the model when the caller leaves', async () => {
    const events = new EventStream()
    await using upstream = await startUpstream(events.listener)
    await using gateway = await startGateway(at(upstream.origin))
    const request = sendRequest({ host: '127.0.0.1', port: gateway.port, agent: false, path: '/x' }).end()
    await events.send('one')
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.destroy()
    await vi.waitFor(() => expect(events.closed).toBe(true))
    await vi.waitFor(() => expect(gateway.ended).toMatchObject([{ outcome: 'Cut', error: { code: 'client_closed' } }]))
  })

  it('is cancelled at the model when the caller leaves before its head', async () => {
    const hang = makeHang()
    await using upstream = await startUpstream(hang.listener)
    await using gateway = await startGateway(at(upstream.origin))
    const socket = connect(gateway.port, '127.0.0.1')
    socket.write('GET /x HTTP/1.1\r\nhost: gateway.test\r\n\r\n')
    await vi.waitFor(() => expect(hang.waiting).toHaveLength(1))
    socket.destroy()
    await vi.waitFor(() => expect(upstream.open()).toBe(0))
    expect(gateway.ended).toMatchObject([{ code: 'client_closed' }])
  })

  it('pauses the model while the caller does not read', async () => {
    const total = 48 * 1024 * 1024
    const flood = makeFlood(total)
    await using upstream = await startUpstream(flood.listener)
    await using gateway = await startGateway(at(upstream.origin))
    const request = sendRequest({ host: '127.0.0.1', port: gateway.port, agent: false, path: '/x' }).end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.pause()
    let before = -1
    const stalled = (): void => {
      const now = flood.sent()
      const still = now === before
      before = now
      expect(still).toBe(true)
    }
    await vi.waitFor(stalled, { interval: 100, timeout: 10_000 })
    expect(flood.sent()).toBeLessThan(total / 2)
    let received = 0
    for await (const piece of response) received += (piece as Buffer).length
    expect(received).toBe(total)
  })
})
