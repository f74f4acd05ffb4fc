import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyText } from '../../../test/helpers/any-text.ts'
import { makeBundle, makeConnection, makeSnapshot } from '../../../test/helpers/make.ts'
import { GatewayError } from '../../errors.ts'
import { Protocols } from '../find.ts'
import type { AnswerHead, Protocol, ReadRequest, RequestHead } from '../protocol.ts'
import { AnswerUnreadable } from '../protocol.ts'

type Models = NonNullable<Parameters<typeof makeConnection>[0]>['models']

function toProtocol(models: Models = []): Protocol {
  const connection = makeConnection({ protocol: 'OpenInference', models })
  const [compiled] = makeSnapshot(makeBundle({ connections: [connection], policies: [] })).connections.values()
  if (compiled === undefined) throw new Error('the connection did not compile')
  return new Protocols().of(compiled)
}

const protocol = toProtocol()
const json = { 'content-type': 'application/json' }

interface Asked extends Partial<RequestHead> {
  readonly body?: Uint8Array
}

function read({ body = new Uint8Array(), ...head }: Asked, by = protocol): ReadRequest {
  return by.plan({ method: 'POST', path: '/v2/models/m/infer', query: '', headers: json, ...head }).read(body)
}

function codeOf(asked: Asked, by = protocol): string {
  try {
    read(asked, by)
    return 'read'
  } catch (error) {
    if (error instanceof GatewayError) return error.code
    throw error
  }
}

const toBody = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
const tensor = (more: object = {}): object => ({ name: 'x', shape: [2], datatype: 'INT32', data: [1, 2], ...more })
const infer = (input: object, more: object = {}): Asked => ({ body: toBody({ inputs: [input], ...more }) })

interface Binary {
  readonly input?: object
  readonly size?: unknown
  readonly tail?: Uint8Array
  readonly headLength?: string
}

function toBinary({ input = {}, size, tail = new Uint8Array(8), headLength }: Binary): Asked {
  const { data: _, ...rest } = { data: 0, ...tensor(), ...input }
  const head = toBody({ inputs: [{ ...rest, parameters: { binary_data_size: size ?? tail.length } }] })
  return {
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': headLength ?? String(head.length),
    },
    body: Buffer.concat([head, tail]),
  }
}

describe('a path', () => {
  it.each([
    ['GET', '/v2', 'server.metadata'],
    ['GET', '/v2/health/live', 'server.live'],
    ['GET', '/v2/models/m', 'model.metadata'],
    ['GET', '/v2/models/m/ready', 'model.ready'],
    ['GET', '/v2/models/a.b-c_1/versions/v1.2/ready', 'model.ready'],
  ])('%s %s is %s', (method, path, operation) => {
    const { facts, upstream } = read({ method, path, headers: {} })
    expect([facts.operation, upstream.path]).toEqual([operation, path])
  })

  it.each([
    ['POST', '/v2'],
    ['GET', '/v2/'],
    ['GET', '/v2/health'],
    ['GET', '/v2/models'],
    ['GET', '/v2/models/m/infer'],
    ['PUT', '/v2/models/m/infer'],
    ['POST', '/v2/models/m/infer/'],
    ['POST', '/v2/models/m/Infer'],
    ['POST', '/v2/models/m/generate'],
    ['POST', '/v2/models/m/infer_stream'],
    ['GET', '/v2/models/m/config'],
    ['GET', '/v2/models/m/stats'],
    ['POST', '/v2/models/m/versions/infer/'],
    ['POST', '/v2/models/m/versions/1/2/infer'],
    ['POST', '/v2/repository/index'],
    ['GET', '/v2/systemsharedmemory/status'],
    ['POST', '/v2/cudasharedmemory/region/r/register'],
    ['POST', '/v2/trace/setting'],
    ['POST', '/v2/logging'],
    ['POST', '/V2/models/m/infer'],
    ['POST', '/v2/models/m/infer\n'],
  ])('%s %j is none of this protocol', (method, path) => {
    expect(codeOf({ method, path })).toBe('operation_not_supported')
  })

  it.each([
    ['/v2/models/a%2fb/infer', 'bad_request'],
    ['/v2/models/%6d/infer', 'bad_request'],
    ['/v2/models/../infer', 'bad_request'],
    ['/v2/models/m;v=1/infer', 'bad_request'],
    ['/v2/models/m:predict/infer', 'bad_request'],
    ['/v2/models/m/versions/%31/infer', 'bad_request'],
    ['/v2/models/m/versions/-/infer', 'bad_request'],
    ['/v2/models/stats', 'model_not_found'],
  ])('%s is refused', (path, code) => {
    expect(codeOf({ method: path.endsWith('infer') ? 'POST' : 'GET', path })).toBe(code)
  })

  it('may have no query', () => {
    expect(codeOf({ query: '?model=other' })).toBe('bad_request')
  })
})

