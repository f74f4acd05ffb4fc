// Ways past the rules of protocols whose requests are rows of any shape: instances, examples, base64, events in disguise.
import { afterAll, beforeAll, it } from 'vitest'
import type { Json } from '../../policy/model.ts'
import type { ProtocolName } from './class-list.ts'
import { attack } from './classes.ts'
import { expectFound, expectHeld, expectOddRefused, expectRuled } from './held.ts'
import { ask, everyConnection, nameOf, shapes } from './shapes.ts'
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

const rows = ['KServeV1', 'TensorFlowServing'] as const

for (const protocol of rows) {
  attack('nested parts', protocol, () => {
    found(protocol, [
      ['the last of many', (word) => send(protocol, { instances: ['a', 'b', word] })],
      ['deep within', (word) => send(protocol, { instances: [{ a: [{ b: [[word]] }] }] })],
      ['a key', (word) => send(protocol, { instances: [{ [word]: 1 }] })],
      ['inputs by name', (word) => send(protocol, { inputs: { a: [word] } })],
      [
        'the name of a signature that is none',
        (word) => send(protocol, { signature_name: `the ${word}`, instances: [1] }),
      ],
    ])

    it('the name of a signature', async () => {
      // Masks leave it: by another name the server has nothing.
      await expectRuled(world, nameOf(protocol), (word) => send(protocol, { signature_name: word, instances: [1] }))
    })
  })
  attack('unknown fields that carry text', protocol, () => {
    found(protocol, [
      ['of the body', (word) => send(protocol, { instances: [1], note: { deep: word } })],
      ['parameters', (word) => send(protocol, { instances: [1], parameters: { note: word } })],
    ])
  })
  attack('escapes and base64', protocol, () => {
    found(protocol, [
      ['bytes', (word) => send(protocol, { instances: [{ b64: base64(`the ${word}`) }] })],
      [
        'bytes without their padding',
        (word) => send(protocol, { instances: [{ a: { b64: base64(`the ${word}!`).replaceAll('=', '') } }] }),
      ],
      [
        'bytes that are no UTF-8',
        (word) =>
          send(protocol, {
            instances: [{ b64: Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(word)]).toString('base64') }],
          }),
      ],
    ])
    refused(protocol, [
      ['what is no base64', send(protocol, { instances: [{ b64: `${base64('the ')}#${base64(forbidden)}` }] })],
      ['base64 after its end', send(protocol, { instances: [{ b64: `YQ==${base64(forbidden)}` }] })],
      ['the alphabet of URLs', send(protocol, { instances: [{ b64: '--__' }] })],
    ])
  })
  attack('non-string content', protocol, () => {
    refused(protocol, [
      ['instances as an object', send(protocol, { instances: { a: forbidden } })],
      ['instances as text', send(protocol, { instances: forbidden })],
      ['instances and inputs', send(protocol, { instances: ['a'], inputs: [forbidden] })],
      ['neither', send(protocol, { rows: [forbidden] })],
      ['a list of values', send(protocol, [forbidden])],
    ])
  })
  attack('other endpoints', protocol, () => {
    refused(
      protocol,
      [
        '/v1/models/m',
        '/v1/models/m:Predict',
        '/v1/models/m%3apredict',
        '/v1/models/m:predict/',
        '/v1/models/a%2fb:predict',
        '/v1/models/..:predict',
        '/v2/models/m/infer',
        '/v1/models/m:reload',
        '/monitoring/prometheus/metrics',
      ].map((path) => [path, { ...ask(protocol, harmless), path }]),
      ['operation_not_supported', 'route_not_found', 'bad_request', 'model_not_found'],
    )
  })
}

attack('nested parts', 'TensorFlowServing', () => {
  found('TensorFlowServing', [
    [
      'an example',
      (word) => ({
        ...send('TensorFlowServing', { examples: [{ a: 'b' }, { a: word }] }),
        path: '/v1/models/m:classify',
      }),
    ],
    [
      'what all examples share',
      (word) => ({
        ...send('TensorFlowServing', { context: { c: word }, examples: [{ a: 'b' }] }),
        path: '/v1/models/m:regress',
      }),
    ],
    [
      'a version by its label',
      (word) => ({ ...ask('TensorFlowServing', word), path: '/v1/models/m/labels/canary:predict' }),
    ],
  ])
})

attack('header and body disagree', 'KServeV1', () => {
  it.each<[string, Record<string, string>]>([
    ['an event by its headers', { 'ce-id': '1', 'ce-specversion': '1.0', 'ce-type': 'a', 'ce-source': 'b' }],
    ['an event by one header', { 'ce-specversion': '1.0' }],
    ['an event with underscores', { ce_specversion: '1.0' }],
  ])('%s', async (_title, headers) => {
    const one = await world.send('kservev1', { ...ask('KServeV1', forbidden), headers })
    expectHeld(one, ['content_type_unsupported'])
  })

  refused('KServeV1', [
    [
      'an event in the body',
      send('KServeV1', {
        specversion: '1.0',
        id: '1',
        source: 'a',
        type: 'b',
        data: { instances: [forbidden] },
        instances: ['a'],
      }),
    ],
  ])
})
