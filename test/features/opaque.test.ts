// Connections declared Opaque, through a whole gateway: bodies pass unread in both directions; who calls, how, where and with
// which headers is judged, limited and recorded like everything else.
import { createHash } from 'node:crypto'
import { request as sendRequest } from 'node:http'
import { describe, expect, it, vi } from 'vitest'
import type { InferencePolicySpec } from '../../crds/generated/inference-policy.ts'
import { ask, connectionTo, expectSettled, open, toRequest } from '../helpers/asking.ts'
import type { TestGateway } from '../helpers/gateway.ts'
import { startGateway } from '../helpers/gateway.ts'
import { allowAll, denyWhen, makePolicy } from '../helpers/make.ts'
import { statusesOf } from '../helpers/raw-client.ts'
import type { Echo, Upstream } from '../helpers/upstream-server.ts'
import { EventStream, echo, makeHang, startRawUpstream, startUpstream } from '../helpers/upstream-server.ts'

type Rules = InferencePolicySpec['rules']
type Spec = Parameters<typeof connectionTo>[1]

async function before(upstream: Upstream, rules: Rules = [allowAll], spec: Spec = {}): Promise<TestGateway> {
  const credential = { type: 'Header', header: 'x-model-key', prefix: 'Key ', slot: 's' } as const
  const gw = await startGateway({
    connections: [connectionTo(upstream, { protocol: 'HTTP', content: { mode: 'Opaque' }, ...spec }, { credential })],
    policies: [makePolicy(rules === undefined ? {} : { rules })],
  })
  gw.gateway.credentials.set(new Map([['s', 'model-secret']]))
  return gw
}

const codeOf = (reply: string): string => /"code":"([a-z_]+)"/u.exec(reply)?.[1] ?? ''

