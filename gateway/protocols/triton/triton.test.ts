import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeBundle, makeConnection, makeSnapshot } from '../../../test/helpers/make.ts'
import { GatewayError } from '../../errors.ts'
import { toRefusal } from '../../reply.ts'
import { Protocols } from '../find.ts'
import type { AnswerStream, ReadRequest } from '../protocol.ts'
import { AnswerUnreadable } from '../protocol.ts'

const [connection] = makeSnapshot(
  makeBundle({ connections: [makeConnection({ protocol: 'Triton' })], policies: [] }),
).connections.values()
if (connection === undefined) throw new Error('the connection did not compile')
const protocol = new Protocols().of(connection)

function read(body: unknown, path = '/v2/models/m/generate', type = 'application/json'): ReadRequest {
  const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(JSON.stringify(body))
  return protocol.plan({ method: 'POST', path, query: '', headers: { 'content-type': type } }).read(bytes)
}

function codeOf(attempt: () => unknown): string {
  try {
    attempt()
    return 'read'
  } catch (error) {
    if (error instanceof GatewayError) return error.code
    throw error
  }
}

const events = { status: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8' } }

function openStream(): AnswerStream {
  const stream = read({}, '/v2/models/m/generate_stream').answer.openStream(events)
  if (stream === undefined) throw new Error('no stream')
  return stream
}

const event = (value: unknown): Buffer => Buffer.from(`data: ${JSON.stringify(value)}\n\n`)

describe('a request to generate', () => {
  it('[TE4] has every string in its prompt, the text first', () => {
    const { facts } = read({ system: ['one', 'two'], text_input: 'first', parameters: { stop: 'three' }, n: 4 })
    expect(facts.prompt.split('\n')).toEqual(['first', 'one', 'two', 'stop', 'three'])
    expect(facts.inputs?.map(({ name, shape, text }) => [name, shape, text])).toEqual([
      ['system', [2], ['one', 'two']],
      ['text_input', [1], ['first']],
      ['n', [1], []],
    ])
  })

  it('streams by its path, not by its body', () => {
    expect(read({ stream: true }).facts.stream).toBe(false)
    expect(read({ stream: false }, '/v2/models/m/versions/2/generate_stream').facts).toMatchObject({
      stream: true,
      version: '2',
    })
  })

  it.each([
    ['the text in another case', { text_input: 'a', Text_Input: 'b' }],
    ['no object', ['a']],
    ['two keys that differ in case', { note: 'a', Note: 'b' }],
  ])('with %s is refused', (_title, body) => {
    expect(codeOf(() => read(body))).toBe('body_malformed')
  })

  it('is JSON', () => {
    const type = 'application/octet-stream'
    expect(codeOf(() => read({}, '/v2/models/m/generate', type))).toBe('content_type_unsupported')
  })

  it.each([['/v2/models/m/trace/setting'], ['/v2/systemsharedmemory/region/r/register'], ['/v2/models/m/generate/x']])(
    'is not %s',
    (path) => {
      expect(codeOf(() => read({}, path))).toBe('operation_not_supported')
    },
  )

  it('is read or refused, whatever comes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(codeOf(() => read(text))).toMatch(/^(?:read|body_malformed)$/u)
      }),
    )
  })
})

describe('[TE8] a stream', () => {
  it('runs on in each of its places, so that nothing hides between two events', () => {
    const stream = openStream()
    for (const one of ['for', 'bid', 'den'])
      stream.push(event({ model_name: 'm', text_output: one, beams: ['x', one] }))
    expect(stream.facts().text).toBe('forbidden\nxxx\nforbidden')
    expect(stream.facts().outputs?.map(({ name, elements, text }) => [name, elements, text])).toEqual([
      ['text_output', 3, ['forbidden']],
      ['beams', 6, ['xxx', 'forbidden']],
    ])
  })

  it('cannot hide a text under a key that looks like another place', () => {
    const stream = openStream()
    stream.push(event({ 'a#"b"': 'one', a: { b: 'two' }, 'a/0': 'three', 'a/"b"': 'four' }))
    for (const text of ['one', 'two', 'three', 'four', 'b']) expect(stream.facts().text.split('\n')).toContain(text)
  })

  it('tells every text that its events have', () => {
    const text = fc.string({ minLength: 1 }).map((one) => `<${one.replaceAll('\n', '')}>`)
    const value = fc.oneof(text, fc.array(text), fc.dictionary(text, text))
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), value, { maxKeys: 4 })), (said) => {
        const stream = openStream()
        for (const one of said) stream.push(event(one))
        const names = new Set(['model_name', 'model_version', 'id'])
        const texts = said.flatMap((one) =>
          Object.entries(one).flatMap(([key, item]) => (names.has(key) ? [] : Object.values(item).flat())),
        )
        const all = stream.facts().text
        for (const one of texts.filter((item) => item.startsWith('<'))) expect(all).toContain(one)
      }),
    )
  })

  it('of events that readers differ about is not read on', () => {
    expect(() => openStream().push(Buffer.from('data: {"a":"x","a":"y"}\n\n'))).toThrow(AnswerUnreadable)
    expect(() => openStream().push(Buffer.from('data: hello\n\n'))).toThrow(AnswerUnreadable)
  })

  it('of more places than can be told apart is not read on', () => {
    const many = Object.fromEntries(Array.from({ length: 6000 }, (_, i) => [`k${i}`, 'x']))
    expect(() => openStream().push(event(many))).toThrow('more texts')
  })

  it('ends with an error when it is refused, and plainly when the budget is spent', () => {
    const refusal = toRefusal(new GatewayError('response_denied', 'No.'))
    const said = Buffer.from(openStream().close({ kind: 'Refused', refusal })).toString()
    expect(said).toBe('data: {"error":"No.","code":"response_denied"}\n\n')
    expect(openStream().close({ kind: 'BudgetSpent' })).toEqual(new Uint8Array())
  })
})
