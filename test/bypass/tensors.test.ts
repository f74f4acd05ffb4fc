// Ways past the rules of model servers' own protocols: tensors as JSON and as raw bytes, base64, and names in paths.
import { afterAll, beforeAll, it } from 'vitest'
import type { Json } from '../../policy/model.ts'
import type { ProtocolName } from './class-list.ts'
import { attack } from './classes.ts'
import { expectFound, expectOddRefused } from './held.ts'
import { ask, everyConnection, nameOf, shapes } from './shapes.ts'
import { binary, infer, sized, tensor, value } from './tensor-shapes.ts'
import type { Attempt, World } from './world.ts'
import { forbidden, harmless, startWorld } from './world.ts'

let world: World

beforeAll(async () => {
  world = await startWorld(everyConnection())
})

afterAll(async () => world[Symbol.asyncDispose]())

type Case = readonly [title: string, toAttempt: (word: string) => Attempt]

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const send = (protocol: ProtocolName, body: Json): Attempt => ({
  path: shapes[protocol].path,
  body: JSON.stringify(body),
})
function found(protocol: ProtocolName, cases: readonly Case[]): void {
  it.each(cases)('%s', async (_title, toAttempt) => {
    await expectFound(world, nameOf(protocol), toAttempt)
  })
}

function refused(
  protocol: ProtocolName,
  cases: readonly (readonly [string, Attempt])[],
  codes = ['body_malformed', 'bad_request'],
): void {
  it.each(cases)('%s', async (_title, odd) => {
    await expectOddRefused(world, nameOf(protocol), { plain: ask(protocol, harmless), odd, codes })
  })
}

const both = ['OpenInference', 'Triton'] as const

