import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import {
  makeConnection,
  makeCall,
  makeEndpoint,
  makePermit,
  makeUpstreamDeps,
  RecordedReply,
} from '../../test/helpers/upstream-call.ts'
import type { ConnectionOptions } from '../../test/helpers/upstream-call.ts'
import type { Echo } from '../../test/helpers/upstream-server.ts'
import {
  echo,
  EventStream,
  makeFlood,
  makeHang,
  startRawUpstream,
  startUpstream,
} from '../../test/helpers/upstream-server.ts'
import { mintPermit } from '../../policy/permit.ts'
import type { Permit } from '../../policy/permit.ts'
import type { ReplySink } from '../exchange.ts'
import type { UpstreamCall, UpstreamDeps } from './call.ts'
import type { Forward } from './forward.ts'
import { buildForward, buildUpstreams } from './forward.ts'

function makeForward(deps: UpstreamDeps = makeUpstreamDeps()): Forward {
  return buildForward(buildUpstreams(deps))
}

function callTo(
  origin: string,
  options: Partial<ConnectionOptions> = {},
  over: Partial<UpstreamCall> = {},
): UpstreamCall {
  return makeCall(makeConnection({ endpoints: [makeEndpoint(origin)], ...options }), over)
}

const echoed = (reply: RecordedReply): Echo => JSON.parse(reply.text) as Echo

describe('a permitted call', () => {
  it('reaches the model with base path, query and body byte for byte, and its answer comes back', async () => {
    await using upstream = await startUpstream(echo)
    const connection = makeConnection({ endpoints: [makeEndpoint(upstream.origin, { basePath: '/base/v9' })] })
    const reply = new RecordedReply()
    const body = Buffer.from('{"n": 1e999, "n": "\\u0000 \xff"}', 'latin1')
    const call = makeCall(connection, { path: '/chat/a%20b', query: '?q=%C3%BC&q=2', body })

    const forwarded = await makeForward()(makePermit(), call, reply)

    expect(forwarded).toEqual({ outcome: 'Completed', status: 200, endpoint: 'one', responseBytes: reply.bytes })
    expect(reply.ended).toBe(true)
    expect(reply.headers['x-portcullis-session']).toBe('s1')
    expect(echoed(reply)).toMatchObject({
      method: 'POST',
      url: '/base/v9/chat/a%20b?q=%C3%BC&q=2',
      body: body.toString(),
    })
    expect(echoed(reply).headers).toEqual({
      host: new URL(upstream.origin).host,
      connection: 'keep-alive',
      'content-type': 'application/json',
      'accept-encoding': 'identity',
      'content-length': String(body.length),
    })
  })

  it("carries the model's credential and nothing of the caller's", async () => {
    await using upstream = await startUpstream(echo)
    const values = new Map([['slot-1', 'first\n']])
    const deps = makeUpstreamDeps({ credentials: values })
    const credential = { type: 'Header', header: 'x-model-key', prefix: 'Key ', slot: 'slot-1' } as const
    const rawHeaders = [
      'Authorization',
      'Bearer mine',
      'X-Model-Key',
      'mine',
      'Cookie',
      'a=b',
      'Expect',
      '100-continue',
    ]
    const call = callTo(upstream.origin, { credential }, { rawHeaders })
    const forward = makeForward(deps)

    const first = new RecordedReply()
    await forward(makePermit(), call, first)
    values.set('slot-1', 'rotated')
    const second = new RecordedReply()
    await forward(makePermit(), call, second)

    expect(echoed(first).headers['x-model-key']).toBe('Key first')
    expect(echoed(second).headers['x-model-key']).toBe('Key rotated')
    expect(first.text).not.toContain('mine')
    expect(Object.keys(echoed(first).headers)).not.toContain('expect')
  })

  it('keeps its connection alive over many calls', async () => {
    await using upstream = await startUpstream(echo)
    const forward = makeForward()
    for (let i = 0; i < 9; i += 1) await forward(makePermit(), callTo(upstream.origin), new RecordedReply())
    // A call that follows within the same event finds the first connection not yet idle.
    expect(upstream.opened()).toBeLessThanOrEqual(2)
  })

  it.each([400, 401, 429, 500, 503, 304, 204])("passes the model's own status %i with its body", async (status) => {
    await using upstream = await startUpstream((_request, response) => {
      response.writeHead(status, { 'content-type': 'text/plain', 'retry-after': '7', 'set-cookie': 'a=b' })
      response.end(status === 304 || status === 204 ? undefined : 'why')
    })
    const reply = new RecordedReply()
    const forwarded = await makeForward()(makePermit(), callTo(upstream.origin), reply)
    expect([forwarded.status, reply.status, reply.ended]).toEqual([status, status, true])
    expect(reply.text).toBe(status === 304 || status === 204 ? '' : 'why')
    expect(reply.headers['retry-after']).toBe('7')
    expect(reply.headers['set-cookie']).toBeUndefined()
  })

  it('ignores informational responses and drops trailers', async () => {
    await using upstream = await startRawUpstream((socket) => {
      socket.write('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n')
      socket.write(
        'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n2\r\nok\r\n0\r\nx-sum: 1\r\n\r\n',
      )
    })
    const reply = new RecordedReply()
    await makeForward()(makePermit(), callTo(upstream.origin), reply)
    expect([reply.status, reply.text, reply.ended]).toEqual([200, 'ok', true])
    expect(reply.headers).toEqual({ 'x-portcullis-session': 's1' })
  })
})

