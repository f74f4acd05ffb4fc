import { describe, expect, it } from 'vitest'
import { keyedOf, makeMask } from '../../../test/helpers/masks.ts'
import { makeProtocol, maskRequest, maskWholeAnswer, readRequest } from '../../../test/helpers/protocol-masks.ts'
import { makeTextMasks } from '../../../test/helpers/word-masks.ts'
import type { MaskDemand } from '../../../policy/masking/demand.ts'
import { join } from '../../../policy/masking/framing/surrogate-escape.ts'
import { MaskEngines } from '../../../policy/masking/mask-engines.ts'
import { MaskRun } from '../../../policy/masking/mask-run.ts'
import { findDetectors } from '../../../policy/masking/packs.ts'
import { Pseudonyms } from '../../../policy/masking/pseudonyms.ts'
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import type { Json, JsonObject } from '../../../policy/model.ts'
import { GatewayError } from '../../errors.ts'
import type { ReadRequest } from '../protocol.ts'

const protocol = makeProtocol({ protocol: 'OpenInference' })
const path = '/v2/models/m/infer'
const words = makeTextMasks({ '4111': '[CARD]', bob: '[NAME]', gone: '' })
const keyed = keyedOf('a')

function startRun(...demands: readonly MaskDemand[]): MaskRun {
  const masks = new MaskEngines().of(demands, new Map())
  return new MaskRun({ masks, keyed, pseudonyms: new Pseudonyms(keyed), restores: false })
}

const lengthHeader = 'inference-header-content-length'

interface Message {
  readonly head: JsonObject
  readonly tail: readonly Uint8Array[]
}

function toWire({ head, tail }: Message): { readonly bytes: Uint8Array; readonly length: string } {
  const json = Buffer.from(JSON.stringify(head))
  return { bytes: join([json, ...tail]), length: String(json.length) }
}

function values(...texts: readonly string[]): Uint8Array {
  return join(
    texts.flatMap((text) => {
      const value = Buffer.from(text)
      const length = Buffer.alloc(4)
      length.writeUInt32LE(value.length)
      return [length, value]
    }),
  )
}

/** What the server is told, and what follows it. */
function fromWire(bytes: Uint8Array | undefined, length: string | undefined): Message {
  const all = bytes ?? new Uint8Array()
  const end = Number(length ?? all.length)
  const head: JsonObject = JSON.parse(Buffer.from(all.subarray(0, end)).toString())
  return { head, tail: [Uint8Array.from(all.subarray(end))] }
}

function read(message: Message): ReadRequest {
  const { bytes, length } = toWire(message)
  const headers = { 'content-type': 'application/octet-stream', [lengthHeader]: length }
  return readRequest(protocol, { path, headers }, bytes)
}

function readJson(body: object): ReadRequest {
  return readRequest(protocol, { path }, Buffer.from(JSON.stringify(body)))
}

function mask(message: Message, by: TextMasks = words): Message {
  const { body, headers = {} } = maskRequest(read(message), by)
  return fromWire(body, headers[lengthHeader])
}

const raw = (name: string, tail: Uint8Array, over: JsonObject = {}): JsonObject => ({
  name,
  shape: [1],
  datatype: 'BYTES',
  parameters: { binary_data_size: tail.length },
  ...over,
})

