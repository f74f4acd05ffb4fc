// Callers who leave at every stage of a call, and callers who take what is theirs too slowly: nothing is left behind.
import { describe, expect, it, vi } from 'vitest'
import { connectionTo, expectSettled, open, readMetrics, toRequest } from '../helpers/asking.ts'
import { startGateway } from '../helpers/gateway.ts'
import { EventStream, makeFlood, makeHang, startUpstream } from '../helpers/upstream-server.ts'

describe.each(['judged', 'opaque'])('a caller of a %s connection who leaves', (kind) => {
  const spec = kind === 'opaque' ? { content: { mode: 'Opaque' as const } } : {}

  it.each([
    ['in the middle of the headers', 60],
    ['before the body', -1],
    ['in the middle of the body', -2],
  ])('%s leaves nothing behind', async (_title, length) => {
    let bodies = 0
    await using upstream = await startUpstream((request, response) => {
      request.resume().on('end', () => {
        bodies += 1
        response.end('{}')
      })
    })
    await using gw = await startGateway({ connections: [connectionTo(upstream, spec)] })
    const request = toRequest(gw)
    const headEnds = request.indexOf('\r\n\r\n') + 4
    using client = await open(gw)
    client.write(request.slice(0, length === -1 ? headEnds : length === -2 ? headEnds + 10 : length))
    const begun = length < 0 ? 1 : 0
    await vi.waitFor(async () => expect(await readMetrics(gw)).toContain(`portcullis_calls_in_flight ${begun}\n`))
    client.socket.destroy()
    await expectSettled(gw)
    expect(bodies).toBe(0)
    await vi.waitFor(() => expect(upstream.open()).toBe(0))
    const records = await gw.records()
    expect(records.map(({ response }) => response.error)).toEqual(length < 0 ? ['client_closed'] : [])
  })

  it('before the first byte of the reply leaves the model as well', async () => {
    const hang = makeHang()
    await using upstream = await startUpstream(hang.listener)
    await using gw = await startGateway({ connections: [connectionTo(upstream, spec)] })
    using client = await open(gw)
    client.write(toRequest(gw))
    await vi.waitFor(() => expect(hang.waiting).toHaveLength(1))
    client.socket.destroy()
    await expectSettled(gw)
    await vi.waitFor(() => expect(upstream.open()).toBe(0))
    expect((await gw.records()).map(({ response }) => response.error)).toEqual(['client_closed'])
  })

  it('in the middle of a stream leaves the model as well', async () => {
    const events = new EventStream()
    await using upstream = await startUpstream(events.listener)
    await using gw = await startGateway({ connections: [connectionTo(upstream, spec)] })
    using client = await open(gw)
    client.write(toRequest(gw))
    await events.send('1')
    await client.until(/data: 1/u)
    client.socket.resetAndDestroy()
    await expectSettled(gw)
    await vi.waitFor(() => expect(upstream.open()).toBe(0))
    expect((await gw.records()).map(({ response }) => response)).toMatchObject([
      { outcome: 'Cut', error: 'client_closed' },
    ])
  })

  it('while who calls is still being found out leaves nothing behind', async () => {
    await using upstream = await startUpstream((_request, response) => void response.end('{}'))
    await using gw = await startGateway({ connections: [connectionTo(upstream, spec)] })
    gw.idp.mode = 'Hang'
    const stranger = await gw.idp.addKey()
    const token = await gw.idp.sign({ sub: 'bob' }, { key: stranger })
    using client = await open(gw)
    client.write(toRequest(gw).replace(gw.token, token))
    await vi.waitFor(async () => expect(await readMetrics(gw)).toMatch(/^portcullis_calls_in_flight 1$/mu))
    client.socket.destroy()
    await vi.waitFor(async () => expect(await readMetrics(gw)).toMatch(/^portcullis_calls_in_flight 0$/mu), {
      timeout: 10_000,
    })
    expect(upstream.opened()).toBe(0)
  })
})

const total = 200 * 1024 * 1024

it.each(['judged', 'opaque'])(
  'a slow reader of 200 MB on a %s connection costs no memory to speak of',
  async (kind) => {
    const flood = makeFlood(total)
    await using upstream = await startUpstream(flood.listener)
    const limits = { maxResponseBytes: total * 2 }
    const spec = kind === 'opaque' ? { limits, content: { mode: 'Opaque' as const } } : { limits }
    await using gw = await startGateway({ connections: [connectionTo(upstream, spec)] })
    using client = await open(gw)
    const before = process.memoryUsage()
    client.socket.pause()
    client.write(toRequest(gw, { headers: ['connection: close'] }))
    let last = -1
    await vi.waitFor(
      () => {
        const now = flood.sent()
        const isStill = now > 0 && now === last
        last = now
        expect(isStill).toBe(true)
      },
      { interval: 200, timeout: 20_000 },
    )
    // What the model could hand over is in the buffers of two sockets of the kernel and two of Node.
    expect(flood.sent()).toBeLessThan(32 * 1024 * 1024)
    const { arrayBuffers, rss } = process.memoryUsage()
    expect(arrayBuffers - before.arrayBuffers).toBeLessThan(16 * 1024 * 1024)
    expect(rss - before.rss).toBeLessThan(128 * 1024 * 1024)
    let received = 0
    client.socket.removeAllListeners('data')
    client.socket.on('data', (bytes: Buffer) => (received += bytes.length))
    client.socket.resume()
    await client.closed
    expect(received).toBeGreaterThanOrEqual(total)
    expect((await gw.records()).at(-1)).toMatchObject({ response: { outcome: 'Completed', bytes: total } })
  },
)
