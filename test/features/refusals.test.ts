// What must never pass, sent as bytes, because no well-behaved client would send it.
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestGateway } from '../helpers/gateway.ts'
import { startGateway } from '../helpers/gateway.ts'
import { makeConnection, makePolicy } from '../helpers/make.ts'
import type { Upstream } from '../helpers/upstream-server.ts'
import { startUpstream } from '../helpers/upstream-server.ts'

let gw: TestGateway
let upstream: Upstream
let reached = 0

beforeAll(async () => {
  upstream = await startUpstream((_request, response) => {
    reached += 1
    response.end('{}')
  })
  const endpoints = [{ name: 'm', origin: upstream.origin, basePath: '', weight: 1, place: 'External' as const }]
  gw = await startGateway({
    connections: [
      makeConnection({}, { endpoints }),
      makeConnection({ mode: 'Paused' }, { name: 'paused', endpoints }),
      makeConnection({}, { name: 'unguarded', endpoints }),
      makeConnection(
        {},
        { name: 'broken', endpoints, blocked: { reason: 'NotSupported', message: 'not supported yet' } },
      ),
    ],
    policies: [makePolicy({ targetRefs: [{ name: 'chat' }, { name: 'paused' }, { name: 'broken' }] })],
  })
})

afterAll(async () => {
  await gw[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

const chat = '{"model":"m","messages":[{"role":"user","content":"hi"}]}'

interface Sent {
  readonly path?: string
  readonly method?: string
  readonly headers?: readonly string[]
  readonly body?: string | Buffer
  readonly authorized?: boolean
}

/** Status, error code and the whole reply. */
async function send(sent: Sent): Promise<{ readonly status: number; readonly code: string; readonly text: string }> {
  const body = Buffer.from(sent.body ?? chat)
  const head = [
    `${sent.method ?? 'POST'} ${sent.path ?? '/team-a/chat/v1/chat/completions'} HTTP/1.1`,
    'host: gw',
    ...(sent.authorized === false ? [] : [`authorization: Bearer ${gw.token}`]),
    ...(sent.headers ?? ['content-type: application/json']),
    `content-length: ${body.length}`,
    'connection: close',
    '',
    '',
  ]
  return sendBytes(Buffer.concat([Buffer.from(head.join('\r\n')), body]))
}

async function sendBytes(
  bytes: Buffer,
): Promise<{ readonly status: number; readonly code: string; readonly text: string }> {
  const { port } = new URL(gw.origin)
  const text = await new Promise<string>((resolve, reject) => {
    let received = ''
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(bytes))
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')))
    socket.on('error', reject)
    socket.on('close', () => resolve(received))
  })
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/u.exec(text)?.[1] ?? 0),
    code: /"code":"([a-z_]+)"/u.exec(text)?.[1] ?? '',
    text,
  }
}

const json = 'content-type: application/json'
const withMessage = (message: string): string => `{"model":"m","messages":[${message}]}`

