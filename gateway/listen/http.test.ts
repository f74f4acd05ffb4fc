import { describe, expect, it, vi } from 'vitest'
import type { RawClient } from '../../test/helpers/raw-client.ts'
import { exchangeRaw, openRaw, statusesOf } from '../../test/helpers/raw-client.ts'
import type { Exchange } from '../exchange.ts'
import { renderOpenAIError } from '../protocols/openai/error.ts'
import { sendRefusal, toGatewayError, toRefusal } from '../reply.ts'
import type { HandleExchange, HttpOptions } from './http.ts'
import { buildHttpServer, defaultTimes } from './http.ts'

interface Listening extends AsyncDisposable {
  readonly port: number
  readonly seen: Exchange[]
  readonly open: () => Promise<number>
  /** As a process does: no new connections, what is under way may finish. */
  readonly close: () => Promise<void>
}

async function listen(handle: HandleExchange, options: Partial<HttpOptions> = {}): Promise<Listening> {
  const seen: Exchange[] = []
  let draining = false
  const server = buildHttpServer(
    { ...defaultTimes, maxHeaderBytes: 16_384, draining: () => draining, ...options },
    async (exchange) => {
      seen.push(exchange)
      await handle(exchange)
    },
  )
  await server.listen({ port: 0, host: '127.0.0.1' })
  const address = server.server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    seen,
    open: () =>
      new Promise((resolve, reject) => {
        server.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
      }),
    close: async () => {
      draining = true
      await server.close()
    },
    [Symbol.asyncDispose]: async () => {
      server.server.closeAllConnections()
      await server.close()
    },
  }
}

/** Reads the body and says how long it was, or refuses as the story of a call does. */
const readAll =
  (maxBytes = 1000): HandleExchange =>
  async ({ request, reply }) => {
    try {
      const body = await request.readBody(maxBytes)
      reply.head(200, { 'content-length': String(String(body.length).length) })
      reply.end(Buffer.from(String(body.length)))
    } catch (error) {
      sendRefusal(reply, toRefusal(toGatewayError(error)), plainForm)
    }
  }

const answer =
  (text = 'ok'): HandleExchange =>
  async ({ reply }) => {
    reply.head(200, { 'content-length': String(text.length) })
    reply.end(Buffer.from(text))
  }

const post = (headers: string, body = ''): string => `POST /x HTTP/1.1\r\nhost: gw\r\n${headers}\r\n${body}`

const headOf = async (head: string): Promise<Exchange['request'] | undefined> => {
  await using gateway = await listen(answer())
  using client = await openRaw(gateway.port)
  client.write(`${head}connection: close\r\n\r\n`)
  await client.until(/ok$/u)
  return gateway.seen[0]?.request
}

const cutAfter: HandleExchange = async ({ reply }) => {
  reply.head(200, { 'content-type': 'text/plain' })
  reply.write(Buffer.from('half'))
  setImmediate(() => reply.destroy())
}

