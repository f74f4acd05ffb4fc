// Ways to make the gateway and a server read different requests from the same bytes: lengths, chunks, lines, targets, and headers in
// more than one spelling.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { attack } from './classes.ts'
import { expectFound, expectHeld, expectNothingPassed, expectPassed } from './held.ts'
import { ask } from './shapes.ts'
import { tells } from './reading.ts'
import type { Answered, Attempt, World } from './world.ts'
import { barred, forbidden, harmless, masked, startWorld } from './world.ts'

let world: World

beforeAll(async () => {
  const deny = [`"x-tier" in request.headers && request.headers["x-tier"].contains("${forbidden}")`]
  world = await startWorld({ chat: { deny } })
})

afterAll(async () => world[Symbol.asyncDispose]())

const path = '/v1/chat/completions'
const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: forbidden }] })
const good = body.replace(forbidden, harmless)
const first = `POST /team-a/chat${path} HTTP/1.1\r\n`
const inner = `${first}host: gateway\r\ncontent-length: ${body.length}\r\n\r\n${body}`
const credentials = 'authorization: Bearer TOKEN\r\ncontent-type: application/json\r\n'
const head = `${first}host: gateway\r\n${credentials}`
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`
const close = 'connection: close\r\n'

const waitedFor = (text: string): string =>
  `${head}${close}expect: 100-continue\r\ncontent-length: ${text.length}\r\n\r\n${text}`

attack('smuggling', 'every protocol', () => {
  it('the same bytes without anything odd pass', async () => {
    expectPassed(await world.sendRaw(`${head}${close}content-length: ${good.length}\r\n\r\n${good}`))
    expectPassed(await world.sendRaw(`${head}${close}transfer-encoding: chunked\r\n\r\n${chunk(good)}0\r\n\r\n`))
  })

  it.each([
    ['length and chunks', `${head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${inner}`],
    ['chunks and length', `${head}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n${inner}`],
    ['two lengths', `${head}content-length: 0\r\ncontent-length: ${inner.length}\r\n\r\n${inner}`],
    ['two lengths in one', `${head}content-length: 0, ${inner.length}\r\n\r\n${inner}`],
    ['a length with a plus', `${head}content-length: +0\r\n\r\n${inner}`],
    ['a length below zero', `${head}content-length: -1\r\n\r\n${inner}`],
    ['a length in hexadecimal', `${head}content-length: 0x0\r\n\r\n${inner}`],
    ['an odd transfer encoding', `${head}transfer-encoding: xchunked\r\ncontent-length: 0\r\n\r\n${inner}`],
    ['chunks in chunks', `${head}transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n${inner}`],
    ['chunks in gzip', `${head}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n${inner}`],
    ['chunks, twice told', `${head}transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n${inner}`],
    ['chunks behind a vertical tab', `${head}transfer-encoding: \x0bchunked\r\ncontent-length: 0\r\n\r\n${inner}`],
    ['a blank before the colon', `${head}transfer-encoding : chunked\r\ncontent-length: 0\r\n\r\n0\r\n\r\n${inner}`],
    ['a blank before the name', `${first} host: gateway\r\n${credentials}content-length: 0\r\n\r\n${inner}`],
    ['chunks with an odd size', `${head}transfer-encoding: chunked\r\n\r\n0x0\r\n\r\n${inner}`],
    ['chunks with a size below zero', `${head}transfer-encoding: chunked\r\n\r\n-1\r\n\r\n${inner}`],
    ['chunks with a size beyond all numbers', `${head}transfer-encoding: chunked\r\n\r\n${'f'.repeat(20)}\r\n${inner}`],
    ['chunks that end in a bare line feed', `${head}transfer-encoding: chunked\r\n\r\n0\n\n${inner}`],
    ['a bare line feed in the head', `${head}x-a: b\ncontent-length: 0\r\n\r\n${inner}`],
    ['a bare carriage return in the head', `${head}x-a: b\rcontent-length: 0\r\n\r\n${inner}`],
    ['a NUL in the head', `${head}x-a: b\0\r\ncontent-length: 0\r\n\r\n${inner}`],
    ['a folded header', `${head}content-length:\r\n 0\r\n\r\n${inner}`],
    ['a header without a name', `${head}: b\r\ncontent-length: 0\r\n\r\n${inner}`],
    ['two hosts', `${head}host: other\r\ncontent-length: 0\r\n\r\n${inner}`],
    ['no host', `${first}${credentials}content-length: 0\r\n\r\n${inner}`],
    ['another version', `${head.replace('HTTP/1.1', 'HTTP/9.9')}content-length: 0\r\n\r\n${inner}`],
    ['no version', `GET /team-a/chat${path}\r\n${inner}`],
    ['HTTP/2', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${inner}`],
    [
      'a change to HTTP/2',
      `${head}upgrade: h2c\r\nconnection: upgrade, http2-settings, close\r\nhttp2-settings: AAMAAABk\r\ncontent-length: 0\r\n\r\n${inner}`,
    ],
    ['a tunnel', `CONNECT team-a:80 HTTP/1.1\r\nhost: gateway\r\n${credentials}\r\n${inner}`],
    [
      'a target that is another host',
      `${head.replace('/team-a', 'http://other/team-a')}${close}content-length: ${good.length}\r\n\r\n${good}`,
    ],
    [
      'a target that is a host',
      `${head.replace(`/team-a/chat${path}`, 'gateway:80')}${close}content-length: ${good.length}\r\n\r\n${good}`,
    ],
    [
      'an expectation that nobody knows',
      `${head}${close}expect: 200-ok\r\ncontent-length: ${good.length}\r\n\r\n${good}`,
    ],
  ])('%s', async (_title, bytes) => {
    expectNothingPassed(await world.sendRaw(bytes))
  })

  it('a second request behind a first is judged by itself', async () => {
    const length = `content-length: ${good.length}\r\n\r\n${good}`
    const second = `${head}${close}content-length: ${body.length}\r\n\r\n${body}`
    const { reached, text } = await world.sendRaw(`${head}${length}${second}`)
    expect(reached.map((one) => one.body.toString())).toEqual([good])
    expect(text).toContain('policy_denied')
  })

  it('a second request behind a refused one is judged by itself', async () => {
    const refused = `${head}content-length: ${body.length}\r\n\r\n${body}`
    const { reached } = await world.sendRaw(`${refused}${head}${close}content-length: ${body.length}\r\n\r\n${body}`)
    expect(reached).toEqual([])
  })

  it('a body that was not asked for is no second request', async () => {
    const unasked = `GET /team-a/chat/v1/models HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer TOKEN\r\ncontent-length: ${inner.length}\r\n\r\n${inner}`
    const { reached } = await world.sendRaw(unasked)
    expect(reached).toEqual([])
  })

  it('what follows the chunks goes nowhere', async () => {
    const trailers = `x-tier: ${forbidden}\r\nx-original-url: /${forbidden}\r\n`
    const { reached } = await world.sendRaw(
      `${head}${close}transfer-encoding: chunked\r\n\r\n${chunk(good)}0\r\n${trailers}\r\n`,
    )
    expect(reached).toHaveLength(1)
    expect(JSON.stringify(reached[0]?.headers)).not.toContain(forbidden)
  })

  it('a word over two chunks is found, and extensions of chunks are not sent on', async () => {
    const at = body.indexOf(forbidden) + 4
    const cut = (text: string): string =>
      `${at.toString(16)};a="${harmless}"\r\n${text.slice(0, at)}\r\n${chunk(text.slice(at))}0\r\n\r\n`
    expectPassed(await world.sendRaw(`${head}${close}transfer-encoding: chunked\r\n\r\n${cut(good)}`))
    expectHeld(await world.sendRaw(`${head}${close}transfer-encoding: chunked\r\n\r\n${cut(body)}`))
  })

  it('a body that is waited for is judged as any other', async () => {
    const passed = await world.sendRaw(waitedFor(good))
    expect(passed.reached).toHaveLength(1)
    const held = await world.sendRaw(waitedFor(body))
    expect(held.reached).toEqual([])
    expect(held.text).toContain('policy_denied')
  })
})