for (const protocol of both) {
  attack('nested parts', protocol, () => {
    found(protocol, [
      ['the second tensor', (word) => infer([tensor({}), tensor({ name: 'u', data: [word] })])],
      ['the last value', (word) => infer([tensor({ shape: [3], data: ['a', 'b', word] })])],
      ['rows', (word) => infer([tensor({ shape: [2, 1], data: [['a'], [word]] })])],
      ['parameters', (word) => infer([tensor({})], { parameters: { note: { deep: [word] } } })],
      ['parameters of a tensor', (word) => infer([tensor({ parameters: { note: word } })])],
      [
        'parameters of an output',
        (word) => infer([tensor({})], { outputs: [{ name: 'o', parameters: { note: word } }] }),
      ],
    ])
  })

  attack('unknown fields that carry text', protocol, () => {
    found(protocol, [
      ['of the body', (word) => infer([tensor({})], { note: { [word]: 1 } })],
      ['of a tensor', (word) => infer([tensor({ note: [word] })])],
      ['of an output', (word) => infer([tensor({})], { outputs: [{ name: 'o', note: word }] })],
    ])
  })

  attack('non-string content', protocol, () => {
    refused(protocol, [
      ['text in a tensor of numbers', infer([tensor({ datatype: 'FP32', data: [forbidden] })])],
      ['a number in a tensor of text', infer([tensor({ data: [7] })])],
      ['an object', infer([tensor({ data: [{ text: forbidden }] })])],
      ['data that is no list', infer([tensor({ data: forbidden })])],
      ['more values than the shape says', infer([tensor({ data: ['a', forbidden] })])],
      ['a datatype that nobody knows', infer([tensor({ datatype: 'STRING', data: [forbidden] })])],
      ['a datatype in small letters', infer([tensor({ datatype: 'bytes', data: [forbidden] })])],
      [
        'a tensor in shared memory',
        infer([tensor({ parameters: { shared_memory_region: 'r', shared_memory_byte_size: 8 } })]),
      ],
      ['a negative shape', infer([tensor({ shape: [-1] })])],
      ['inputs by name', { ...send(protocol, { inputs: { text: [forbidden] } }), path: '/v2/models/m/infer' }],
    ])
  })

  attack('tensors as bytes', protocol, () => {
    found(protocol, [
      ['a value', (word) => binary({ inputs: [sized(12)], tail: value(word) })],
      [
        'the second value',
        (word) => binary({ inputs: [sized(17, { shape: [2] })], tail: Buffer.concat([value('a'), value(word)]) }),
      ],
      [
        'the second tensor',
        (word) =>
          binary({ inputs: [sized(5), sized(12, { name: 'u' })], tail: Buffer.concat([value('a'), value(word)]) }),
      ],
      [
        'a value behind a byte that is no UTF-8',
        (word) => binary({ inputs: [sized(13)], tail: value(Buffer.concat([Buffer.from([0xff]), Buffer.from(word)])) }),
      ],
      ['a value with a NUL before it', (word) => binary({ inputs: [sized(13)], tail: value(`\0${word}`) })],
      [
        'JSON beside bytes',
        (word) => binary({ inputs: [sized(5), tensor({ name: 'u', data: [word] })], tail: value('a') }),
      ],
      ['JSON that calls itself bytes', (word) => binary({ inputs: [tensor({ data: [word] })], tail: Buffer.alloc(0) })],
    ])
    refused(protocol, [
      ['data and bytes', binary({ inputs: [sized(12, { data: ['a'] })], tail: value(forbidden) })],
      ['bytes left over', binary({ inputs: [sized(5)], tail: Buffer.concat([value('a'), value(forbidden)]) })],
      ['bytes that are missing', binary({ inputs: [sized(99)], tail: value(forbidden) })],
      ['a length beyond the tensor', binary({ inputs: [sized(12)], tail: value(forbidden, 999) })],
      ['a length of all ones', binary({ inputs: [sized(12)], tail: value(forbidden, 0xffffffff) })],
      ['a size below zero', binary({ inputs: [sized(-12)], tail: value(forbidden) })],
      [
        'a size as text',
        binary({ inputs: [{ ...sized(0), parameters: { binary_data_size: '12' } }], tail: value(forbidden) }),
      ],
      [
        'numbers whose bytes do not add up',
        binary({ inputs: [sized(8, { datatype: 'FP32', shape: [1] })], tail: Buffer.from(forbidden) }),
      ],
    ])
  })

  attack('header and body disagree', protocol, () => {
    const good = { inputs: [sized(12)], tail: value(forbidden) }
    const cases: readonly (readonly [string, Attempt])[] = [
      ['a head that is longer than the body', binary({ ...good, length: '9999' })],
      ['a head that ends too early', binary({ ...good, length: '5' })],
      ['a head that ends too late', binary({ ...good, length: '100' })],
      ['no head', binary({ ...good, length: '0' })],
      ['a length with a plus', binary({ ...good, length: '+84' })],
      ['a length in hexadecimal', binary({ ...good, length: '0x54' })],
      ['a length with a zero before it', binary({ ...good, length: '084' })],
      ['two lengths', binary({ ...good, headers: { 'Inference-Header-Content-Length': '2' } })],
      ['two lengths in one', binary({ ...good, length: '84, 84' })],
      ['a second spelling', binary({ ...good, headers: { inference_header_content_length: '2' } })],
      ['bytes without a length', { ...binary(good), headers: { 'content-type': 'application/octet-stream' } }],
      ['another model in the body', infer([tensor({})], { model_name: 'other' })],
    ]
    refused(protocol, cases)
    found(protocol, [
      [
        'a length that should not go on',
        (word) =>
          binary({
            inputs: [sized(12)],
            tail: value(word),
            headers: { Connection: 'inference-header-content-length' },
          }),
      ],
    ])
  })

  attack('escapes and base64', protocol, () => {
    found(protocol, [
      [
        'values in base64',
        (word) => infer([tensor({ data: [base64(`the ${word}`)], parameters: { content_type: 'base64' } })]),
      ],
      [
        'values in base64 with blanks in it',
        (word) =>
          infer([
            tensor({
              data: [`${base64(`see the ${word}`).slice(0, 6)}\n${base64(`see the ${word}`).slice(6)}`],
              parameters: { content_type: 'base64' },
            }),
          ]),
      ],
      [
        'values in base64 as the request says',
        (word) => infer([tensor({ data: [base64(`the ${word}`)] })], { parameters: { content_type: 'base64' } }),
      ],
    ])
  })

  attack('other endpoints', protocol, () => {
    refused(
      protocol,
      [
        '/v2/repository/index',
        '/v2/repository/models/m/load',
        '/v2/systemsharedmemory/region/r/register',
        '/v2/models/stats',
        '/v2/models/m/trace/setting',
        '/v2/logging',
        '/v2/models/m/infer/',
        '/v2/models//infer',
        '/v2/models/m%2fversions%2f1/infer',
        '/v2/models/../infer',
        '/v2/models/%2e%2e/infer',
        '/v2/models/m/versions/%31/infer',
        '/V2/models/m/infer',
        '/v2/models/m/INFER',
        '/v1/models/m:predict',
      ].map((path) => [path, { ...infer([tensor({})]), path }]),
      ['operation_not_supported', 'route_not_found', 'bad_request', 'model_not_found'],
    )
  })
}

attack('nested parts', 'Triton', () => {
  found('Triton', [
    ['a tensor of its own', (word) => send('Triton', { text_input: 'a', system: [word] })],
    ['a key', (word) => send('Triton', { text_input: 'a', parameters: { [word]: 1 } })],
    ['a list', (word) => send('Triton', { text_input: ['a', word] })],
    ['a stream', (word) => ({ ...ask('Triton', word), path: '/v2/models/m/generate_stream' })],
    ['a version', (word) => ({ ...ask('Triton', word), path: '/v2/models/m/versions/1/generate' })],
  ])
})