const cases: readonly (readonly [string, Sent, number, string])[] = [
  ['no credential', { authorized: false }, 401, 'credentials_missing'],
  ['two Authorization headers', { headers: [json, 'authorization: Bearer other'] }, 401, 'credentials_ambiguous'],
  ['two slots with different tokens', { headers: [json, 'x-api-key: other'] }, 401, 'credentials_ambiguous'],
  ['an unknown connection', { path: '/team-b/chat/v1/chat/completions' }, 404, 'route_not_found'],
  ['an encoded path', { path: '/team-a/%63hat/v1/chat/completions' }, 400, 'bad_request'],
  ['a path with dot segments', { path: '/team-a/unguarded/../chat/v1/chat/completions' }, 404, 'route_not_found'],
  ['an encoded slash', { path: '/team-a/chat%2fv1/chat/completions' }, 404, 'route_not_found'],
  ['another operation', { path: '/team-a/chat/v1/audio/speech' }, 404, 'operation_not_supported'],
  ['another method', { method: 'GET', body: '' }, 404, 'operation_not_supported'],
  ['a connection without a policy', { path: '/team-a/unguarded/v1/chat/completions' }, 403, 'policy_denied'],
  ['a paused connection', { path: '/team-a/paused/v1/chat/completions' }, 503, 'connection_paused'],
  ['an invalid connection', { path: '/team-a/broken/v1/chat/completions' }, 503, 'policy_unavailable'],
  ['no content type', { headers: [] }, 415, 'content_type_unsupported'],
  ['another content type', { headers: ['content-type: text/plain'] }, 415, 'content_type_unsupported'],
  ['another charset', { headers: ['content-type: application/json; charset=utf-16'] }, 415, 'content_type_unsupported'],
  ['two content types', { headers: [json, 'content-type: text/plain'] }, 400, 'bad_request'],
  [
    'a body compressed in an unknown way',
    { headers: [json, 'content-encoding: compress'] },
    415,
    'content_encoding_unsupported',
  ],
  ['a body that is not compressed as it says', { headers: [json, 'content-encoding: gzip'] }, 400, 'body_malformed'],
  ['no JSON', { body: '{"model": canary' }, 400, 'body_malformed'],
  ['a JSON list', { body: '[]' }, 400, 'body_malformed'],
  [
    'the same key twice',
    { body: '{"model":"m","model":"n","messages":[{"role":"user","content":"canary"}]}' },
    400,
    'body_malformed',
  ],
  [
    'the same key twice, once escaped',
    { body: '{"model":"m","mod\\u0065l":"n","messages":[{"role":"user","content":"canary"}]}' },
    400,
    'body_malformed',
  ],
  [
    'the same key twice, deep inside',
    { body: withMessage('{"role":"user","content":"hi","content":"canary"}') },
    400,
    'body_malformed',
  ],
  [
    'deep nesting',
    { body: `{"model":"m","messages":[{"role":"user","content":"x"}],"x":${'['.repeat(500)}${']'.repeat(500)}}` },
    400,
    'body_malformed',
  ],
  ['very deep nesting', { body: '['.repeat(1_000_000) }, 400, 'body_malformed'],
  [
    'invalid UTF-8',
    { body: Buffer.concat([Buffer.from('{"model":"'), Buffer.from([0xff, 0xc0]), Buffer.from('"}')]) },
    400,
    'body_malformed',
  ],
  ['no messages', { body: '{"model":"m"}' }, 400, 'body_malformed'],
  ['a message that is no object', { body: withMessage('"canary"') }, 400, 'body_malformed'],
  ['a content that is a number', { body: withMessage('{"role":"user","content":7}') }, 400, 'body_malformed'],
  [
    'a part of an unknown type',
    { body: withMessage('{"role":"user","content":[{"type":"canary","canary":"x"}]}') },
    400,
    'body_malformed',
  ],
  [
    'a tool call of an unknown type',
    { body: withMessage('{"role":"assistant","content":"","tool_calls":[{"type":"x"}]}') },
    400,
    'body_malformed',
  ],
  [
    'a stream flag that is no boolean',
    { body: '{"model":"m","stream":"true","messages":[{"role":"user","content":"x"}]}' },
    400,
    'body_malformed',
  ],
  [
    'a model that is no string',
    { body: '{"model":["m"],"messages":[{"role":"user","content":"x"}]}' },
    400,
    'body_malformed',
  ],
  ['a body beyond the limit', { body: Buffer.alloc(10_485_761, 0x20) }, 413, 'body_too_large'],
  ['headers beyond the limit', { headers: [json, `x-canary: ${'a'.repeat(80_000)}`] }, 431, 'headers_too_large'],
]

describe('refused, with a code, without an echo, and never forwarded', () => {
  it.each(cases)('%s', async (_title, sent, ...[status, code]) => {
    const before = reached
    const reply = await send(sent)
    expect({ status: reply.status, code: reply.code }).toEqual({ status, code })
    expect(reply.text).not.toMatch(/canary/u)
    expect(reached).toBe(before)
  })

  it.each([
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03canary'],
    [
      'a length and a chunked encoding at once',
      'POST /team-a/chat/ HTTP/1.1\r\nhost: gw\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two lengths', 'POST /team-a/chat/ HTTP/1.1\r\nhost: gw\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\ncanary'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n'],
    ['a header with a bare line feed', 'GET / HTTP/1.1\r\nhost: gw\r\nx: a\nb: c\r\n\r\n'],
    ['a tunnel', 'CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n'],
  ])('%s', async (_title, bytes) => {
    const before = reached
    const reply = await sendBytes(Buffer.from(bytes, 'latin1'))
    expect([0, 400, 401]).toContain(reply.status)
    expect(reply.text).not.toMatch(/canary/u)
    expect(reached).toBe(before)
  })

  it('keeps working afterwards', async () => {
    expect(await send({})).toMatchObject({ status: 200 })
  })
})
