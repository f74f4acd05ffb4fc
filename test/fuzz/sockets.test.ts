// Bytes at the socket of a whole gateway: it never dies, answers in its own words or not at all, and whatever reaches the model
// was judged, with nothing of the caller's that must not travel.
import { once } from 'node:events'
import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { readJsonObject } from '../../gateway/protocols/json/fields.ts'
import { readChat } from '../../gateway/protocols/openai/chat.ts'
import type { TestGateway } from '../helpers/gateway.ts'
import { startGateway } from '../helpers/gateway.ts'
import { allowAll, denyWhen, makeConnection, makePolicy } from '../helpers/make.ts'
import type { Echo, Upstream } from '../helpers/upstream-server.ts'
import { readText, startUpstream } from '../helpers/upstream-server.ts'
import { runs } from './runs.ts'

let gw: TestGateway
let upstream: Upstream
const reached: Echo[] = []

beforeAll(async () => {
  upstream = await startUpstream((request, response) => {
    void readText(request).then(
      (body) => {
        const { method = '', url = '', headers, rawHeaders } = request
        reached.push({ method, url, headers: headers as Record<string, string>, rawHeaders, body })
        response.end('{}')
      },
      () => response.destroy(),
    )
  })
  const endpoints = [{ name: 'm', origin: upstream.origin, basePath: '', weight: 1, place: 'External' as const }]
  const credential = { type: 'Header', header: 'x-model-key', prefix: '', slot: 's' } as const
  const opaque = { content: { mode: 'Opaque' as const } }
  gw = await startGateway({
    connections: [
      makeConnection({}, { endpoints, credential }),
      makeConnection(opaque, { name: 'opaque', endpoints, credential }),
    ],
    policies: [
      makePolicy({ rules: [allowAll, denyWhen('request.prompt.contains("forbidden")')] }),
      makePolicy(
        { targetRefs: [{ name: 'opaque' }], rules: [{ ...allowAll, when: 'request.path.endsWith("/open")' }] },
        { name: 'opaque' },
      ),
    ],
  })
  gw.gateway.credentials.set(new Map([['s', 'model-secret']]))
})

afterAll(async () => {
  await gw[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

/** The longest that a case waits for a word; half of a request gets none. */
const patienceMs = 30

/** Sends all, and gives what came back. An early end of the sending side would be taken for a caller who left. */
async function send(bytes: Buffer): Promise<string> {
  const socket = connect(Number(new URL(gw.origin).port), '127.0.0.1')
  let received = ''
  const ended = (): unknown => socket.end()
  const patience = setTimeout(ended, patienceMs)
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1')
    // Further replies come within the same turn of the gateway's loop, or after this one is over.
    setTimeout(ended, 2)
  })
  socket.on('error', () => socket.destroy())
  const closed = once(socket, 'close')
  socket.write(bytes)
  await closed
  clearTimeout(patience)
  return received
}

async function isAlive(): Promise<boolean> {
  return (await fetch(`${gw.adminOrigin}/healthz`)).ok
}

function expectJudged(calls: readonly Echo[]): void {
  for (const { method, url, rawHeaders, body } of calls) {
    const names = rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())
    expect(rawHeaders.join('\n')).not.toContain(gw.token)
    expect(rawHeaders.join('\n')).not.toContain('canary')
    for (const name of [
      'authorization',
      'cookie',
      'te',
      'upgrade',
      'trailer',
      'proxy-authorization',
      'x-api-key',
      'x-forwarded-for',
      'expect',
    ]) {
      expect(names).not.toContain(name)
    }
    expect(names.filter((name) => name.replaceAll('_', '-') === 'x-model-key')).toHaveLength(1)
    if (url.endsWith('/open')) continue
    expect([method, url]).toEqual(['POST', '/v1/chat/completions'])
    expect(readChat(readJsonObject(Buffer.from(body)).body).prompt).not.toContain('forbidden')
  }
}

const oursOrNothing = /^(?:HTTP\/1\.1 (?:100 Continue|[1-5]\d\d [ -~]+)\r\n|$)/u

async function tryBytes(bytes: Buffer): Promise<void> {
  const before = reached.length
  const received = await send(bytes)
  expect(received).toMatch(oursOrNothing)
  expect(received).not.toMatch(/canary|FST_ERR|at .*\.[jt]s:\d/u)
  expectJudged(reached.slice(before))
}

const line = '\r\n'
const requestLine = fc
  .tuple(
    fc.constantFrom(
      'POST',
      'POST',
      'POST',
      'POST',
      'POST',
      'POST',
      'GET',
      'PUT',
      'OPTIONS',
      'TRACE',
      'HEAD',
      'PROPFIND',
      'CONNECT',
      'post',
      'P\0ST',
    ),
    fc.constantFrom(
      '/team-a/chat/v1/chat/completions',
      '/team-a/chat/v1/chat/completions',
      '/team-a/opaque/open',
      '/team-a/opaque/open',
      '/team-a/opaque/closed',
      '/canary',
      '*',
      'http://canary/team-a/opaque/open',
      '/team-a/opaque/%6fpen',
      '/team-a/opaque/x/../open',
      '/%zz',
      '//',
    ),
    fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/1.1 canary', ''),
  )
  .map((words) => words.join(' '))