describe('raw values of a request', () => {
  it('are masked one by one, and every length that names them follows', () => {
    const first = values('to bob', 'x', '4111')
    const second = values('gone')
    const head = { inputs: [raw('a', first, { shape: [3] }), raw('b', second)] }
    const [maskedFirst, maskedSecond] = [values('to [NAME]', 'x', '[CARD]'), values('')]
    expect(mask({ head, tail: [first, second] })).toStrictEqual({
      head: { inputs: [raw('a', maskedFirst, { shape: [3] }), raw('b', maskedSecond)] },
      tail: [Uint8Array.from(join([maskedFirst, maskedSecond]))],
    })
  })

  it('that are masked to the same length leave the head byte for byte', () => {
    const [tail, as] = [values('bob'), values('abc')]
    const sent = { head: { inputs: [raw('a', tail)] }, tail: [tail] }
    const { headers, body } = maskRequest(read(sent), makeTextMasks({ bob: 'abc' }))
    expect(headers).toStrictEqual({ [lengthHeader]: toWire(sent).length })
    expect(Buffer.from(body ?? []).toString()).toBe(Buffer.from(toWire({ ...sent, tail: [as] }).bytes).toString())
  })

  it('that are numbers stay byte for byte, whatever they would read as', () => {
    const numbers = Uint8Array.from(Buffer.from('4111bob!'))
    const text = values('bob')
    const head = { inputs: [raw('x', numbers, { datatype: 'FP16', shape: [4] }), raw('t', text)] }
    expect(mask({ head, tail: [numbers, text] }).tail).toStrictEqual([
      Uint8Array.from(join([numbers, values('[NAME]')])),
    ])
  })

  it('without a finding are the very request that came', () => {
    const tail = values('no one', '\u00e9')
    const request = read({ head: { inputs: [raw('a', tail, { shape: [2] })] }, tail: [tail] })
    expect(maskRequest(request, words)).toBe(request.upstream)
  })

  it('are masked again from the start by whoever asks again', () => {
    const tail = values('bob')
    const request = read({ head: { inputs: [raw('a', tail)] }, tail: [tail] })
    expect(maskRequest(request, words)).toStrictEqual(maskRequest(request, words))
  })
})

describe('a mask about a place', () => {
  it.each(['/inputs/0/data', '/inputs/*/data/*', '/inputs/0/data/0'])('%s holds on both roads', (field) => {
    const tail = values('anything')
    const run = startRun(makeMask({ fields: [field], label: 'FIELD' }))
    const sent = { head: { inputs: [raw('a', tail)] }, tail: [tail] }
    expect(mask(sent, run)).toMatchObject({ tail: [Uint8Array.from(values('[FIELD]'))] })
    const json = { inputs: [{ name: 'a', shape: [1], datatype: 'BYTES', data: ['anything'] }] }
    const { body } = maskRequest(readJson(json), startRun(makeMask({ fields: [field], label: 'FIELD' })))
    expect(fromWire(body, undefined).head).toStrictEqual({
      inputs: [{ name: 'a', shape: [1], datatype: 'BYTES', data: ['[FIELD]'] }],
    })
  })

  it('of raw numbers refuses the call: nothing can stand in their place', () => {
    const tail = Uint8Array.of(1, 2)
    const request = read({ head: { inputs: [raw('a', tail, { datatype: 'UINT8', shape: [2] })] }, tail: [tail] })
    const run = startRun(makeMask({ fields: ['/inputs/*/data'] }))
    expect(() => maskRequest(request, run)).toThrow(GatewayError)
  })

  it('is told with every value that is found', () => {
    const tail = values('no', 'to ann@example.com')
    const run = startRun(makeMask({ detectors: findDetectors('PII') ?? [] }))
    mask({ head: { inputs: [raw('a', tail, { shape: [2] })] }, tail: [tail] }, run)
    expect(run.masked.map(({ paths }) => paths)).toStrictEqual([['/inputs/0/data/1']])
  })
})

const tensor = (over: Readonly<Record<string, Json>>): object => ({
  name: 'a',
  shape: [1],
  datatype: 'BYTES',
  data: ['x'],
  ...over,
})

function maskedTensor(over: Readonly<Record<string, Json>>): unknown {
  const { body } = maskRequest(readJson({ inputs: [tensor(over)] }), words)
  const { inputs } = fromWire(body, undefined).head
  return Array.isArray(inputs) ? inputs[0] : undefined
}