describe('without a right to be forwarded', () => {
  const lookalike = { grant: { connection: 'team-a/chat', policies: [], rules: [] } } as unknown as Permit
  it.each<[string, Permit]>([
    ['a look-alike of a Permit', lookalike],
    ['a copy of a Permit', structuredClone(lookalike)],
    ['nothing', undefined as unknown as Permit],
    ["another connection's Permit", mintPermit({ connection: 'team-b/chat', policies: [], rules: [] })],
  ])('%s opens no connection', async (_what, permit) => {
    await using upstream = await startUpstream(echo)
    const reply = new RecordedReply()
    await expect(makeForward()(permit, callTo(upstream.origin), reply)).rejects.toMatchObject({ code: 'internal' })
    expect(upstream.opened()).toBe(0)
  })

  it.each<[string, Partial<UpstreamCall>, string]>([
    ['a path above the base path', { path: '/../admin' }, 'bad_request'],
    ['an encoded dot segment', { path: '/%2E%2e/admin' }, 'bad_request'],
    ['a line break in the query', { query: '?a=b\r\nx: y' }, 'bad_request'],
    ['a forged header line', { rawHeaders: ['x-a', 'b\r\nhost: c'] }, 'bad_request'],
    ['TRACE', { method: 'TRACE' }, 'operation_not_supported'],
    ['CONNECT', { method: 'CONNECT' }, 'operation_not_supported'],
    ['a caller who has left already', { signal: AbortSignal.abort() }, 'client_closed'],
  ])('%s is refused before anything is sent', async (_what, over, code) => {
    await using upstream = await startUpstream(echo)
    const forwarding = makeForward()(makePermit(), callTo(upstream.origin, {}, over), new RecordedReply())
    await expect(forwarding).rejects.toMatchObject({ code })
    expect(upstream.opened()).toBe(0)
  })

  it.each([
    ['missing', undefined],
    ['empty', '\n'],
    ['two lines', 'a\nb'],
    ['blank at the end', 'a '],
    ['beyond ASCII', 'schlüssel'],
  ])('a credential that is %s stops the call, and is not shown', async (_what, value) => {
    await using upstream = await startUpstream(echo)
    const deps = makeUpstreamDeps({ credentials: { get: () => value } })
    const credential = { type: 'Header', header: 'authorization', prefix: 'Bearer ', slot: 's' } as const
    const forwarding = makeForward(deps)(makePermit(), callTo(upstream.origin, { credential }), new RecordedReply())
    await expect(forwarding).rejects.toMatchObject({
      code: 'credential_unavailable',
      message: expect.not.stringContaining(value ?? 'undefined'),
    })
    expect(upstream.opened()).toBe(0)
  })
})

