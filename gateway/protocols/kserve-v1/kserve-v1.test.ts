import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeBundle, makeConnection, makeSnapshot } from '../../../test/helpers/make.ts'
import { GatewayError } from '../../errors.ts'
import { Protocols } from '../find.ts'
import type { Protocol, ReadRequest, RequestHead } from '../protocol.ts'

type Spec = Parameters<typeof makeConnection>[0]

function toProtocol(spec: Spec): Protocol {
  const bundle = makeBundle({ connections: [makeConnection(spec)], policies: [] })
  const [compiled] = makeSnapshot(bundle).connections.values()
  if (compiled === undefined) throw new Error('the connection did not compile')
  return new Protocols().of(compiled)
}

const kserve = toProtocol({ protocol: 'KServeV1' })
const tensorflow = toProtocol({ protocol: 'TensorFlowServing' })

interface Asked extends Partial<RequestHead> {
  readonly body?: unknown
}

function read({ body, ...head }: Asked, by: Protocol): ReadRequest {
  const headers = { 'content-type': 'application/json' }
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const plan = by.plan({ method: 'POST', path: '/v1/models/m:predict', query: '', headers, ...head })
  return plan.read(body === undefined ? new Uint8Array() : Buffer.from(text))
}

function codeOf(asked: Asked, by: Protocol): string {
  try {
    read(asked, by)
    return 'read'
  } catch (error) {
    if (error instanceof GatewayError) return error.code
    throw error
  }
}

describe('a path of KServe', () => {
  it.each([
    ['GET', '/v1/models', 'models.list'],
    ['GET', '/v1/models/m', 'model.ready'],
  ])('%s %s is %s', (method, path, operation) => {
    const { facts, upstream } = read({ method, path }, kserve)
    expect([facts.operation, upstream.path]).toEqual([operation, path])
  })

  it.each([
    ['POST', '/v1/models'],
    ['GET', '/v1/models/'],
    ['POST', '/v1/models/m'],
    ['GET', '/v1/models/m:predict'],
    ['POST', '/v1/models/m:Predict'],
    ['POST', '/v1/models/m:predict:explain'],
    ['POST', '/v1/models/m:predict/'],
    ['POST', '/v1/models/m%3Apredict'],
    ['POST', '/v1/models/m:train'],
    ['POST', '/v1/models/m/versions/1:predict'],
    ['POST', '/v2/models/m/infer'],
  ])('%s %s is none', (method, path) => {
    expect(codeOf({ method, path, body: { instances: [] } }, kserve)).toBe('operation_not_supported')
  })

  it.each([['/v1/models/a%2fb:predict'], ['/v1/models/..:predict'], ['/v1/models/m;x:predict']])(
    '%s is refused',
    (path) => {
      expect(codeOf({ path, body: { instances: [] } }, kserve)).toBe('bad_request')
    },
  )
})

describe('a path of TensorFlow Serving', () => {
  it.each([
    ['GET', '/v1/models/m', 'model.status', ''],
    ['GET', '/v1/models/m/versions/7', 'model.status', '7'],
    ['GET', '/v1/models/m/labels/stable/metadata', 'model.metadata', 'labels/stable'],
  ])('%s %s is %s', (method, path, operation, version) => {
    const { facts, upstream } = read({ method, path }, tensorflow)
    expect([facts.operation, facts.version, upstream.path]).toEqual([operation, version, path])
  })

  it.each([
    ['GET', '/v1/models'],
    ['GET', '/v1/models/m/metadata/x'],
    ['POST', '/v1/models/m/metadata'],
    ['POST', '/v1/models/m:multi_inference'],
    ['POST', '/v1/models/m/versions/1/labels/a:predict'],
    ['POST', '/v1/models/m/versions/one:predict'],
    ['POST', '/v1/models/m/versions/-1:predict'],
    ['POST', `/v1/models/m/versions/${'9'.repeat(20)}:predict`],
    ['POST', '/v1/models/m:predict/versions/1'],
  ])('%s %s is none', (method, path) => {
    expect(codeOf({ method, path, body: { instances: [] } }, tensorflow)).toBe('operation_not_supported')
  })

  it('[TE1] with an odd label is refused', () => {
    expect(codeOf({ path: '/v1/models/m/labels/%61:predict', body: { instances: [1] } }, tensorflow)).toBe(
      'bad_request',
    )
  })

  const pinned = toProtocol({
    protocol: 'TensorFlowServing',
    models: [{ name: 'm', upstreamName: 'n', upstreamVersion: '7' }],
  })
  it.each([
    ['/v1/models/m:predict', '/v1/models/n/versions/7:predict'],
    ['/v1/models/m/versions/7:predict', '/v1/models/n/versions/7:predict'],
  ])('%s goes on as %s where the version is declared', (path, upstream) => {
    expect(read({ path, body: { instances: [1] } }, pinned).upstream.path).toBe(upstream)
  })

  it.each([['/v1/models/m/versions/8:predict'], ['/v1/models/m/labels/stable:predict'], ['/v1/models/n:predict']])(
    '%s is not offered then',
    (path) => {
      expect(codeOf({ path, body: { instances: [1] } }, pinned)).toBe('model_not_found')
    },
  )
})