describe('[TE1] a model', () => {
  const renamed = toProtocol([{ name: 'a', upstreamName: 'b', upstreamVersion: '3' }, { name: 'c' }])

  it.each([
    ['/v2/models/a/infer', '/v2/models/b/versions/3/infer'],
    ['/v2/models/a/versions/3/infer', '/v2/models/b/versions/3/infer'],
    ['/v2/models/c/infer', '/v2/models/c/infer'],
    ['/v2/models/c/versions/9/infer', '/v2/models/c/versions/9/infer'],
  ])('%s goes on as %s, and its body as it came', (path, upstream) => {
    const asked = infer(tensor())
    const request = read({ ...asked, path }, renamed)
    expect([request.upstream.path, request.upstream.body]).toEqual([upstream, asked.body])
  })

  it.each([['/v2/models/b/infer'], ['/v2/models/a/versions/4/infer'], ['/v2/models/d/infer']])(
    '%s is not offered',
    (path) => {
      expect(codeOf({ path }, renamed)).toBe('model_not_found')
    },
  )

  it.each([
    [{ name: 'a', upstreamName: 'org/model' }],
    [{ name: 'a', upstreamName: '..' }],
    [{ name: 'a', upstreamName: 'stats' }],
    [{ name: 'a', upstreamVersion: '1/infer' }],
  ])('that cannot stand in a path is not found: %j', (model) => {
    expect(codeOf({ path: '/v2/models/a/infer' }, toProtocol([model]))).toBe('model_not_found')
  })

  it('named in the body must be the one of the path', () => {
    expect(codeOf(infer(tensor(), { model_name: 'm' }))).toBe('read')
    expect(codeOf(infer(tensor(), { model_name: 'other' }))).toBe('body_malformed')
  })
})

describe('a content type', () => {
  it.each([
    [{}, 'read'],
    [{ 'content-type': 'application/json; charset=utf-8' }, 'read'],
    [{ 'content-type': 'application/octet-stream' }, 'bad_request'],
    [{ 'content-type': 'text/plain' }, 'content_type_unsupported'],
    [{ 'content-type': 'application/x-www-form-urlencoded' }, 'content_type_unsupported'],
    [{ 'content-type': 'application/json; charset=utf-16' }, 'content_type_unsupported'],
    [{ ...json, 'inference-header-content-length': '0' }, 'bad_request'],
    [{ ...json, 'inference-header-content-length': '-1' }, 'bad_request'],
    [{ ...json, 'inference-header-content-length': '0x10' }, 'bad_request'],
    [{ ...json, 'inference-header-content-length': '10, 10' }, 'bad_request'],
    [{ ...json, 'inference-header-content-length': '99999999999' }, 'bad_request'],
    [{ ...json, 'inference-header-content-length': '9999' }, 'body_malformed'],
    [{ ...json, 'inference-header-content-length': '10' }, 'body_malformed'],
    [{ ...json, inference_header_content_length: '10' }, 'bad_request'],
  ])('with %j: %s', (headers, code) => {
    expect(codeOf({ ...infer(tensor()), headers })).toBe(code)
  })
})

