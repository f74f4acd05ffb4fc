// Masks of tensors, instances and declared streams over texts of all kinds: what leaves reads as what came, masked, in the same
// shape; and a stream gives the same texts however it was cut.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SseReader } from '../../gateway/protocols/framing/sse.ts'
import { isJsonObject } from '../../gateway/protocols/json/strict-json.ts'
import type { ReadRequest } from '../../gateway/protocols/protocol.ts'
import { toBytes, toText } from '../../policy/masking/framing/surrogate-escape.ts'
import type { TextMasks } from '../../policy/masking/text-masks.ts'
import type { Json, JsonObject } from '../../policy/model.ts'
import {
  makeProtocol,
  maskRequest,
  maskStreamedAnswer,
  maskWholeAnswer,
  readRequest,
} from '../helpers/protocol-masks.ts'
import { maskWords, startWords } from '../helpers/word-masker.ts'
import { runs } from './runs.ts'

const words = { '4111': '[CARD]', bob: '', é: 'ü\n', '😀!': '"\\' } as const
const masks: TextMasks = { start: () => startWords(words), over: (root) => root, field: () => () => startWords(words) }
const mask = (text: string): string => maskWords(text, words)

const fragment = fc.constantFrom('4111', '41', '11', 'bob', 'bo', 'b', 'é', '😀!', '😀', '!', ' ', '"', '\\', '\n', 'x')
const text = fc.array(fragment, { maxLength: 8 }).map((all) => all.join(''))
/** Bytes that are text in part, and of no kind that is kept. */
const bytes = fc
  .array(
    fc.oneof(
      fragment.map((each) => Buffer.from(each)),
      fc.constantFrom(0x80, 0xc3, 0xf5).map((byte) => Buffer.of(byte)),
    ),
    {
      maxLength: 6,
    },
  )
  .map((all) => Uint8Array.from(Buffer.concat(all)))

const protocol = makeProtocol({ protocol: 'OpenInference' })
const lengthHeader = 'inference-header-content-length'
const octets = 'application/octet-stream'

type Tensor =
  | { readonly values: readonly Uint8Array[] }
  | { readonly numbers: Uint8Array }
  | { readonly texts: readonly string[] }

const tensor: fc.Arbitrary<Tensor> = fc.oneof(
  fc.array(bytes, { maxLength: 4 }).map((values) => ({ values })),
  fc.uint8Array({ maxLength: 12 }).map((numbers) => ({ numbers })),
  fc.array(text, { maxLength: 3 }).map((texts) => ({ texts })),
)

function toTail(one: Tensor): Uint8Array | undefined {
  if ('texts' in one) return undefined
  if ('numbers' in one) return one.numbers
  return Buffer.concat(
    one.values.flatMap((value) => {
      const length = Buffer.alloc(4)
      length.writeUInt32LE(value.length)
      return [length, value]
    }),
  )
}

function toHead(one: Tensor, name: string): JsonObject {
  const tail = toTail(one)
  if ('texts' in one) return { name, shape: [one.texts.length], datatype: 'BYTES', data: one.texts }
  const [datatype, length] = 'numbers' in one ? ['UINT8', one.numbers.length] : ['BYTES', one.values.length]
  return { name, shape: [length], datatype, parameters: { binary_data_size: tail?.length ?? 0 } }
}

interface Wire {
  readonly bytes: Uint8Array
  readonly length: string
}

function toWire(list: 'inputs' | 'outputs', tensors: readonly Tensor[], note: string): Wire {
  const head = Buffer.from(
    JSON.stringify({ [list]: tensors.map((one, i) => toHead(one, `t${i}`)), parameters: { note } }),
  )
  return { bytes: Buffer.concat([head, ...tensors.flatMap((one) => toTail(one) ?? [])]), length: String(head.length) }
}

function maskTensor(one: Tensor): Tensor {
  if ('numbers' in one) return one
  if ('texts' in one) return { texts: one.texts.map(mask) }
  return { values: one.values.map((value) => toBytes(mask(toText(value)))) }
}

function readInfer({ bytes: body, length }: Wire): ReadRequest {
  return readRequest(
    protocol,
    { path: '/v2/models/m/infer', headers: { 'content-type': octets, [lengthHeader]: length } },
    body,
  )
}

/** As far as its JSON says the same. */
function normal({ bytes: all, length }: Wire): readonly [unknown, string] {
  const end = Number(length)
  return [JSON.parse(Buffer.from(all.subarray(0, end)).toString()), Buffer.from(all.subarray(end)).toString('latin1')]
}

const tensors = fc.array(tensor, { maxLength: 4 })

it('masks tensors of a request and of an answer as their values, and every length is right', () => {
  fc.assert(
    fc.property(tensors, text, (all, note) => {
      const expected = (list: 'inputs' | 'outputs'): Wire => toWire(list, all.map(maskTensor), mask(note))
      const request = readInfer(toWire('inputs', all, note))
      const { body, headers } = maskRequest(request, masks)
      const sent = { bytes: body ?? new Uint8Array(), length: headers?.[lengthHeader] ?? '' }
      expect(normal(sent)).toStrictEqual(normal(expected('inputs')))
      // A server reads it.
      expect(readInfer(sent).facts.inputs?.length).toBe(all.length)
      const wire = toWire('outputs', all, note)
      const head = { status: 200, headers: { 'content-type': octets, [lengthHeader]: wire.length } }
      const answer = maskWholeAnswer(request, masks, { head, body: wire.bytes })
      const arrived = { bytes: answer.body, length: answer.headers[lengthHeader] ?? wire.length }
      expect(normal(arrived)).toStrictEqual(normal(expected('outputs')))
    }),
    runs,
  )
})