describe('an opaque call', () => {
  it('passes with its body unread, without what is the caller’s alone, and with the model’s credential', async () => {
    await using upstream = await startUpstream(echo)
    await using gw = await before(upstream)
    const body = '{"a":1,"a":2} this is no JSON \u00fc'
    const reply = await ask(gw, {
      method: 'PUT',
      path: '/team-a/chat/files/a%20b?q=1',
      body,
      headers: ['x-kept: yes', 'cookie: a=b', 'x-model-key: mine', 'X_Model_Key: mine', 'x-forwarded-for: 1.2.3.4'],
    })
    expect(statusesOf(reply)).toEqual([200])
    const seen = JSON.parse(
      Buffer.from(reply.slice(reply.indexOf('{"method"'), reply.lastIndexOf('}') + 1), 'latin1').toString('utf8'),
    ) as Echo
    expect(seen).toMatchObject({ method: 'PUT', url: '/files/a%20b?q=1', body })
    expect(seen.headers).toEqual({
      host: `127.0.0.1:${upstream.port}`,
      connection: 'keep-alive',
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'accept-encoding': 'identity',
      'x-kept': 'yes',
      'x-model-key': 'Key model-secret',
    })
    expect(JSON.stringify(seen)).not.toContain(gw.token)
    const [record] = await gw.records()
    expect(record).toMatchObject({
      connection: { namespace: 'team-a', name: 'chat' },
      request: { method: 'PUT', bytes: Buffer.byteLength(body) },
      decision: { effect: 'Permit', rules: ['team-a/policy/allow'] },
      response: { status: 200, outcome: 'Completed' },
    })
    expect(record?.request).not.toHaveProperty('operation')
  })

  it.each([
    ['its method', 'request.method == "DELETE"', { method: 'DELETE', path: '/team-a/chat/x' }],
    ['its path', 'request.path.startsWith("/team-a/chat/admin")', { path: '/team-a/chat/admin/users' }],
    ['its headers', '"x-debug" in request.headers', { headers: ['X_Debug: 1'] }],
    ['its size', 'request.bytes > 100', { body: 'a'.repeat(101) }],
    ['its caller', 'identity.subject == "alice"', {}],
  ])('is denied by %s, and the model is not reached', async (_title, when, asked) => {
    await using upstream = await startUpstream(echo)
    await using gw = await before(upstream, [allowAll, denyWhen(when)])
    const reply = await ask(gw, asked)
    expect([statusesOf(reply), codeOf(reply)]).toEqual([[403], 'policy_denied'])
    expect(upstream.opened()).toBe(0)
  })

  it.each([
    '/team-a/chat/%61dmin',
    '/team-a/chat/x/../admin',
    '/team-a/chat/admin;x',
    '/team-a/chat//admin',
    '/team-a/chat/%2561dmin',
    '/team-a/chat/x%2fadmin',
    '/team-a/chat\\admin',
  ])('cannot hide its path: %s', async (path) => {
    await using upstream = await startUpstream(echo)
    await using gw = await before(upstream, [allowAll, denyWhen('request.path.startsWith("/team-a/chat/admin")')])
    expect(statusesOf(await ask(gw, { path }))[0]).toBeGreaterThanOrEqual(400)
    expect(upstream.opened()).toBe(0)
  })

  it('is not judged by what nobody reads: a rule about it makes the policy invalid, and every call is refused', async () => {
    await using upstream = await startUpstream(echo)
    await using gw = await before(upstream, [allowAll, denyWhen('request.prompt.contains("x")')])
    expect(codeOf(await ask(gw))).toBe('policy_unavailable')
    expect(upstream.opened()).toBe(0)
  })

  it('of an unusual kind is refused in our own words', async () => {
    await using upstream = await startUpstream(echo)
    await using gw = await before(upstream)
    for (const method of ['TRACE', 'PROPFIND', 'PURGE']) {
      const reply = await ask(gw, { method, path: '/team-a/chat/canary', body: '' })
      expect([statusesOf(reply), codeOf(reply)]).toEqual([[404], 'operation_not_supported'])
      expect(reply).not.toContain('canary')
    }
    expect(upstream.opened()).toBe(0)
  })

  it('whose size a rule limits may not hide it in chunks', async () => {
    await using upstream = await startUpstream(echo)
    await using gw = await before(upstream, [allowAll, denyWhen('request.bytes > 100')], {
      limits: { maxRequestBytes: 50 },
    })
    using client = await open(gw)
    const head = toRequest(gw, { body: '' }).replace('content-length: 0', 'transfer-encoding: chunked')
    client.write(`${head}80\r\n${'a'.repeat(128)}\r\n0\r\n\r\n`)
    expect(codeOf(await client.until(/\}\}/u))).toBe('body_too_large')
    await vi.waitFor(() => expect(upstream.open()).toBe(0))
    await expectSettled(gw)
  })
})

describe('opaque bodies', () => {
  it('stream in both directions while they are sent', async () => {
    await using upstream = await startUpstream((request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' })
      request.on('data', (piece: Buffer) => response.write(piece))
      request.on('end', () => response.end('.'))
    })
    await using gw = await before(upstream)
    using client = await open(gw)
    client.write(toRequest(gw, { body: '' }).replace('content-length: 0', 'transfer-encoding: chunked'))
    for (const word of ['one', 'two', 'three']) {
      client.write(`${word.length.toString(16)}\r\n${word}\r\n`)
      await client.until(new RegExp(word, 'u'))
    }
    client.write('0\r\n\r\n')
    expect(await client.until(/\r\n0\r\n\r\n$/u)).toMatch(/one[\s\S]*two[\s\S]*three[\s\S]*\./u)
    await expectSettled(gw)
  })

  it('of 30 MB arrive whole', async () => {
    const body = Buffer.alloc(30 * 1024 * 1024, 'portcullis')
    await using upstream = await startUpstream((request, response) => {
      response.setHeader('content-type', 'application/octet-stream')
      request.pipe(response)
    })
    await using gw = await before(upstream, [allowAll], { limits: { maxRequestBytes: 64 * 1024 * 1024 } })
    const digest = createHash('sha256')
    await new Promise((resolve, reject) => {
      const request = sendRequest(`${gw.origin}/team-a/chat/x`, { method: 'POST', agent: false }, (response) => {
        response.on('data', (piece: Buffer) => digest.update(piece))
        response.on('end', resolve).on('error', reject)
      })
      request.setHeader('authorization', `Bearer ${gw.token}`)
      request.setHeader('expect', '100-continue')
      request.setHeader('content-length', body.length)
      request.once('continue', () => request.end(body)).on('error', reject)
      request.flushHeaders()
    })
    expect(digest.digest('hex')).toBe(createHash('sha256').update(body).digest('hex'))
  })
})