const withHeaders = (headers: Attempt['headers'] & object): Attempt => ({ ...ask('OpenAI', 'hi'), headers })

const fullWidth = 0xfee0
const toFullWidth = (word: string): string =>
  word.replaceAll(/[a-z]/gu, (letter) => String.fromCharCode(letter.charCodeAt(0) + fullWidth))
const fromFullWidth = (word: string): string =>
  word.replaceAll(/[\uff41-\uff5a]/gu, (letter) => String.fromCharCode(letter.charCodeAt(0) - fullWidth))

/** The headers that a model got. */
function toTold({ reached }: Answered): string {
  const headers = reached.map((one) => JSON.stringify(Object.entries(one.headers)))
  return fromFullWidth(Buffer.from(headers.join(), 'latin1').toString())
}

attack('header spellings', 'every protocol', () => {
  it.each<[string, (word: string) => Record<string, string>]>([
    ['in capitals', (word) => ({ 'X-TIER': word })],
    ['with an underscore', (word) => ({ x_tier: word })],
    ['twice', (word) => ({ 'x-tier': 'a', 'X-Tier': word })],
    ['twice, the other way round', (word) => ({ 'X-Tier': word, 'x-tier': 'a' })],
    ['twice, once with an underscore', (word) => ({ 'x-tier': 'a', x_tier: word })],
  ])('%s', async (_title, toHeaders) => {
    await expectFound(world, 'chat', (word) => withHeaders(toHeaders(word)))
  })

  it.each<[string, (word: string) => Record<string, string>]>([
    ['a header', (word) => ({ 'x-note': `the ${word}` })],
    ['a header twice', (word) => ({ 'x-note': 'a', 'X-Note': word })],
    ['the name of a header', (word) => ({ [`x-${word}`]: '1' })],
    ['what is accepted', (word) => ({ accept: `text/${word}` })],
    ['a trace that is none', (word) => ({ traceparent: word })],
    ['the state of a trace', (word) => ({ tracestate: `a=${word}` })],
    ['baggage', (word) => ({ baggage: `user=${word}` })],
    ['a name of the client', (word) => ({ 'user-agent': `${word}/1.0` })],
    ['escapes of URLs', (word) => ({ 'x-note': word.replace('n', '%6e').replace('s', '%73') })],
    ['base64', (word) => ({ 'x-note': Buffer.from(`to the ${word} of the wood`).toString('base64') })],
    ['letters of full width', (word) => ({ 'x-note': toFullWidth(word) })],
  ])('%s tells nothing under a mask', async (_title, toHeaders) => {
    const open = await world.send(masked('chat'), withHeaders(toHeaders(harmless)))
    expect(tells(toTold(open), harmless)).toBe(true)
    const hidden = await world.send(masked('chat'), withHeaders(toHeaders(forbidden)))
    expectPassed(hidden)
    expect(tells(toTold(hidden), forbidden) ? toTold(hidden) : '').toBe('')
    expectHeld(await world.send(barred('chat'), withHeaders(toHeaders(forbidden))))
  })

  it('a header that the connection drops is neither judged nor sent', async () => {
    const { reached } = await world.send('chat', withHeaders({ 'x-tier': forbidden, Connection: 'x-tier' }))
    expect(reached[0]?.headers['x-tier']).toBeUndefined()
  })

  it.each([
    'x-http-method-override',
    'X_HTTP_Method_Override',
    'x-original-url',
    'x-rewrite-url',
    'x-forwarded-host',
    'x_forwarded_for',
    'forwarded',
    'x-envoy-original-path',
    'x-portcullis-session',
    'content_encoding',
    'transfer_encoding',
    'x-api-key',
    'api_key',
    'cookie',
    'proxy-authorization',
    'te',
    'sec-websocket-key',
  ])('%s never reaches a model', async (name) => {
    const answered = await world.send('chat', withHeaders({ [name]: forbidden }))
    const told = answered.reached.map(({ headers }) => JSON.stringify(headers)).join('')
    expect(told).not.toContain(forbidden)
  })

  it('the credential of the caller never reaches a model', async () => {
    const { reached } = await world.send('chat', ask('OpenAI', 'hi'))
    expect(reached).toHaveLength(1)
    expect(JSON.stringify(reached[0]?.headers)).not.toContain(world.gateway.token)
  })

  it.each([
    ['two of one', { Authorization: 'Bearer other' }],
    ['another beside it', { 'x-api-key': 'other' }],
  ])('credentials, %s', async (_title, headers) => {
    const { reached, status } = await world.send('chat', withHeaders(headers))
    expect({ reached, status }).toEqual({ reached: [], status: 401 })
  })
})