describe('a stream', () => {
  it('passes each event when it arrives', async () => {
    const events = new EventStream()
    await using upstream = await startUpstream(events.listener)
    const reply = new RecordedReply()
    const forwarding = makeForward()(makePermit(), callTo(upstream.origin), reply)
    for (const [index, word] of ['one', 'two', 'three'].entries()) {
      await events.send(word)
      await vi.waitFor(() => expect(reply.pieces.map(String)).toHaveLength(index + 1))
      expect(String(reply.pieces[index])).toBe(`data: ${word}\n\n`)
      expect(reply.ended).toBe(false)
    }
    await events.end()
    await expect(forwarding).resolves.toMatchObject({ outcome: 'Completed', status: 200 })
    expect(reply.ended).toBe(true)
  })

  it('is cut for the caller when the model dies in the middle, never ended', async () => {
    const events = new EventStream()
    await using upstream = await startUpstream(events.listener)
    const reply = new RecordedReply()
    const forwarding = makeForward()(makePermit(), callTo(upstream.origin), reply)
    await events.send('one')
    await vi.waitFor(() => expect(reply.pieces).toHaveLength(1))
    await events.cut()
    await expect(forwarding).resolves.toMatchObject({ outcome: 'Cut', status: 200, error: { code: 'upstream_failed' } })
    expect([reply.ended, reply.destroyed]).toEqual([false, true])
  })

  const head = 'HTTP/1.1 200 OK\r\n'
  it.each([
    ['a chunked body closed early', `${head}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`, false],
    ['a short body', `${head}content-length: 10\r\n\r\nhello`, false],
    ['a short last body', `${head}connection: close\r\ncontent-length: 10\r\n\r\nhello`, false],
    ['a body without length, reset', `${head}connection: close\r\n\r\nhello`, true],
    ['a broken chunk', `${head}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n`, false],
  ])('%s is a cut', async (_what, bytes, reset) => {
    await using upstream = await startRawUpstream((socket) => {
      socket.write(
        bytes,
        () =>
          void vi
            .waitFor(() => expect(reply.bytes).toBe(5))
            .then(() => (reset ? socket.resetAndDestroy() : socket.end())),
      )
    })
    const reply = new RecordedReply()
    const forwarded = await makeForward()(makePermit(), callTo(upstream.origin), reply)
    expect(forwarded).toMatchObject({ outcome: 'Cut', error: { code: 'upstream_failed' } })
    expect([reply.text, reply.ended, reply.destroyed]).toEqual(['hello', false, true])
  })

  it('a body that ends with its connection is whole when the connection ends in order', async () => {
    await using upstream = await startRawUpstream((socket) => socket.end(`${head}connection: close\r\n\r\nhello`))
    const reply = new RecordedReply()
    const forwarded = await makeForward()(makePermit(), callTo(upstream.origin), reply)
    expect(forwarded.outcome).toBe('Completed')
    expect([reply.text, reply.ended]).toEqual(['hello', true])
  })

  it('pauses the model while the caller is slow', async () => {
    const total = 32 * 1024 * 1024
    const flood = makeFlood(total)
    await using upstream = await startUpstream(flood.listener)
    const reply = new RecordedReply()
    reply.slow = true
    const forwarding = makeForward()(makePermit(), callTo(upstream.origin), reply)
    await vi.waitFor(() => expect(reply.pieces).toHaveLength(1))
    for (let turn = 1; turn < 40; turn += 1) {
      reply.drain()
      // A piece for each permission to go on, and not one more.
      await vi.waitFor(() => expect(reply.pieces.length).toBe(turn + 1))
    }
    expect(reply.bytes).toBeLessThanOrEqual(40 * 64 * 1024)
    expect(flood.sent()).toBeLessThan(total)
    reply.slow = false
    reply.drain()
    await forwarding
    expect(reply.bytes).toBe(total)
  })
})

