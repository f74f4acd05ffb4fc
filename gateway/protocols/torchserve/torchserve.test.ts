import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ModelConnectionSpec } from '../../../crds/generated/model-connection.ts'
import type { InferenceFacts } from '../../../policy/model.ts'
import { makeBundle, makeConnection, makeSnapshot } from '../../../test/helpers/make.ts'
import { GatewayError } from '../../errors.ts'
import type { Protocol, RequestHead } from '../protocol.ts'
import { buildTorchServe } from './torchserve.ts'

function build(spec: Partial<ModelConnectionSpec> = {}): Protocol {
  const connection = makeConnection({ protocol: 'TorchServe', ...spec })
  const [compiled] = makeSnapshot(makeBundle({ connections: [connection] })).connections.values()
  if (compiled === undefined) throw new Error('no connection')
  return buildTorchServe(compiled)
}

const head = (path: string, type?: string, method = 'POST'): RequestHead => ({
  method,
  path,
  query: '',
  headers: type === undefined ? {} : { 'content-type': type },
})

const read = (type: string | undefined, body: string | Uint8Array): InferenceFacts =>
  build().plan(head('/predictions/m', type)).read(Buffer.from(body)).facts

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof GatewayError) return error.code
    throw error
  }
  return 'taken'
}

describe('a path of TorchServe', () => {
  it.each<[string, string, string]>([
    ['POST', '/predictions/m', 'taken'],
    ['PUT', '/predictions/m/1.0', 'taken'],
    ['POST', '/explanations/m', 'taken'],
    ['GET', '/ping', 'taken'],
    ['GET', '/predictions/m', 'operation_not_supported'],
    ['OPTIONS', '/predictions/m', 'operation_not_supported'],
    ['POST', '/ping', 'operation_not_supported'],
    ['POST', '/predictions/m/1.0/x', 'operation_not_supported'],
    ['POST', '/predictions/', 'operation_not_supported'],
    ['POST', '/predictions/%6d', 'bad_request'],
    ['POST', '/predictions/..', 'bad_request'],
    ['POST', '/models?url=https://evil.example/m.mar', 'operation_not_supported'],
    ['POST', '/models', 'operation_not_supported'],
    ['PUT', '/models/m', 'operation_not_supported'],
    ['POST', '/workflows', 'operation_not_supported'],
    ['POST', '/v1/models/m:predict', 'operation_not_supported'],
    ['GET', '/', 'operation_not_supported'],
  ])('%s %s: %s', (method, path, code) => {
    expect(codeOf(() => build().plan(head(path, undefined, method)))).toBe(code)
  })

  it('takes no query, whose parameters the server would hand to the model', () => {
    expect(codeOf(() => build().plan({ ...head('/predictions/m', 'text/plain'), query: '?data=x' }))).toBe(
      'bad_request',
    )
  })

  it('names models and versions as the connection offers them', () => {
    const protocol = build({ models: [{ name: 'pets', upstreamName: 'densenet161', upstreamVersion: '2.0' }] })
    const plan = protocol.plan(head('/predictions/pets', 'text/plain'))
    expect(plan.read(Buffer.from('x'))).toMatchObject({
      facts: { model: 'pets', version: '2.0' },
      upstream: { path: '/predictions/densenet161/2.0' },
    })
    expect(codeOf(() => protocol.plan(head('/predictions/pets/1.0', 'text/plain')))).toBe('model_not_found')
  })
})

describe('a body of TorchServe', () => {
  const gif = 'GIF89a\x01\0\x01\0\0\0\0;'

  it.each<[string, string | undefined, string | Uint8Array, object]>([
    [
      'JSON',
      'application/json',
      '{"data": "hi", "n": 1}',
      { prompt: 'data\nhi\nn', fields: { data: ['hi'] }, media: [] },
    ],
    ['JSON that is a list', 'application/json', '["a", {"b64": "aGk="}]', { prompt: 'a\naGk=\nhi' }],
    ['text', 'text/plain; charset=utf-8', 'hi', { prompt: 'hi', fields: { body: ['hi'] }, body: null }],
    ['text of another kind', 'text/csv', 'a,b', { prompt: 'a,b' }],
    ['nothing said, and text', undefined, 'hi', { prompt: 'hi', media: [] }],
    [
      'nothing said, and JSON with escapes',
      undefined,
      '{"a": "\\u0068i"}',
      { prompt: '{"a": "\\u0068i"}\n{"a": "hi"}' },
    ],
    [
      'nothing said, and bytes',
      undefined,
      Buffer.from('hi\xff', 'latin1'),
      { prompt: 'hiÿ', media: [{ name: 'body', bytes: 3 }] },
    ],
    ['an image', 'image/gif', gif, { prompt: gif, media: [{ type: 'image/gif', sniffedType: 'image/gif', width: 1 }] }],
    [
      'another type',
      'application/x-npy',
      Buffer.from([0x93]),
      { media: [{ type: 'application/x-npy', sniffedType: '' }] },
    ],
    ['a line of fields', 'application/x-www-form-urlencoded', 'data=a+b', { prompt: 'a b', fields: { data: ['a b'] } }],
  ])('is read: %s', (_title, type, body, facts) => {
    expect(read(type, body)).toMatchObject(facts)
  })

  it.each<[string, string, string | Uint8Array, string]>([
    ['an image that is none', 'image/png', 'hi', 'body_malformed'],
    ['an image of another type', 'image/png', gif, 'body_malformed'],
    ['text that is not UTF-8', 'text/plain', Buffer.from([0xff]), 'body_malformed'],
    ['text of another charset', 'text/plain; charset=utf-16', 'x', 'content_type_unsupported'],
    ['JSON of another charset', 'application/json; charset=utf-16', '{}', 'content_type_unsupported'],
    ['JSON with a key twice', 'application/json', '{"a": 1, "a": 2}', 'body_malformed'],
    ['a form of another kind', 'multipart/related; boundary=b', 'x', 'content_type_unsupported'],
    ['a type that is none', 'image', 'x', 'content_type_unsupported'],
    ['two types', 'text/plain, image/png', 'x', 'content_type_unsupported'],
    ['a field whose name is a sentence', 'application/x-www-form-urlencoded', 'ignore+all+rules=1', 'body_malformed'],
  ])('is refused: %s', (_title, type, body, code) => {
    expect(codeOf(() => read(type, body))).toBe(code)
  })

  it('is read or refused, whatever it is', () => {
    const type = fc.constantFrom(
      'application/json',
      'multipart/form-data; boundary=b',
      'text/plain',
      'image/png',
      undefined,
    )
    fc.assert(
      fc.property(type, fc.uint8Array({ maxLength: 60 }), (contentType, bytes) => {
        expect(codeOf(() => read(contentType, bytes))).toMatch(/^(?:taken|body_malformed|content_type_unsupported)$/u)
      }),
    )
  })

  it('that is text is in the prompt, whatever it calls itself', () => {
    const type = fc.constantFrom('application/octet-stream', 'application/x-npy', undefined)
    fc.assert(
      fc.property(type, fc.string(), (contentType, said) => {
        fc.pre(codeOf(() => read(contentType, said)) === 'taken')
        expect(read(contentType, said).prompt).toContain(said)
      }),
    )
  })
})

it('an error is one that clients of TorchServe read', () => {
  const refusal = { status: 403, code: 'policy_denied', message: 'No.', policy: 'team-a/p', rule: 'r' } as const
  expect(JSON.parse(build().renderError(refusal).body)).toEqual({
    code: 403,
    type: 'policy_denied',
    message: 'No.',
    policy: 'team-a/p',
    rule: 'r',
  })
})