describe('[TE2] a tensor is refused', () => {
  it.each([
    ['without a name', { name: undefined }],
    ['whose name is a number', { name: 1 }],
    ['without a shape', { shape: undefined }],
    ['whose shape is text', { shape: ['2'] }],
    ['with fewer values than its shape', { shape: [3] }],
    ['with more values than its shape', { shape: [1] }],
    ['with a size below zero', { shape: [-2] }],
    ['with two sizes below zero', { shape: [-1, -2] }],
    ['with a shape that overflows', { shape: [2 ** 32, 2 ** 32] }],
    ['with an unknown datatype', { datatype: 'STRING' }],
    ['with a datatype in lower case', { datatype: 'int32' }],
    ['with text for numbers', { data: ['1', '2'] }],
    ['with fractions for whole numbers', { data: [1, 2.5] }],
    ['with numbers for text', { datatype: 'BYTES' }],
    ['with objects for text', { datatype: 'BYTES', data: [{ b64: 'aGk=' }, 'x'] }],
    ['without data', { data: undefined }],
    ['whose data is one value', { data: 1 }],
    ['whose data is null', { data: null }],
    ['with binary data nobody announced', { data: undefined, parameters: { binary_data_size: 0 } }],
    ['with two data', { parameters: { binary_data_size: 8 } }],
    ['in shared memory', { data: undefined, parameters: { shared_memory_region: 'r' } }],
    ['with shared memory beside its data', { parameters: { shared_memory_offset: 1 } }],
    ['with shared memory in capitals', { parameters: { Shared_Memory_Region: 'r' } }],
    ['with its data twice, in another case', { Data: [3, 4] }],
    ['whose parameters are a list', { parameters: ['a'] }],
  ])('%s', (_title, more) => {
    expect(codeOf(infer(tensor(more)))).toBe('body_malformed')
  })

  it.each([
    ['a number that is none', '{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[NaN]}]}'],
    ['the same key twice', '{"inputs":[],"inputs":[]}'],
    ['no inputs', '{"outputs":[]}'],
    ['inputs that are an object', '{"inputs":{}}'],
    ['outputs in shared memory', '{"inputs":[],"outputs":[{"name":"y","parameters":{"shared_memory_region":"r"}}]}'],
    ['too many tensors', `{"inputs":[${Array.from({ length: 1001 }, () => '{}').join(',')}]}`],
    ['more values than any body', `{"inputs":[${'0,'.repeat(2_000_000)}0]}`],
    ['lists in lists without end', `{"inputs":${'['.repeat(100_000)}`],
  ])('and so is a body with %s', (_title, text) => {
    expect(codeOf({ body: Buffer.from(text) })).toBe('body_malformed')
  })

  it('never with its values in the message', () => {
    const asked = infer(tensor({ datatype: 'canary', data: ['canary'] }))
    expect(() => read(asked)).toThrow(/^(?!.*canary)/u)
  })
})