it('hands on what has no finding as the very request that came', () => {
  const plain = tensors.filter((all) => JSON.stringify(all.map(maskTensor)) === JSON.stringify(all))
  fc.assert(
    fc.property(plain, (all) => {
      const request = readInfer(toWire('inputs', all, 'x'))
      expect(maskRequest(request, masks)).toBe(request.upstream)
    }),
    runs,
  )
})

const kserve = makeProtocol({ protocol: 'KServeV1' })
const leaf = fc.oneof(
  text,
  fc.constantFrom(0.4111, -41.115, 7, null, true),
  bytes.map((value) => ({ b64: Buffer.from(value).toString('base64') })),
)
const instance = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'c', 'x'), tie('value'), { maxKeys: 3 }),
  ),
})).value

/** The text that is in it, in base64 as well. */
function maskJsonValue(value: Json): Json {
  if (typeof value === 'string') return mask(value)
  if (Array.isArray(value)) return value.map(maskJsonValue)
  if (!isJsonObject(value)) return value
  const encoded = value['b64']
  if (typeof encoded === 'string') {
    return { b64: Buffer.from(toBytes(mask(toText(Buffer.from(encoded, 'base64'))))).toString('base64') }
  }
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, maskJsonValue(each)]))
}

it('masks instances of any shape, and no measure in them', () => {
  fc.assert(
    fc.property(fc.array(instance, { maxLength: 4 }), (instances) => {
      const body = Buffer.from(JSON.stringify({ instances }))
      const masked = maskRequest(readRequest(kserve, { path: '/v1/models/m:predict' }, body), masks)
      expect(JSON.parse(Buffer.from(masked.body ?? []).toString())).toStrictEqual({
        instances: maskJsonValue(instances),
      })
    }),
    runs,
  )
})

const declared = makeProtocol({ protocol: 'HTTP', content: { mode: 'Declared' } })
const asked = readRequest(declared, { method: 'GET', headers: {} }, new Uint8Array())
const names = ['say', 'think', 'b@d name'] as const

/** Pieces of several texts in the order in which they come. */
const pieces = fc.array(
  fc.tuple(
    fc.constantFrom(...names),
    fc.array(fragment, { maxLength: 3 }).map((all) => all.join('')),
  ),
  { maxLength: 12 },
)
const cuts = fc.array(fc.nat(400), { maxLength: 3 })

function cutAt(whole: string, at: readonly number[]): readonly Uint8Array[] {
  const all = Buffer.from(whole)
  const ends = [...at.map((cut) => cut % (all.length + 1)), all.length].toSorted((one, other) => one - other)
  return ends.map((end, i) => all.subarray(ends[i - 1] ?? 0, end))
}

function gather(values: readonly string[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const value of values) {
    const said: Json = JSON.parse(value)
    for (const [name, piece] of isJsonObject(said) ? Object.entries(said) : []) {
      texts.set(name, (texts.get(name) ?? '') + (typeof piece === 'string' ? piece : ''))
    }
  }
  return texts
}

const roads = [
  {
    type: 'text/event-stream',
    send: (value: string) => `data: ${value}\n\n`,
    receive: (sent: string) => new SseReader().push(Buffer.from(sent)).flatMap(({ data }) => data ?? []),
  },
  {
    type: 'application/x-ndjson',
    send: (value: string) => `${value}\n`,
    receive: (sent: string) => sent.split('\n').filter((line) => line !== ''),
  },
] as const

it.each(roads)(
  'masks texts that come in pieces as $type as each of them whole, however its bytes arrive',
  ({ type, send, receive }) => {
    fc.assert(
      fc.property(pieces, cuts, (all, at) => {
        const values = all.map(([name, piece]) => JSON.stringify({ [name]: piece }))
        const head = { status: 200, headers: { 'content-type': type } }
        const sent = maskStreamedAnswer(asked, masks, { head, pieces: cutAt(values.map(send).join(''), at) })
        const expected = new Map([...gather(values)].map(([name, whole]) => [name, mask(whole)]))
        expect(Object.fromEntries(gather(receive(sent)))).toStrictEqual(Object.fromEntries(expected))
      }),
      runs,
    )
  },
)

it('masks plain text that comes in events as the whole of it, however it was cut', () => {
  const plain = fc.array(fc.constantFrom('4111', '41', '11', 'bob', 'bo', 'b', 'é', ' ', 'x', '{', '"'), {
    maxLength: 12,
  })
  fc.assert(
    fc.property(plain, cuts, (all, at) => {
      const sent = all.filter((piece) => piece.trim() !== '')
      const head = { status: 200, headers: { 'content-type': 'text/event-stream' } }
      const arrived = maskStreamedAnswer(asked, masks, {
        head,
        pieces: cutAt(sent.map((piece) => `data: ${piece}\n\n`).join(''), at),
      })
      const texts = new SseReader().push(Buffer.from(arrived)).map(({ data }) => data ?? '')
      expect(texts.join('')).toBe(mask(sent.join('')))
    }),
    runs,
  )
})