describe.each([
  ['KServe', kserve],
  ['TensorFlow Serving', tensorflow],
])('a prediction of %s', (_name, by) => {
  it('shows its instances and every string', () => {
    const { facts } = read(
      { body: { instances: [{ text: 'a' }, ['b', { deep: { text: 'c' } }], 7], signature_name: 'd' } },
      by,
    )
    expect(facts.instances).toHaveLength(3)
    expect(facts.prompt.split('\n')).toEqual(['text', 'a', 'b', 'deep', 'c', 'd'])
    expect(facts.parameters).toEqual({ signature_name: 'd' })
  })

  it.each([
    ['text in UTF-8', [0x68, 0xc3, 0xa9], 'hé'],
    ['text after a broken byte', [0xff, 0x68, 0x69], 'ÿhi'],
  ])('[TE5] has %s in base64 in its prompt', (_title, bytes, text) => {
    const b64 = Buffer.from(bytes).toString('base64')
    expect(read({ body: { inputs: { b64, other: 1 } } }, by).facts.prompt.split('\n')).toEqual([b64, text, 'other'])
  })

  it('sends numbers on as they came', () => {
    const body = '{"instances": [9007199254740993, 1.10, 1e2]}'
    expect(Buffer.from(read({ body }, by).upstream.body ?? []).toString()).toBe(body)
  })

  it.each([
    ['neither instances nor inputs', { text: 'a' }],
    ['both', { instances: [1], inputs: [1] }],
    ['instances that are one', { instances: 'a' }],
    ['instances twice, in another case', { instances: [1], Instances: [2] }],
    ['base64 that some decoders take', { instances: [{ b64: 'aGlk*ZGVu' }] }],
    ['a list', [1]],
    ['a number that is none', '{"instances": [NaN]}'],
    ['something after the end', '{"instances": [1]} {"instances": ["hidden"]}'],
  ])('with %s is refused', (_title, body) => {
    expect(codeOf({ body }, by)).toBe('body_malformed')
  })

  it('is read or refused, whatever comes', () => {
    const some = fc.record({ instances: fc.array(fc.jsonValue()) }).map((value) => JSON.stringify(value))
    fc.assert(
      fc.property(fc.oneof(some, fc.json(), fc.string({ minLength: 1 })), (body) => {
        expect(codeOf({ body }, by)).toMatch(/^(?:read|body_malformed)$/u)
      }),
    )
  })
})

const classify = (body: unknown): Asked => ({ path: '/v1/models/m:classify', body })

describe('an example', () => {
  it('[TE6] is shown as the model sees it, with the context in it', () => {
    const { facts } = read(classify({ context: { a: 'x' }, examples: [{ b: 1 }, { b: 2 }] }), tensorflow)
    expect(facts.instances).toEqual([
      { a: 'x', b: 1 },
      { a: 'x', b: 2 },
    ])
    expect(facts.prompt).toBe('a\nx\nb')
  })

  it.each([
    ['that stands in the context as well', { context: { a: 1 }, examples: [{ a: 2 }] }],
    ['that is no object', { examples: [1] }],
    ['that is missing', { examples: [] }],
    ['under instances', { instances: [{ a: 1 }] }],
  ])('%s is refused', (_title, body) => {
    expect(codeOf(classify(body), tensorflow)).toBe('body_malformed')
  })
})

describe('an event', () => {
  const event = { specversion: '1.0', id: 'i', source: 's', type: 't', data: {}, instances: ['harmless'] }

  it('is refused, by its headers, its type or its body', () => {
    const headers = { 'content-type': 'application/json', 'ce-id': 'i' }
    expect(codeOf({ body: event }, kserve)).toBe('body_malformed')
    expect(codeOf({ body: { instances: [1] }, headers }, kserve)).toBe('content_type_unsupported')
    const type = { 'content-type': 'application/cloudevents+json' }
    expect(codeOf({ body: { instances: [1] }, headers: type }, kserve)).toBe('content_type_unsupported')
  })
})