describe('[TE2] a binary tensor', () => {
  it('is read', () => {
    expect(read(toBinary({})).facts.inputs).toEqual([
      { name: 'x', shape: [2], datatype: 'INT32', elements: 2, bytes: 8, text: [] },
    ])
  })

  it.each([
    ['longer than the body', { size: 9 }],
    ['shorter than the body', { size: 4 }],
    ['of a size below zero', { size: -8 }],
    ['of a size beyond numbers', { size: 2 ** 53 }],
    ['of a size in text', { size: '8' }],
    ['with a value cut in two', { tail: new Uint8Array(7) }],
    ['with more values than its shape', { input: { shape: [1] } }],
    ['of an unknown datatype', { input: { datatype: 'FP8' } }],
    ['of texts without an end', { input: { datatype: 'BYTES' }, tail: Buffer.from([255, 255, 255, 255]) }],
    ['whose head is cut', { headLength: '20' }],
  ])('%s is refused', (_title, binary) => {
    expect(codeOf(toBinary(binary))).toBe('body_malformed')
  })

  it('goes on as it came, with the length of its head set anew', () => {
    const asked = toBinary({})
    const length = asked.headers?.['inference-header-content-length']
    expect(read(asked).upstream).toEqual({
      path: '/v2/models/m/infer',
      query: '',
      body: asked.body,
      headers: { 'inference-header-content-length': length },
    })
  })

  it('comes out as it went in, whatever it holds', () => {
    const texts = fc.array(anyText().map((text) => Buffer.from(text).toString()))
    fc.assert(
      fc.property(texts, fc.array(fc.integer()), (words, numbers) => {
        const { facts } = read(writeTensors(words, numbers))
        expect(facts.inputs?.map(({ elements, text }) => [elements, text])).toEqual([
          [words.length, words],
          [numbers.length, []],
        ])
        expect(facts.prompt).toBe(words.join('\n'))
      }),
    )
  })

  it('is the same tensor in JSON', () => {
    const texts = fc.array(fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text).toString()))
    fc.assert(
      fc.property(texts, (words) => {
        const input = { name: 'text', shape: [words.length], datatype: 'BYTES', data: words }
        const inJson = read(infer(input)).facts
        expect(read(writeTensors(words, [])).facts.inputs?.[0]).toEqual(inJson.inputs?.[0])
      }),
    )
  })
})

function writeTensors(words: readonly string[], numbers: readonly number[]): Asked {
  const text = Buffer.concat(
    words.flatMap((word) => {
      const length = Buffer.alloc(4)
      length.writeUInt32LE(Buffer.byteLength(word))
      return [length, Buffer.from(word)]
    }),
  )
  const whole = Buffer.from(Int32Array.from(numbers).buffer)
  const inputs = [
    { name: 'text', shape: [words.length], datatype: 'BYTES', parameters: { binary_data_size: text.length } },
    { name: 'n', shape: [numbers.length], datatype: 'INT32', parameters: { binary_data_size: whole.length } },
  ]
  const head = toBody({ inputs })
  return {
    headers: { 'inference-header-content-length': String(head.length) },
    body: Buffer.concat([head, text, whole]),
  }
}

describe('text', () => {
  it('[TE5] in base64, as MLServer takes it, counts as both', () => {
    const input = { name: 'x', shape: [1], datatype: 'BYTES', data: ['aGlkZGVu'] }
    const { facts } = read(infer(input, { parameters: { content_type: 'base64' } }))
    expect(facts.prompt).toBe('aGlkZGVu\nhidden')
  })

  it('[TE4] in parameters, under unknown keys, and in a content type that is none counts', () => {
    const { facts } = read(
      infer(tensor({ note: 'one', parameters: { a: 'two', content_type: 'say three' } }), {
        parameters: { system: 'four', nested: { five: 'six' } },
        outputs: [{ name: 'y', parameters: { b: 'seven' } }],
        more: ['eight'],
      }),
    )
    expect(facts.prompt.split('\n')).toEqual('two,say three,one,four,five,six,seven,eight'.split(','))
  })

  it('[TE7] of an image’s worth of numbers costs nothing', () => {
    const data = Array.from({ length: 300_000 }, () => 0.5)
    const { facts } = read(infer({ name: 'x', shape: [1, 300_000], datatype: 'FP32', data }))
    expect([facts.prompt, facts.inputs?.[0]?.bytes]).toEqual(['', 1_200_000])
  })
})

const ordinary = { status: 200, headers: json }

