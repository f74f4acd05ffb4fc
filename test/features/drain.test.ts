// The orderly end of a gateway inside of this process; test/e2e/gateway-process.test.ts has the signals and exit codes.
import { describe, expect, it, vi } from 'vitest'
import { ask, connectionTo, open, toRequest } from '../helpers/asking.ts'
import { startGateway } from '../helpers/gateway.ts'
import { statusesOf } from '../helpers/raw-client.ts'
import { EventStream, startUpstream } from '../helpers/upstream-server.ts'

async function statusOf(url: string): Promise<number> {
  return (await fetch(url)).status
}

describe('an orderly end', () => {
  it('says so first, waits for calls, and answers nobody new', async () => {
    const events = new EventStream()
    await using upstream = await startUpstream(events.listener)
    await using gw = await startGateway({ connections: [connectionTo(upstream)], config: { drainMs: 60_000 } })
    expect(await statusOf(`${gw.adminOrigin}/readyz`)).toBe(200)
    using client = await open(gw)
    client.write(toRequest(gw))
    await events.send('1')
    await client.until(/data: 1/u)
    const stopped = gw.stop()
    expect(await statusOf(`${gw.adminOrigin}/readyz`)).toBe(503)
    expect(await statusOf(`${gw.adminOrigin}/healthz`)).toBe(200)
    await vi.waitFor(async () => expect(open(gw)).rejects.toThrow('ECONNREFUSED'))
    await events.end()
    await client.until(/\[DONE\][\s\S]*\r\n0\r\n\r\n$/u)
    await stopped
    expect((await gw.records()).map(({ response }) => response.outcome)).toEqual(['Completed'])
  })

  it('cuts what outlives its time, and every call is on record', async () => {
    const events = new EventStream()
    await using upstream = await startUpstream(events.listener)
    await using gw = await startGateway({ connections: [connectionTo(upstream)], config: { drainMs: 100 } })
    const clients = await Promise.all(Array.from({ length: 8 }, async () => open(gw)))
    for (const client of clients) client.write(toRequest(gw))
    await events.send('1')
    await Promise.any(clients.map(async (client) => client.until(/data: 1/u)))
    await vi.waitFor(() => expect(upstream.open()).toBe(8))
    await gw.stop()
    await Promise.all(clients.map(async ({ closed }) => closed))
    for (const client of clients) expect(client.received()).not.toContain('\r\n0\r\n\r\n')
    const records = await gw.records()
    expect(records.map(({ response }) => response.error)).toEqual(Array(8).fill('client_closed'))
    expect(upstream.open()).toBe(0)
  })

  it('ends connections that are kept alive after their reply', async () => {
    await using upstream = await startUpstream((_request, response) => void response.end('{}'))
    await using gw = await startGateway({ connections: [connectionTo(upstream)], config: { drainMs: 60_000 } })
    using client = await open(gw)
    client.write(toRequest(gw))
    expect(statusesOf(await client.until(/\{\}/u))).toEqual([200])
    await gw.stop()
    await client.closed
    await expect(ask(gw)).rejects.toThrow('ECONNREFUSED')
    expect(upstream.open()).toBe(0)
  })
})