it.each<[string, Readonly<Record<string, Json>>, Readonly<Record<string, Json>>]>([
  ['values that are text', { data: [['to bob']], shape: [1, 1] }, { data: [['to [NAME]']], shape: [1, 1] }],
  ['values that are JSON', { data: ['{"n":4111}'] }, { data: ['{"n":"[CARD]"}'] }],
  [
    'values in base64 where it says so',
    { data: ['Ym9i'], parameters: { content_type: 'base64' } },
    { data: ['W05BTUVd'], parameters: { content_type: 'base64' } },
  ],
  ['parameters', { parameters: { who: 'bob', id: 4111 } }, { parameters: { who: '[NAME]', id: '[CARD]' } }],
  ['a codec that is none', { parameters: { content_type: 'bob' } }, { parameters: { content_type: '[NAME]' } }],
  ['members that nobody knows', { bob: ['4111'] }, { '[NAME]': ['[CARD]'] }],
  ['a name that is a sentence', { name: 'x of bob' }, { name: 'x of [NAME]' }],
  ['a name that is a number', { name: '4111' }, { name: '[CARD]' }],
  [
    'a shape too large to be one',
    { shape: [0, 411_100_000_000], data: [] },
    { shape: [0, '[CARD]00000000'], data: [] },
  ],
])('masks in JSON: %s', (_title, before, after) => {
  expect(maskedTensor(before)).toStrictEqual(tensor(after))
})

it.each<[string, Readonly<Record<string, Json>>]>([
  ['numbers of a tensor', { datatype: 'INT64', data: [4111] }],
  ['measures', { datatype: 'FP32', data: [0.4111] }],
  ['the name of a layer', { name: 'bob/dense_4111:0' }],
  ['numbers that are settings', { parameters: { scale: 0.4111, exact: true } }],
])('leaves in JSON: %s', (_title, over) => {
  const request = readJson({ inputs: [tensor(over)] })
  expect(maskRequest(request, words)).toBe(request.upstream)
})

describe('an answer', () => {
  const asked = readJson({ inputs: [] })

  function answer(message: Message, by: TextMasks = words): Message {
    const { bytes, length } = toWire(message)
    const head = { status: 200, headers: { 'content-type': 'application/octet-stream', [lengthHeader]: length } }
    const { body, headers } = maskWholeAnswer(asked, by, { head, body: bytes })
    return fromWire(body, headers[lengthHeader] ?? length)
  }

  it('has raw values masked, and the header of its length follows', () => {
    const tail = values('hi bob')
    expect(answer({ head: { outputs: [raw('a', tail)] }, tail: [tail] })).toStrictEqual({
      head: { outputs: [raw('a', values('hi [NAME]'))] },
      tail: [Uint8Array.from(values('hi [NAME]'))],
    })
  })

  it('has what is said of each token blanked, on both roads', () => {
    const tail = values('{"4": 1}')
    const json = { name: 'prompt_logprobs', shape: [1], datatype: 'BYTES', data: ['{"b": 1}'] }
    expect(answer({ head: { outputs: [raw('logprobs', tail), json] }, tail: [tail] })).toStrictEqual({
      head: { outputs: [raw('logprobs', values('')), { ...json, data: [''] }] },
      tail: [Uint8Array.from(values(''))],
    })
  })

  it('without a finding is the same bytes, and no header changes', () => {
    const tail = values('hi')
    const { bytes, length } = toWire({ head: { outputs: [raw('a', tail)] }, tail: [tail] })
    const head = { status: 200, headers: { [lengthHeader]: length } }
    expect(maskWholeAnswer(asked, words, { head, body: bytes })).toStrictEqual({ body: bytes, headers: {} })
  })

  it.each([
    ['numbers that are none, between its texts', '{"outputs":[NaN,"bob",-Inf,{"x":-NaN,"n":4111}]}'],
    ['a list where an object should be', '[Infinity,"bob",4111]'],
    ['text for numbers', '{"outputs":[{"name":"y","datatype":"FP32","data":["bob",NaN,4111]}]}'],
    ['a name as the only text', '{"outputs":[{"name":"of bob"}],"x":4111}'],
  ])('is masked with %s', (_title, text) => {
    const head = { status: 200, headers: { 'content-type': 'application/json' } }
    const { body } = maskWholeAnswer(asked, words, { head, body: Buffer.from(text) })
    expect(Buffer.from(body).toString()).toBe(text.replaceAll('bob', '[NAME]').replaceAll('4111', '"[CARD]"'))
  })
})