describe('the limits of an opaque connection', () => {
  it('hold: time, concurrency, the size of a response', async () => {
    const hang = makeHang()
    await using upstream = await startUpstream(hang.listener)
    await using gw = await before(upstream, [allowAll], {
      limits: { maxConcurrent: 1, firstByteTimeout: '200ms', maxResponseBytes: 10 },
    })
    const first = ask(gw)
    await vi.waitFor(() => expect(hang.waiting).toHaveLength(1))
    expect(codeOf(await ask(gw))).toBe('too_many_calls')
    expect(codeOf(await first)).toBe('upstream_timeout')
    const third = ask(gw)
    await vi.waitFor(() => expect(hang.waiting).toHaveLength(2))
    hang.waiting[1]?.setHeader('content-length', '11').end('a'.repeat(11))
    expect(codeOf(await third)).toBe('response_too_large')
    await expectSettled(gw)
    await vi.waitFor(() => expect(upstream.open()).toBe(0))
  })

  it('a stream that is cut is a broken transfer for the caller, of either version of HTTP', async () => {
    for (const version of ['1.1', '1.0']) {
      const events = new EventStream()
      await using upstream = await startUpstream(events.listener)
      await using gw = await before(upstream)
      using client = await open(gw)
      client.write(toRequest(gw, { version }))
      await events.send('1')
      await client.until(/data: 1/u)
      await events.cut()
      const how = await client.closed
      expect(how === 'Reset' || !client.received().endsWith('0\r\n\r\n')).toBe(true)
      expect(version === '1.1' || how === 'Reset').toBe(true)
      expect((await gw.records()).at(-1)).toMatchObject({ response: { outcome: 'Cut', error: 'upstream_failed' } })
    }
  })

  it('a redirect is refused, and the model’s statements about itself do not travel', async () => {
    await using upstream = await startRawUpstream(
      (socket) =>
        void socket.write(
          'HTTP/1.1 307 x\r\nlocation: http://canary/\r\nset-cookie: canary=1\r\ncontent-length: 0\r\n\r\n',
        ),
    )
    await using gw = await before(upstream)
    const reply = await ask(gw)
    expect([statusesOf(reply), codeOf(reply)]).toEqual([[502], 'upstream_failed'])
    expect(reply).not.toContain('canary')
  })
})

describe('what comes on the same connection', () => {
  it('after an opaque call is judged for itself', async () => {
    await using upstream = await startUpstream(echo)
    await using gw = await before(upstream, [allowAll, denyWhen('request.path.endsWith("/closed")')])
    using client = await open(gw)
    client.write(
      toRequest(gw, { path: '/team-a/chat/open', body: '' }) + toRequest(gw, { path: '/team-a/chat/closed', body: '' }),
    )
    const received = await client.until(/policy_denied/u)
    expect(statusesOf(received)).toEqual([200, 403])
  })

  it('as the rest of a body that the model did not want is never a call', async () => {
    await using upstream = await startUpstream((_request, response) => void response.writeHead(413).end('no'))
    await using gw = await before(upstream)
    using client = await open(gw)
    const smuggled = toRequest(gw, { path: '/team-a/chat/smuggled', body: '' })
    const head = toRequest(gw, { body: '' }).replace('content-length: 0', `content-length: ${smuggled.length + 4}`)
    client.write(`${head}body`)
    await client.until(/\r\nno|"code"/u)
    client.write(smuggled)
    await expectSettled(gw)
    client.socket.destroy()
    expect(await gw.records()).toHaveLength(1)
  })
})