/** A gateway of nothing but forwarding, so that sockets on both sides are real. */
async function startBareGateway(forward: Forward, call: (signal: AbortSignal) => UpstreamCall) {
  let buffered = 0
  const server = createServer((_request, response) => {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const reply: ReplySink = {
      head: (status, headers) => {
        response.writeHead(status, headers as Record<string, string>)
        response.flushHeaders()
      },
      write: (piece) => {
        const free = response.write(piece)
        buffered = Math.max(buffered, response.writableLength)
        return free
      },
      onDrain: (resume) => void response.once('drain', resume),
      end: (piece) => void response.end(piece),
      destroy: () => void response.destroy(),
    }
    forward(makePermit(), call(gone.signal), reply).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    buffered: () => buffered,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('a caller on a real socket', () => {
  it('that stops reading bounds what the gateway holds, and gets every byte once it reads again', async () => {
    const total = 48 * 1024 * 1024
    const flood = makeFlood(total)
    await using upstream = await startUpstream(flood.listener)
    await using gateway = await startBareGateway(makeForward(), (signal) => callTo(upstream.origin, {}, { signal }))
    const response = await new Promise<IncomingMessage>((resolve) => get(gateway.url, { agent: false }, resolve))
    response.pause()
    let before = -1
    await vi.waitFor(
      () => {
        const now = flood.sent()
        const still = now === before
        before = now
        expect(still).toBe(true)
      },
      { interval: 100, timeout: 10_000 },
    )
    const stalledAt = flood.sent()
    expect(stalledAt).toBeLessThan(total / 2)
    expect(gateway.buffered()).toBeLessThan(512 * 1024)
    const hash = createHash('sha256')
    let received = 0
    for await (const piece of response) {
      received += (piece as Buffer).length
      hash.update(piece as Buffer)
    }
    expect(received).toBe(total)
    expect(hash.digest('hex')).toBe(createHash('sha256').update(Buffer.alloc(total, 'x')).digest('hex'))
    expect(gateway.buffered()).toBeLessThan(512 * 1024)
  })

  it('that hangs up in the middle of a stream takes the call to the model with it', async () => {
    const events = new EventStream()
    await using upstream = await startUpstream(events.listener)
    await using gateway = await startBareGateway(makeForward(), (signal) => callTo(upstream.origin, {}, { signal }))
    const response = await new Promise<IncomingMessage>((resolve) => get(gateway.url, { agent: false }, resolve))
    await events.send('one')
    response.destroy()
    await vi.waitFor(() => expect(events.closed).toBe(true))
    await vi.waitFor(() => expect(upstream.open()).toBe(0))
  })
})

describe('a caller who leaves', () => {
  it('before the answer: the call to the model is cancelled in that same event', async () => {
    const hang = makeHang()
    await using upstream = await startUpstream(hang.listener)
    const gone = new AbortController()
    const reply = new RecordedReply()
    const forwarding = makeForward()(makePermit(), callTo(upstream.origin, {}, { signal: gone.signal }), reply)
    await vi.waitFor(() => expect(hang.waiting).toHaveLength(1))
    gone.abort()
    await expect(forwarding).rejects.toMatchObject({ code: 'client_closed' })
    await vi.waitFor(() => expect(hang.waiting[0]?.closed).toBe(true))
    expect([reply.status, reply.destroyed]).toEqual([0, false])
  })

  it('while the connection is still being opened: nothing is ever sent', async () => {
    const requests: string[] = []
    await using upstream = await startUpstream((request, response) => {
      requests.push(request.url ?? '')
      response.end()
    })
    const resolution = Promise.withResolvers<readonly string[]>()
    const deps = makeUpstreamDeps({ resolve: async () => resolution.promise })
    const gone = new AbortController()
    const forward = makeForward(deps)
    const origin = `http://model.test:${upstream.port}`
    const call = callTo(origin, {}, { signal: gone.signal, path: '/abandoned' })
    const forwarding = forward(makePermit(), call, new RecordedReply())
    gone.abort()
    await expect(forwarding).rejects.toMatchObject({ code: 'client_closed' })
    resolution.resolve(['127.0.0.1'])
    await forward(makePermit(), callTo(origin, {}, { path: '/later' }), new RecordedReply())
    expect(requests).toEqual(['/later'])
  })
})

describe('a model that does not behave', () => {
  it.each([
    ['a redirect', 'HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n'],
    ['a permanent redirect', 'HTTP/1.1 308 Permanent Redirect\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n'],
    ['switching protocols', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n'],
    ['an unasked 100 Continue', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'],
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n'],
    ['both length and chunks', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['too many headers', `HTTP/1.1 200 OK\r\n${`x-a: ${'b'.repeat(1000)}\r\n`.repeat(40)}\r\n`],
    ['one huge header', `HTTP/1.1 200 OK\r\nx-a: ${'b'.repeat(40_000)}\r\n\r\n`],
  ])('%s is upstream_failed, and the caller gets no byte of it', async (_what, bytes) => {
    await using upstream = await startRawUpstream((socket) => void socket.write(bytes))
    const reply = new RecordedReply()
    const forwarding = makeForward()(makePermit(), callTo(upstream.origin), reply)
    await expect(forwarding).rejects.toMatchObject({ code: 'upstream_failed' })
    expect([reply.status, reply.bytes, reply.destroyed]).toEqual([0, 0, false])
  })

  it('that closes without an answer is upstream_failed and is not asked again', async () => {
    await using upstream = await startRawUpstream((socket) => socket.destroy())
    const endpoints = [makeEndpoint(upstream.origin), makeEndpoint(upstream.origin, { name: 'two' })]
    const call = makeCall(makeConnection({ endpoints }))
    await expect(makeForward()(makePermit(), call, new RecordedReply())).rejects.toMatchObject({
      code: 'upstream_failed',
    })
    expect(upstream.opened()).toBe(1)
  })

  it.each([
    ['never begins', 'firstByteTimeout', 'begin'],
    ['never begins within the whole time', 'requestTimeout', 'begin'],
  ] as const)('that %s is upstream_timeout (%s)', async (_what, limit, word) => {
    const hang = makeHang()
    await using upstream = await startUpstream(hang.listener)
    const forwarding = makeForward()(
      makePermit(),
      callTo(upstream.origin, { limits: { [limit]: '60ms' } }),
      new RecordedReply(),
    )
    await expect(forwarding).rejects.toMatchObject({ code: 'upstream_timeout', message: expect.stringContaining(word) })
    await vi.waitFor(() => expect(upstream.open()).toBe(0))
  })

  it.each([
    ['pauses too long', { idleTimeout: '60ms' }],
    ['takes too long in all', { requestTimeout: '120ms' }],
  ] as const)('that %s in the middle is cut as upstream_timeout', async (_what, limits) => {
    const events = new EventStream()
    await using upstream = await startUpstream(events.listener)
    const reply = new RecordedReply()
    const forwarding = makeForward()(makePermit(), callTo(upstream.origin, { limits }), reply)
    await events.send('one')
    await expect(forwarding).resolves.toMatchObject({ outcome: 'Cut', error: { code: 'upstream_timeout' } })
    expect([reply.text, reply.destroyed, reply.ended]).toEqual(['data: one\n\n', true, false])
  })

  it('an announced body that is too large is refused, one that grows too large is cut', async () => {
    const limits = { maxResponseBytes: 1000 }
    await using announced = await startUpstream((_request, response) => response.end('x'.repeat(1001)))
    const reply = new RecordedReply()
    const forward = makeForward()
    const refused = forward(makePermit(), callTo(announced.origin, { limits }), reply)
    await expect(refused).rejects.toMatchObject({ code: 'response_too_large' })
    expect(reply.status).toBe(0)

    const flood = makeFlood(10_000_000)
    await using growing = await startUpstream(flood.listener)
    const second = new RecordedReply()
    const cut = await forward(makePermit(), callTo(growing.origin, { limits }), second)
    expect(cut).toMatchObject({ outcome: 'Cut', error: { code: 'response_too_large' } })
    expect(second.bytes).toBeLessThanOrEqual(1000)
    expect(second.destroyed).toBe(true)
  })
})

describe('endpoints', () => {
  it('share calls by weight, smoothly', async () => {
    await using a = await startUpstream((_request, response) => response.end('a'))
    await using b = await startUpstream((_request, response) => response.end('b'))
    const endpoints = [
      makeEndpoint(a.origin, { name: 'a', weight: 3 }),
      makeEndpoint(b.origin, { name: 'b', weight: 1 }),
      makeEndpoint(b.origin, { name: 'out', weight: 0 }),
    ]
    const call = makeCall(makeConnection({ endpoints }))
    const forward = makeForward()
    const answers: string[] = []
    for (let i = 0; i < 8; i += 1) answers.push((await forward(makePermit(), call, new RecordedReply())).endpoint)
    expect(answers.join('')).toBe('aabaaaba')
  })

  it('that cannot be reached are passed over, and reported', async () => {
    await using dead = await startUpstream(echo)
    const origin = dead.origin
    await dead[Symbol.asyncDispose]()
    await using alive = await startUpstream(echo)
    const deps = makeUpstreamDeps()
    const endpoints = [makeEndpoint(origin, { name: 'dead' }), makeEndpoint(alive.origin, { name: 'alive' })]
    const reply = new RecordedReply()
    const forwarded = await makeForward(deps)(makePermit(), makeCall(makeConnection({ endpoints })), reply)
    expect([forwarded.endpoint, echoed(reply).body]).toEqual(['alive', '{"model":"m"}'])
    expect(deps.failures).toMatchObject([
      { connection: 'team-a/chat', endpoint: 'dead', error: { code: 'upstream_unreachable' } },
    ])
  })

  it('that all fail give the last failure; none in rotation is unreachable', async () => {
    await using dead = await startUpstream(echo)
    const origin = dead.origin
    await dead[Symbol.asyncDispose]()
    const forward = makeForward()
    const endpoints = [makeEndpoint(origin, { name: 'x' }), makeEndpoint(origin, { name: 'y' })]
    for (const connection of [
      makeConnection({ endpoints }),
      makeConnection({ endpoints: [makeEndpoint(origin, { weight: 0 })] }),
    ]) {
      const forwarding = forward(makePermit(), makeCall(connection), new RecordedReply())
      await expect(forwarding).rejects.toMatchObject({ code: 'upstream_unreachable' })
    }
  })
})

describe('maxConcurrent', () => {
  it('refuses one call too many and frees its slots however a call ends', async () => {
    const hang = makeHang()
    await using upstream = await startUpstream(hang.listener)
    const limits = { maxConcurrent: 2 }
    const forward = makeForward()
    const gone = new AbortController()
    const start = async () =>
      forward(makePermit(), callTo(upstream.origin, { limits }, { signal: gone.signal }), new RecordedReply())
    const held = [start(), start()]
    await expect(start()).rejects.toMatchObject({ code: 'too_many_calls' })
    await vi.waitFor(() => expect(hang.waiting).toHaveLength(2))
    gone.abort()
    await Promise.allSettled(held)
    const again = new AbortController()
    const later = forward(
      makePermit(),
      callTo(upstream.origin, { limits }, { signal: again.signal }),
      new RecordedReply(),
    )
    await vi.waitFor(() => expect(hang.waiting).toHaveLength(3))
    again.abort()
    await expect(later).rejects.toMatchObject({ code: 'client_closed' })
  })
})

/** Takes a reply as any other, and fails at one point. */
class FailingReply extends RecordedReply {
  constructor(where: 'head' | 'write' | 'end') {
    super()
    Object.defineProperty(this, where, {
      value: () => {
        throw new Error('the sink failed')
      },
    })
  }
}

describe('a sink', () => {
  it('gets a compressed body as it came', async () => {
    await using upstream = await startUpstream((_request, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end('...')
    })
    const reply = new RecordedReply()
    await makeForward()(makePermit(), callTo(upstream.origin), reply)
    expect([reply.headers['content-encoding'], reply.text]).toEqual(['gzip', '...'])
  })

  it('that fails closes the call: refused before the head, cut after it', async () => {
    await using upstream = await startUpstream((_request, response) => response.end('hello'))
    const forward = makeForward()
    const atHead = forward(makePermit(), callTo(upstream.origin), new FailingReply('head'))
    await expect(atHead).rejects.toMatchObject({ code: 'internal' })
    for (const where of ['write', 'end'] as const) {
      const reply = new FailingReply(where)
      const cut = await forward(makePermit(), callTo(upstream.origin), reply)
      expect(cut).toMatchObject({ outcome: 'Cut', error: { code: 'internal' } })
      expect([reply.ended, reply.destroyed]).toEqual([false, true])
    }
  })
})

describe('a call', () => {
  it('is told to have left when it may have reached the model, and not before', async () => {
    await using upstream = await startUpstream((_request, response) => response.end('hello'))
    let left = 0
    const onSent = (): void => void (left += 1)
    const unreachable = makeForward()(makePermit(), callTo('http://127.0.0.1:1', {}, { onSent }), new RecordedReply())
    await expect(unreachable).rejects.toMatchObject({ code: 'upstream_unreachable' })
    expect(left).toBe(0)
    await makeForward()(makePermit(), callTo(upstream.origin, {}, { onSent }), new RecordedReply())
    expect(left).toBe(1)
  })
})
