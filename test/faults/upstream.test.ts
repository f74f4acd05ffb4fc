// Everything a model server can do wrong, through a whole gateway: the caller gets a typed refusal or a visibly broken transfer,
// never what looks whole and is not.
import type { Socket } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { ask, connectionTo, expectSettled, open, toRequest } from '../helpers/asking.ts'
import type { TestGateway } from '../helpers/gateway.ts'
import { startGateway } from '../helpers/gateway.ts'
import { statusesOf } from '../helpers/raw-client.ts'
import { EventStream, makeHang, startRawUpstream, startUpstream } from '../helpers/upstream-server.ts'
import type { Upstream } from '../helpers/upstream-server.ts'

async function before(upstream: Upstream, limits = {}): Promise<TestGateway> {
  return startGateway({ connections: [connectionTo(upstream, { limits })] })
}

async function answersWith(bytes: string): Promise<Upstream> {
  return startRawUpstream((socket: Socket) => void socket.write(bytes))
}

describe('before the first byte', () => {
  it.each([
    ['garbage', 'canary canary\r\n\r\n', 'upstream_failed'],
    ['a redirect', 'HTTP/1.1 302 Found\r\nlocation: http://canary/\r\ncontent-length: 0\r\n\r\n', 'upstream_failed'],
    ['a giant head', `HTTP/1.1 200 OK\r\nx-canary: ${'c'.repeat(80_000)}\r\n\r\n`, 'upstream_failed'],
    [
      'another protocol',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: canary\r\nconnection: upgrade\r\n\r\n',
      'upstream_failed',
    ],
    ['a status that is none', 'HTTP/1.1 099 canary\r\ncontent-length: 0\r\n\r\n', 'upstream_failed'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\ncanary', 'upstream_failed'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
      'upstream_failed',
    ],
    ['more than it may', 'HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n', 'response_too_large'],
    ['half of a head', 'HTTP/1.1 200 OK\r\ncontent-type: canary', 'upstream_timeout'],
  ])('%s is a typed refusal that quotes nothing', async (_title, bytes, code) => {
    await using upstream = await answersWith(bytes)
    await using gw = await before(upstream, { firstByteTimeout: '300ms' })
    const reply = await ask(gw)
    expect(statusesOf(reply)).toEqual([code === 'upstream_timeout' ? 504 : 502])
    expect(reply).toContain(`"code":"${code}"`)
    expect(reply).not.toContain('canary')
    expect(gw.logs()).not.toContain('canary')
    await expectSettled(gw)
    await vi.waitFor(() => expect(upstream.open()).toBe(0))
  })

  it('silence is a time-out, and the model is let go', async () => {
    const hang = makeHang()
    await using upstream = await startUpstream(hang.listener)
    await using gw = await before(upstream, { firstByteTimeout: '100ms' })
    expect(await ask(gw)).toContain('"code":"upstream_timeout"')
    await vi.waitFor(() => expect(upstream.open()).toBe(0))
    expect((await gw.records()).at(-1)).toMatchObject({ response: { status: 504, outcome: 'Refused' } })
  })

  it('nobody at the address is upstream_unreachable, without the address', async () => {
    const gone = await startUpstream(() => {})
    await gone[Symbol.asyncDispose]()
    await using gw = await before(gone)
    const reply = await ask(gw)
    expect(reply).toContain('"code":"upstream_unreachable"')
    expect(reply).not.toContain(String(gone.port))
  })
})

describe('in the middle', () => {
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n'
  it.each([
    [
      'a reset',
      `${head}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`,
      (socket: Socket) => socket.resetAndDestroy(),
    ],
    [
      'an end without the last chunk',
      `${head}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`,
      (socket: Socket) => socket.end(),
    ],
    ['an end before the length', `${head}content-length: 100\r\n\r\nhello`, (socket: Socket) => socket.end()],
    [
      'a reset where the end would be the end',
      `${head}connection: close\r\n\r\nhello`,
      (socket: Socket) => socket.resetAndDestroy(),
    ],
    [
      'a chunk that is none',
      `${head}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`,
      (socket: Socket) => socket.write('canary\r\n'),
    ],
  ])('%s is a broken transfer for the caller, of either version of HTTP', async (_title, bytes, breakOff) => {
    for (const version of ['1.1', '1.0']) {
      let model: Socket | undefined
      await using upstream = await startRawUpstream((socket) => {
        model = socket
        socket.write(bytes)
      })
      await using gw = await before(upstream)
      using client = await open(gw)
      client.write(toRequest(gw, { version }))
      await client.until(/hello/u)
      if (model !== undefined) breakOff(model)
      const how = await client.closed
      const received = client.received()
      expect(statusesOf(received)).toEqual([200])
      // Chunks without their last one, fewer bytes than announced, or a reset: every client can tell.
      const isVisible =
        how === 'Reset' ||
        (/chunked/iu.test(received) && !received.endsWith('0\r\n\r\n')) ||
        /content-length: 100/iu.test(received)
      expect(isVisible).toBe(true)
      expect(received).not.toContain('"error"')
      expect(received).not.toContain('canary')
      expect((await gw.records()).at(-1)).toMatchObject({
        response: { status: 200, outcome: 'Cut', error: 'upstream_failed' },
      })
      await expectSettled(gw)
    }
  })

  it.each([
    ['a pause that is too long', { idleTimeout: '150ms' }, 'upstream_timeout'],
    ['a stream that is too long', { requestTimeout: '200ms' }, 'upstream_timeout'],
    ['a body that grows too large', { maxResponseBytes: 20 }, 'response_too_large'],
  ])('%s is cut', async (_title, limits, error) => {
    const events = new EventStream()
    await using upstream = await startUpstream(events.listener)
    await using gw = await before(upstream, limits)
    using client = await open(gw)
    client.write(toRequest(gw))
    await events.send('1')
    await client.until(/data: 1/u)
    if (error === 'response_too_large') await events.send('a'.repeat(40))
    await client.closed
    expect(client.received()).not.toMatch(/0\r\n\r\n$/u)
    expect((await gw.records()).at(-1)).toMatchObject({ response: { outcome: 'Cut', error } })
    await vi.waitFor(() => expect(upstream.open()).toBe(0))
  })

  it('trailers, informational replies and unasked statements of the model do not travel', async () => {
    await using upstream = await answersWith(
      'HTTP/1.1 103 Early Hints\r\nlink: canary\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-canary\r\nset-cookie: canary=1\r\nx-portcullis-revision: canary\r\nlocation: /canary\r\nconnection: x-hop\r\nx-hop: canary\r\n\r\n2\r\nok\r\n0\r\nx-canary: canary\r\n\r\n',
    )
    await using gw = await before(upstream)
    const reply = await ask(gw)
    expect(statusesOf(reply)).toEqual([200])
    expect(reply).not.toContain('canary')
    expect(reply).toMatch(/\r\n2\r\nok\r\n0\r\n\r\n$/u)
  })
})