describe('[TE8] an answer', () => {
  const { answer } = read(infer(tensor()))
  const textOf = (value: unknown, head: AnswerHead = ordinary): string => answer.readWhole(head, toBody(value)).text

  it.each([
    ['texts of outputs', { outputs: [{ name: 'y', data: ['a', ['b']] }] }, 'a\nb'],
    ['texts beside outputs', { outputs: ['a', 1, { extra: 'b' }], note: { c: 'd' }, parameters: 'e' }, 'b\na\nc\nd\ne'],
    ['base64 decoded', { outputs: [{ data: ['aGk='], parameters: { content_type: 'base64' } }] }, 'aGk=\nhi'],
    ['outputs that are none', { outputs: { text: 'a' } }, 'text\na'],
    ['JSON that is no object', ['a', { b: 'c' }], 'a\nb\nc'],
  ])('gives %s', (_title, value, text) => {
    expect(textOf(value)).toBe(text)
  })

  it.each([
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['not JSON', Buffer.from('hello')],
    ['JSON that two readers read differently', Buffer.from('{"a":1,"a":2}')],
    ['JSON without an end', Buffer.from('{"a":"NaN')],
  ])('that is %s is not read', (_title, body) => {
    expect(() => answer.readWhole(ordinary, body)).toThrow(AnswerUnreadable)
  })

  it('with numbers that are none is read, and strings that look like one stay', () => {
    const body = Buffer.from('{"outputs":[{"data":[NaN,-Inf,Infinity,-1,"-NaN, \\"NaN","\\\\"]}],"NaN":"x"}')
    const { outputs, text } = answer.readWhole(ordinary, body)
    expect([outputs?.[0]?.elements, text]).toEqual([6, '-NaN, "NaN\n\\\nx'])
  })

  it('of megabytes of escapes beside such a number takes no stack', () => {
    const body = Buffer.from(`{"n":NaN,"text":"${'\\"'.repeat(3_000_000)}"}`)
    expect(answer.readWhole(ordinary, body).text.length).toBeGreaterThan(3_000_000)
  })

  it('in plain words is read where it is an error, unless it could be JSON for somebody', () => {
    const head = { status: 502, headers: { 'content-type': 'text/html' } }
    expect(answer.readWhole(head, Buffer.from('<h1>Bad Gateway</h1>')).text).toBe('<h1>Bad Gateway</h1>')
    expect(() => answer.readWhole(head, Buffer.from('{"a":"\\u0061","a":1}'))).toThrow(AnswerUnreadable)
  })

  it('of binary data beside JSON data gives the text of both', () => {
    const tail = Buffer.from([1, 0, 0, 0, 97])
    const head = toBody({
      outputs: [{ name: 'y', datatype: 'BYTES', data: ['b'], parameters: { binary_data_size: 5 } }],
    })
    const headers = { 'inference-header-content-length': String(head.length) }
    expect(answer.readWhole({ status: 200, headers }, Buffer.concat([head, tail])).text).toBe('a\nb')
  })
})

describe('whatever comes', () => {
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map((text) => Buffer.from(text)),
    fc
      .record({
        inputs: fc.array(
          fc.dictionary(fc.constantFrom('name', 'shape', 'datatype', 'data', 'parameters'), fc.jsonValue()),
        ),
      })
      .map(toBody),
  )

  it('a request is read or refused', () => {
    const head = fc.record(
      {
        'content-type': fc.constantFrom('application/json', 'application/octet-stream', 'x'),
        'inference-header-content-length': fc.nat(250).map(String),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(anyBytes, head, (body, headers) => {
        expect(codeOf({ body, headers })).toMatch(/^(?:read|body_malformed|bad_request|content_type_unsupported)$/u)
      }),
    )
  })

  it('an answer is read or unreadable', () => {
    const { answer } = read(infer(tensor()))
    fc.assert(
      fc.property(
        anyBytes,
        fc.constantFrom('10', '50', 'x', undefined),
        fc.constantFrom(200, 500),
        (body, length, status) => {
          const headers: AnswerHead['headers'] =
            length === undefined ? json : { 'inference-header-content-length': length }
          const attempt = (): unknown => answer.readWhole({ status, headers }, body)
          expect(outcomeOf(attempt)).toMatch(/^(?:read|unreadable)$/u)
        },
      ),
    )
  })
})

function outcomeOf(attempt: () => unknown): string {
  try {
    attempt()
    return 'read'
  } catch (error) {
    return error instanceof AnswerUnreadable ? 'unreadable' : String(error)
  }
}