const name = fc.constantFrom(
  'x-plain-name',
  'Cookie',
  'X-Api-Key',
  'x_api_key',
  'X-Model-Key',
  'X_Model-Key',
  'TE',
  'Trailer',
  'Upgrade',
  'Connection',
  'Proxy-Authorization',
  'X-Forwarded-For',
  'Expect',
  'Transfer-Encoding',
  'Content-Encoding',
  'Content-Type',
  'Content-Length',
  'Host',
  'x',
  '__proto__',
  'constructor',
  'Authorization',
  'x-portcullis-errand',
  'X-HTTP-Method-Override',
  'Keep-Alive',
)
const value = fc.constantFrom(
  '',
  '1',
  'close',
  'keep-alive, x-a',
  'chunked',
  'gzip, chunked',
  'identity',
  '100-continue',
  'h2c',
  'application/json',
  'a\tb',
  'ü',
  'a\0b',
  '0',
  '12',
  '-1',
  '1, 2',
  'model',
)
const header = fc.tuple(name, fc.constantFrom(': ', ':', ' : ', ':\t'), value).map((words) => words.join(''))
const chat = (content: string): string => JSON.stringify({ model: 'm', messages: [{ role: 'user', content }] })
const bodies = fc.oneof(
  fc.constantFrom(
    '',
    chat('hi'),
    chat('forbidden'),
    `{"model":"m","messages":[],"messages":[{"role":"user","content":"forbidden"}]}`,
    'canary',
  ),
  fc.constantFrom(`5\r\nhello\r\n0\r\n\r\n`, `0\r\nx-t: 1\r\n\r\n`, `ffffffff\r\n`),
)

const harmless = fc.constantFrom(
  'x-a: 1',
  'Cookie: canary=1',
  'X_Model-Key: canary',
  'x-model-key: canary',
  'Proxy-Authorization: canary',
  'X-Forwarded-For: canary',
  'Connection: x-a, close',
  'TE: trailers',
  'Trailer: x-a',
  'Upgrade: h2c',
  'x-portcullis-errand: 1',
  '__proto__: 1',
)
const mostly = fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) })

/** A request that is nearly right: what the strict parts of the gateway are for. */
const request = fc
  .record({
    first: requestLine,
    headers: fc.oneof(fc.constant([]), fc.array(harmless, { maxLength: 4 }), fc.array(header, { maxLength: 6 })),
    body: bodies,
    authorized: mostly,
    length: mostly,
    typed: mostly,
  })
  .map(({ first, headers, body, authorized, length, typed }) => () => {
    const own = [
      'host: gw',
      ...(authorized ? [`authorization: Bearer ${gw.token}`] : []),
      ...(typed ? ['content-type: application/json'] : []),
      ...(length ? [`content-length: ${Buffer.byteLength(body)}`] : []),
    ]
    return [first, ...own, ...headers, '', body].join(line)
  })

const good = (): Buffer => {
  const body = chat('hi')
  return Buffer.from(
    [
      'POST /team-a/chat/v1/chat/completions HTTP/1.1',
      'host: gw',
      `authorization: Bearer ${gw.token}`,
      'content-type: application/json',
      `content-length: ${body.length}`,
      '',
      body,
    ].join(line),
  )
}

describe('bytes at the socket', () => {
  it('in the shape of requests, one or several at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 3 }), async (requests) => {
        await tryBytes(Buffer.from(requests.map((make) => make()).join(''), 'latin1'))
      }),
      runs,
    )
    // A generator whose requests are all refused proves nothing.
    expect(reached.length).toBeGreaterThan(10)
    expect(await isAlive()).toBe(true)
  }, 600_000)

  it('of a good request with some of them changed', async () => {
    const change = fc.record({ at: fc.nat(), cut: fc.nat(3), put: fc.uint8Array({ maxLength: 3 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const bytes = changes.reduce((changed, { at, cut, put }) => {
          const start = at % changed.length
          return Buffer.concat([changed.subarray(0, start), put, changed.subarray(start + cut)])
        }, good())
        await tryBytes(bytes)
      }),
      runs,
    )
    expect(await isAlive()).toBe(true)
  }, 600_000)

  it('of no kind at all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => tryBytes(Buffer.from(bytes))),
      runs,
    )
    expect(await isAlive()).toBe(true)
  }, 600_000)

  it('leave nothing behind', async () => {
    const metrics = await vi.waitFor(async () => {
      const text = await (await fetch(`${gw.adminOrigin}/metrics`)).text()
      expect(text).toMatch(/^portcullis_calls_in_flight 0$/mu)
      return text
    })
    expect(metrics).not.toContain('canary')
    expect(gw.logs()).not.toContain('canary')
    const permitted = (await gw.records()).filter(({ decision }) => decision?.effect === 'Permit')
    expect(permitted.length).toBeGreaterThanOrEqual(reached.length)
  })
})
