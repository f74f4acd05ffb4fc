// Streams through a whole gateway: every event when it comes, no byte changed, and an end that says whether it was one.
import { describe, expect, it, vi } from 'vitest'
import { ask, connectionTo, expectSettled, open, toRequest } from '../helpers/asking.ts'
import { startGateway } from '../helpers/gateway.ts'
import { statusesOf } from '../helpers/raw-client.ts'
import { EventStream, startUpstream } from '../helpers/upstream-server.ts'

describe('a stream', () => {
  it('passes each event before the next one is made', async () => {
    const events = new EventStream()
    await using upstream = await startUpstream(events.listener)
    await using gw = await startGateway({ connections: [connectionTo(upstream)] })
    using client = await open(gw)
    client.write(toRequest(gw))
    for (let event = 1; event <= 20; event += 1) {
      await events.send(`event ${event}`)
      await client.until(new RegExp(`data: event ${event}\\n\\n`, 'u'))
    }
    await events.end()
    const received = await client.until(/\r\n0\r\n\r\n$/u)
    expect(received).toMatch(/x-portcullis-session: [0-9a-f-]{36}\r\nx-portcullis-revision: 1\.1-[0-9a-f]{12}\r\n/u)
    expect((await gw.records()).at(-1)).toMatchObject({ request: { stream: true }, response: { outcome: 'Completed' } })
    await expectSettled(gw)
  })

  it('leaves its connection usable, on both sides', async () => {
    await using upstream = await startUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 1\n\n')
      response.end('data: [DONE]\n\n')
    })
    await using gw = await startGateway({ connections: [connectionTo(upstream)] })
    using client = await open(gw)
    for (let call = 1; call <= 5; call += 1) {
      client.write(toRequest(gw))
      await vi.waitFor(() => expect(client.received().match(/\r\n0\r\n\r\n/gu)).toHaveLength(call))
    }
    expect(statusesOf(client.received())).toEqual([200, 200, 200, 200, 200])
    expect(upstream.opened()).toBe(1)
  })

  it('goes on under the policy that permitted it, while the next call meets the new one', async () => {
    const events = new EventStream()
    await using upstream = await startUpstream(events.listener)
    await using gw = await startGateway({ connections: [connectionTo(upstream)] })
    using client = await open(gw)
    client.write(toRequest(gw))
    await events.send('1')
    await client.until(/data: 1/u)
    await gw.publish({ policies: [] })
    const denied = await ask(gw)
    expect(statusesOf(denied)).toEqual([403])
    expect(denied).toContain('x-portcullis-revision: 1.2-')
    await events.send('2')
    await events.end()
    const received = await client.until(/\[DONE\]/u)
    expect(received).toContain('x-portcullis-revision: 1.1-')
  })

  it('many at once do not mix', async () => {
    await using upstream = await startUpstream((request, response) => {
      const word = String(request.headers['x-word'])
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      let left = 20
      const sendNext = (): void => {
        left -= 1
        response.write(`data: ${word}\n\n`)
        if (left > 0) setImmediate(sendNext)
        else response.end()
      }
      sendNext()
    })
    await using gw = await startGateway({ connections: [connectionTo(upstream)] })
    const replies = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => ask(gw, { headers: [`x-word: w${i}w`] })),
    )
    for (const [i, reply] of replies.entries()) {
      expect(new Set(reply.match(/w\d+w/gu))).toEqual(new Set([`w${i}w`]))
      expect(reply.match(/w\d+w/gu)).toHaveLength(20)
    }
    await expectSettled(gw)
  })
})