const ask = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nhost: gw\r\n${more}\r\n`

describe('every request takes the one road', () => {
  it.each([
    ['an encoding that is none', 'GET /canary%zz HTTP/1.1\r\nhost: gw\r\nconnection: close\r\n\r\n'],
    ['a method nobody knows here', 'PROPFIND /canary HTTP/1.1\r\nhost: gw\r\nconnection: close\r\n\r\n'],
    ['a content type that is none', post('content-type: canary\r\ncontent-length: 2\r\nconnection: close\r\n', 'hi')],
    ['no content type', post('content-length: 2\r\nconnection: close\r\n', 'hi')],
    ['an absolute target', 'GET http://canary/x HTTP/1.1\r\nhost: gw\r\nconnection: close\r\n\r\n'],
    ['a target that is no path', 'OPTIONS * HTTP/1.1\r\nhost: gw\r\nconnection: close\r\n\r\n'],
    [
      'an offer of another protocol',
      'GET /canary HTTP/1.1\r\nhost: gw\r\nconnection: upgrade, close\r\nupgrade: h2c\r\n\r\n',
    ],
    ['the oldest version', 'GET /canary HTTP/1.0\r\nhost: gw\r\n\r\n'],
    ['a very long path', `GET /canary${'a'.repeat(8000)} HTTP/1.1\r\nhost: gw\r\nconnection: close\r\n\r\n`],
  ])('%s', async (_title, bytes) => {
    await using gateway = await listen(answer('seen'))
    const received = await exchangeRaw(gateway.port, bytes)
    expect(received).toMatch(/^HTTP\/1\.1 200 [\s\S]*seen$/u)
    expect(gateway.seen).toHaveLength(1)
  })

  it('and pipelined requests take it one by one, answered in their order', async () => {
    await using gateway = await listen(async ({ request, reply }) => {
      if (request.path === '/slow') await new Promise((resolve) => setTimeout(resolve, 20))
      reply.head(200, { 'content-length': String(request.path.length) })
      reply.end(Buffer.from(request.path))
    })
    const received = await exchangeRaw(gateway.port, ask('/slow') + ask('/b') + ask('/c', 'connection: close\r\n'))
    expect(received.match(/^\/(?:slow|b|c)/gmu)?.join('')).toBe('/slow/b/c')
    expect(gateway.seen).toHaveLength(3)
  })
})

describe('the head of a request', () => {
  it.each([
    ['an absolute target, whose host may be another', 'GET http://other/x HTTP/1.1\r\nhost: gw\r\n'],
    ['a letter that is encoded', 'GET /team/%61dmin HTTP/1.1\r\nhost: gw\r\n'],
    ['a digit that is encoded', 'GET /team/%39 HTTP/1.1\r\nhost: gw\r\n'],
    ['a broken encoding', 'GET /team/%4 HTTP/1.1\r\nhost: gw\r\n'],
    ['a fragment', 'GET /team/x#y HTTP/1.1\r\nhost: gw\r\n'],
    ['a parameter of a path', 'GET /team/admin;x HTTP/1.1\r\nhost: gw\r\n'],
    ['a coding below the chunks', 'GET /x HTTP/1.1\r\nhost: gw\r\ntransfer-encoding: gzip, chunked\r\n'],
    ['two hosts', 'GET /x HTTP/1.1\r\nhost: gw\r\nhost: other\r\n'],
    ['two content types', 'GET /x HTTP/1.1\r\nhost: gw\r\ncontent-type: a/b\r\nContent-Type: a/b\r\n'],
    ['more headers than anyone agrees on', `GET /x HTTP/1.1\r\nhost: gw\r\n${'a: b\r\n'.repeat(250)}`],
    ['more headers than Node keeps', `GET /x HTTP/1.1\r\nhost: gw\r\n${'a:\r\n'.repeat(2500)}`],
  ])('is malformed with %s', async (_title, head) => {
    expect((await headOf(head))?.malformed).toMatch(/^[A-Z0-9a-z ,;-]+\.$/u)
  })

  it('is plain otherwise, whatever the names', async () => {
    const request = await headOf(
      'GET /a%20b/%C3%BC?key=secret HTTP/1.1\r\nhost: gw\r\n__proto__: 1\r\nconstructor: 2\r\nX-A: 3\r\nx-a: 4\r\n',
    )
    expect(request?.malformed).toBeUndefined()
    expect([request?.path, request?.query]).toEqual(['/a%20b/%C3%BC', '?key=secret'])
    expect(request?.headers['constructor']).toBe('2')
    expect(request?.headers['__proto__']).toBe('1')
    expect(request?.headers['x-a']).toBe('3, 4')
    expect(request?.headers['toString']).toBeUndefined()
  })
})

describe('a body', () => {
  it('may come in chunks with trailers, which are nobody’s headers', async () => {
    await using gateway = await listen(readAll())
    const head = post('transfer-encoding: chunked\r\nconnection: close\r\n')
    const received = await exchangeRaw(gateway.port, `${head}3\r\nabc\r\n0\r\nauthorization: canary\r\n\r\n`)
    expect(received).toMatch(/\r\n\r\n3$/u)
    expect(JSON.stringify(gateway.seen[0]?.request.rawHeaders)).not.toContain('canary')
  })

  it.each([
    ['announced too large', post('content-length: 1001\r\n'), 413],
    ['grown too large', post('transfer-encoding: chunked\r\n', `800\r\n${'a'.repeat(2048)}\r\n`), 413],
  ])('%s is refused while its sender still writes, and its connection ends', async (_title, bytes, status) => {
    await using gateway = await listen(readAll(), { lingerMs: 100 })
    using client = await openRaw(gateway.port)
    client.write(bytes)
    expect(statusesOf(await client.until(/too_large/u))).toEqual([status])
    expect(client.received()).toMatch(/connection: close/iu)
    await client.closed
    await vi.waitFor(async () => expect(await gateway.open()).toBe(0))
  })

  it('refused is read on for a while, so that the refusal is not lost', async () => {
    await using gateway = await listen(readAll())
    const body = 'a'.repeat(4_000_000)
    const received = await exchangeRaw(gateway.port, post(`content-length: ${body.length}\r\n`, body))
    expect(received).toContain('body_too_large')
  })

  it.each([
    ['pauses', { bodyIdleTimeoutMs: 60 }, undefined],
    ['drips for ever', { bodyTimeoutMs: 150 }, 10],
  ])('that %s is refused in time', async (_title, times, dripMs) => {
    await using gateway = await listen(readAll(), { ...times, lingerMs: 50 })
    using client = await openRaw(gateway.port)
    client.write(post('content-length: 900\r\n', 'a'))
    const drip = dripMs === undefined ? undefined : setInterval(() => client.write('a'), dripMs)
    expect(statusesOf(await client.until(/request_timeout/u))).toEqual([408])
    await client.closed
    clearInterval(drip)
    await vi.waitFor(async () => expect(await gateway.open()).toBe(0))
  })

  it('that is refused at once and drips on does not keep its connection', async () => {
    await using gateway = await listen(async ({ reply }) => void sendRefusal(reply, refusal, plainForm), {
      lingerMs: 100,
    })
    using client = await openRaw(gateway.port)
    client.write(post('content-length: 100000\r\n', 'a'))
    const drip = setInterval(() => client.write('a'), 10)
    await client.closed
    clearInterval(drip)
    expect(statusesOf(client.received())).toEqual([401])
  })

  it('whose sender left before anybody read it is client_closed', async () => {
    const left = Promise.withResolvers<unknown>()
    await using gateway = await listen(async ({ request }) => {
      await new Promise<void>((resolve) => request.signal.addEventListener('abort', resolve))
      left.resolve(await request.readBody(1000).catch((error: unknown) => error))
    })
    const client = await openRaw(gateway.port)
    client.write(post('content-length: 2\r\n', 'hi'))
    await vi.waitFor(() => expect(gateway.seen).toHaveLength(1))
    client.socket.destroy()
    expect(await left.promise).toMatchObject({ code: 'client_closed' })
  })

  it('whose sender leaves in the middle is client_closed', async () => {
    const left = Promise.withResolvers<unknown>()
    await using gateway = await listen(async ({ request }) => {
      left.resolve(await request.readBody(1000).catch((error: unknown) => error))
    })
    const client = await openRaw(gateway.port)
    client.write(post('content-length: 200\r\n', 'hi'))
    await vi.waitFor(() => expect(gateway.seen).toHaveLength(1))
    client.socket.destroy()
    expect(await left.promise).toMatchObject({ code: 'client_closed' })
  })

  it('that asks for leave first gets it when it will be read, and only then', async () => {
    await using gateway = await listen(async (exchange) =>
      exchange.request.path === '/no' ? void sendRefusal(exchange.reply, refusal, plainForm) : readAll()(exchange),
    )
    using reader = await openRaw(gateway.port)
    reader.write(post('content-length: 2\r\nexpect: 100-continue\r\nconnection: close\r\n'))
    expect(statusesOf(await reader.until(/100 Continue/u))).toEqual([100])
    reader.write('hi')
    expect(statusesOf(await reader.until(/200 OK[\s\S]*2$/u))).toEqual([100, 200])
    using refused = await openRaw(gateway.port)
    refused.write('POST /no HTTP/1.1\r\nhost: gw\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n')
    expect(statusesOf(await refused.until(/credentials_missing/u))).toEqual([401])
    expect(refused.received()).toMatch(/connection: close/iu)
  })

  it('with an expectation nobody knows is refused in our own words', async () => {
    await using gateway = await listen(answer())
    const received = await exchangeRaw(
      gateway.port,
      post('content-length: 0\r\nexpect: canary\r\nconnection: close\r\n'),
    )
    expect(received).toMatch(/^HTTP\/1\.1 400 [\s\S]*bad_request/u)
    expect(received).not.toContain('canary')
    expect(gateway.seen).toEqual([])
  })
})

const plainForm = { renderError: renderOpenAIError, headers: {} }
const refusal = { status: 401, code: 'credentials_missing' as const, message: 'no' }

describe('slow and broken callers', () => {
  it.each([
    ['headers that drip', 'GET / HTTP/1.1\r\nhost: gw\r\nx-a: '],
    ['nothing at all', ''],
  ])('with %s are told so and let go', async (_title, bytes) => {
    await using gateway = await listen(answer(), { headersTimeoutMs: 150 })
    using client = await openRaw(gateway.port)
    if (bytes !== '') client.write(bytes)
    const drip = setInterval(() => client.write('a'), 20)
    await client.closed
    clearInterval(drip)
    expect([[], [400], [408]]).toContainEqual(statusesOf(client.received()))
    await vi.waitFor(async () => expect(await gateway.open()).toBe(0))
  })

  it('do not keep a socket that they do not close', async () => {
    await using gateway = await listen(answer())
    using client = await openRaw(gateway.port)
    client.socket.allowHalfOpen = true
    client.write('canary\r\n\r\n')
    expect(statusesOf(await client.until(/bad_request/u))).toEqual([400])
    expect(client.received()).not.toContain('canary')
    await vi.waitFor(async () => expect(await gateway.open()).toBe(0), { timeout: 3000 })
  })

  it('who break off in the middle of a reply get no second one inside of it', async () => {
    const begun = Promise.withResolvers<Exchange>()
    await using gateway = await listen(async (exchange) => {
      exchange.reply.head(200, { 'content-type': 'text/event-stream' })
      exchange.reply.write(Buffer.from('data: 1\n\n'))
      begun.resolve(exchange)
    })
    using client = await openRaw(gateway.port)
    client.write('GET /x HTTP/1.1\r\nhost: gw\r\n\r\n')
    await client.until(/data: 1/u)
    client.write('\x16\x03\x01 this is no request\r\n\r\n')
    await client.closed
    expect(statusesOf(client.received())).toEqual([200])
    expect((await begun.promise).request.signal.aborted).toBe(true)
  })

  it('who take nothing of a reply that was sent are let go', async () => {
    await using gateway = await listen(
      async ({ reply }) => {
        reply.head(200, {})
        reply.end(Buffer.alloc(32 * 1024 * 1024))
      },
      { flushTimeoutMs: 100 },
    )
    using client = await openRaw(gateway.port)
    client.socket.pause()
    client.write('GET /x HTTP/1.1\r\nhost: gw\r\n\r\n')
    await vi.waitFor(() => expect(gateway.seen).toHaveLength(1))
    await vi.waitFor(async () => expect(await gateway.open()).toBe(0), { timeout: 5000 })
  })
})

describe('a reply that is cut', () => {
  it('ends without its last chunk', async () => {
    await using gateway = await listen(cutAfter)
    expect(await exchangeRaw(gateway.port, 'GET /x HTTP/1.1\r\nhost: gw\r\n\r\n')).not.toContain('\r\n0\r\n')
  })

  it('is a reset for a caller who would take the end of the connection for the end of the reply', async () => {
    await using gateway = await listen(cutAfter)
    using client: RawClient = await openRaw(gateway.port)
    client.write('GET /x HTTP/1.0\r\nhost: gw\r\n\r\n')
    expect(await client.closed).toBe('Reset')
  })

  it('by a second head is never two replies', async () => {
    await using gateway = await listen(async ({ reply }) => {
      reply.head(200, { 'content-type': 'text/plain' })
      reply.write(Buffer.from('half'))
      sendRefusal(reply, refusal, plainForm)
    })
    const received = await exchangeRaw(gateway.port, 'GET /x HTTP/1.1\r\nhost: gw\r\n\r\n')
    expect(received).not.toContain('credentials_missing')
    expect(received).not.toContain('\r\n0\r\n')
  })
})

describe('while it closes', () => {
  it('nobody new is let in', async () => {
    await using gateway = await listen(answer())
    await gateway.close()
    await expect(openRaw(gateway.port)).rejects.toThrow('ECONNREFUSED')
  })

  it('a stream that began before is finished, and its connection closed at once', async () => {
    const begun = Promise.withResolvers<Exchange>()
    await using gateway = await listen(async (exchange) => {
      exchange.reply.head(200, { 'content-type': 'text/event-stream' })
      exchange.reply.write(Buffer.from('data: 1\n\n'))
      begun.resolve(exchange)
    })
    using client = await openRaw(gateway.port)
    client.write('GET /x HTTP/1.1\r\nhost: gw\r\n\r\n')
    await client.until(/data: 1/u)
    const closed = gateway.close()
    await vi.waitFor(async () => expect(openRaw(gateway.port)).rejects.toThrow('ECONNREFUSED'))
    ;(await begun.promise).reply.end(Buffer.from('data: [DONE]\n\n'))
    await closed
    await client.closed
    expect(client.received()).toMatch(/\[DONE\]\n\n\r\n0\r\n\r\n$/u)
  })
})

it('the head of a stream leaves before its first event', async () => {
  const first = Promise.withResolvers<void>()
  await using gateway = await listen(async ({ reply }) => {
    reply.head(200, { 'content-type': 'text/event-stream' })
    await first.promise
    reply.end(Buffer.from('data: x\n\n'))
  })
  const response = await fetch(`http://127.0.0.1:${gateway.port}/`, { signal: AbortSignal.timeout(3_000) })
  first.resolve()
  expect(await response.text()).toBe('data: x\n\n')
})
