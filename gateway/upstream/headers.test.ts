import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toReplyHeaders, toUpstreamHeaders } from './headers.ts'

const forbidden = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'host',
  'content-length',
  'cookie',
  'authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'x-amz-security-token',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-client-cert',
  'x-real-ip',
  'x-portcullis-session',
  'x-portcullis-approval',
  'x-http-method-override',
  'x-original-url',
  'sec-websocket-key',
  'accept-encoding',
]

/** Any casing, and any of its hyphens as an underscore. */
function disguised(name: string): fc.Arbitrary<string> {
  return fc
    .array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: name.length, maxLength: name.length })
    .map((choices) =>
      name
        .split('')
        .map((letter, i) => (letter === '-' && choices[i]?.[1] ? '_' : letter))
        .map((letter, i) => (choices[i]?.[0] ? letter.toUpperCase() : letter))
        .join(''),
    )
}

const toComparable = (name: string): string => name.toLowerCase().replaceAll('_', '-')
const names = (headers: readonly string[]): string[] => headers.filter((_, i) => i % 2 === 0).map(toComparable)
const plainValue = fc.stringMatching(/^[ -~]{0,20}$/)
const pass = fc.constantFrom('Accept', 'User-Agent', 'OpenAI-Organization', 'traceparent', 'X-Stainless-Lang')

describe('toUpstreamHeaders', () => {
  it('passes what is meant for the model, in order, repeated where repeated', () => {
    const raw = ['Accept', 'text/event-stream', 'X-Trace', '1', 'content-type', 'application/json', 'X-Trace', '2']
    expect(toUpstreamHeaders(raw, undefined).join(' ')).toBe(
      'accept text/event-stream x-trace 1 content-type application/json x-trace 2',
    )
  })

  it('never passes a hop-by-hop, credential or forged header, whatever the casing, spelling or repetition', () => {
    const bad = fc.constantFrom(...forbidden).chain(disguised)
    const entry = fc.tuple(fc.oneof(bad, pass), plainValue)
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 30 }), (entries) => {
        const kept = names(toUpstreamHeaders(entries.flat(), undefined))
        for (const name of forbidden) expect(kept).not.toContain(name)
      }),
      { numRuns: 300 },
    )
  })

  it('never passes what any Connection header names', () => {
    const listed = fc.constantFrom('x-one', 'x-two', 'accept', 'x-three')
    const property = fc.property(fc.array(listed, { minLength: 1 }), disguised('connection'), (options, connection) => {
      const raw = ['X-One', '1', 'x_two', '2', connection.replaceAll('_', '-'), options.join(' , '), 'ACCEPT', '*/*']
      const kept = names(toUpstreamHeaders([...raw, 'Connection', 'X-THREE', 'x-three', '3', 'x-four', '4'], undefined))
      for (const name of [...options, 'x-three']) expect(kept).not.toContain(name)
      expect(kept).toContain('x-four')
    })
    fc.assert(property)
  })

  it("strips the connection's own slot, so that a caller cannot add a second credential beside the gateway's", () => {
    expect(toUpstreamHeaders(['X_Model_Key', 'mine', 'X-Other', '1'], 'x-model-key')).toEqual(['x-other', '1'])
  })

  it.each([
    ['a line break in a value', ['x-a', 'b\r\nauthorization: c']],
    ['a bare LF', ['x-a', 'b\nc']],
    ['a NUL', ['x-a', 'b\0']],
    ['a character beyond a byte', ['x-a', '\u{2028}']],
    ['a blank in a name', ['x a', 'b']],
    ['an empty name', ['', 'b']],
    ['a colon in a name', ['x:a', 'b']],
    ['two content types', ['content-type', 'application/json', 'Content_Type', 'text/plain']],
    ['two content encodings', ['content-encoding', 'gzip', 'content-encoding', 'identity']],
  ])('refuses %s without echoing it', (_what, raw) => {
    expect(() => toUpstreamHeaders(raw, undefined)).toThrow(
      expect.objectContaining({ code: 'bad_request', message: expect.stringMatching(/^The header block [a-z ]+\.$/) }),
    )
  })
})

describe('toReplyHeaders', () => {
  it("keeps what describes the answer and adds the gateway's own", () => {
    const received = {
      'content-type': 'application/json',
      'x-request-id': 'r1',
      'x-many': ['1', '2'],
      'content-length': '9',
    }
    expect(toReplyHeaders(received, { 'x-portcullis-session': 's' })).toEqual({
      ...received,
      'x-portcullis-session': 's',
    })
  })

  it('drops hop-by-hop headers, cookies, ways past the gateway, forgeries and what Connection names', () => {
    const received = {
      Connection: 'close',
      connection: 'X-Internal',
      'x-internal': '1',
      'Transfer-Encoding': 'chunked',
      'set-cookie': ['a=b'],
      'Alt-Svc': 'h3=":443"',
      location: 'https://model.example/',
      refresh: '0; url=https://model.example/',
      'www-authenticate': 'Bearer',
      authorization: 'Bearer reflected',
      server: 'uvicorn',
      'strict-transport-security': 'max-age=1',
      'X-Portcullis-Session': 'forged',
      'x-broken': 'a\r\nb',
      'x broken': 'a',
      ok: '1',
    }
    expect(toReplyHeaders(received, { 'x-portcullis-session': 'true one' })).toEqual({
      ok: '1',
      'x-portcullis-session': 'true one',
    })
  })

  it('survives any header a server can send', () => {
    const received = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.array(fc.string())))
    const property = fc.property(received, (headers) => {
      for (const [name, value] of Object.entries(toReplyHeaders(headers, {}))) {
        expect(name).toMatch(/^[!#$%&'*+.^_`|~0-9a-z-]+$/)
        expect([value].flat().join('')).not.toMatch(/[\r\n\0]/)
      }
    })
    fc.assert(property)
  })
})
