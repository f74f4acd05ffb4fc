// Where a word may stand in answers of model servers' own protocols, in everything declared, and in those of TorchServe.
import { afterAll, beforeAll, it } from 'vitest'
import type { Json } from '../../policy/model.ts'
import { data, events, whole } from './answer-shapes.ts'
import { attack } from './classes.ts'
import { expectAnswerHeld } from './held.ts'
import { ask, everyConnection, nameOf } from './shapes.ts'
import { sized, tensor, infer, value } from './tensor-shapes.ts'
import type { ModelAnswer, World } from './world.ts'
import { startWorld } from './world.ts'

let world: World

beforeAll(async () => {
  world = await startWorld(everyConnection({ answers: 'Cut' }))
})

afterAll(async () => world[Symbol.asyncDispose]())

type Body = { readonly [key: string]: Json }

const output = (one: Body, more: Body = {}): ModelAnswer => whole({ outputs: [tensor(one)], ...more })
const base64 = (text: string): string => Buffer.from(text).toString('base64')

const both = ['OpenInference', 'Triton'] as const

for (const protocol of both) {
  attack('channels of an answer', protocol, () => {
    it.each<[string, (word: string) => ModelAnswer]>([
      ['the last value', (word) => output({ shape: [2], data: ['a', word] })],
      ['rows', (word) => output({ shape: [1, 1], data: [[word]] })],
      ['parameters', (word) => output({}, { parameters: { note: word } })],
      ['parameters of an output', (word) => output({ parameters: { note: word } })],
      ['an unknown field', (word) => output({}, { note: { [word]: 1 } })],
      ['text where numbers should be', (word) => output({ datatype: 'FP32', data: [word] })],
      ['base64', (word) => output({ data: [base64(`the ${word}`)], parameters: { content_type: 'base64' } })],
      [
        'bytes',
        (word) => {
          const head = JSON.stringify({ outputs: [sized(12)] })
          return {
            type: 'application/octet-stream',
            headers: { 'inference-header-content-length': String(head.length) },
            pieces: [Buffer.concat([Buffer.from(head), value(word)])],
          }
        },
      ],
    ])('%s', async (_title, toAnswer) => {
      await expectAnswerHeld(world, nameOf(protocol), { ask: infer([tensor({})]), toAnswer })
    })
  })
}

attack('channels of an answer', 'Triton', () => {
  const stream = { ...ask('Triton', 'hi'), path: '/v2/models/m/generate_stream' }
  it.each<[string, (word: string) => ModelAnswer]>([
    ['another output', (word) => events(data({ text_output: 'a' }), data({ thoughts: word }))],
    ['an error in the stream', (word) => events(data({ error: word }))],
    ['a list', (word) => events(data({ text_output: ['a', word] }))],
    ['a key', (word) => events(data({ scores: { [word]: 1 } }))],
  ])('%s', async (_title, toAnswer) => {
    await expectAnswerHeld(world, 'triton', { ask: stream, toAnswer })
  })
})

const rows = ['KServeV1', 'TensorFlowServing'] as const

for (const protocol of rows) {
  attack('channels of an answer', protocol, () => {
    it.each<[string, (word: string) => ModelAnswer]>([
      ['deep within', (word) => whole({ predictions: [{ a: [{ b: word }] }] })],
      ['a label as a key', (word) => whole({ predictions: [{ [word]: 0.9 }] })],
      ['beside the predictions', (word) => whole({ predictions: [1], note: word })],
      ['base64', (word) => whole({ predictions: [{ b64: base64(`the ${word}`) }] })],
      ['a number that is none', (word) => ({ pieces: [`{"predictions":[NaN,"${word}"]}`] })],
    ])('%s', async (_title, toAnswer) => {
      await expectAnswerHeld(world, nameOf(protocol), { ask: ask(protocol, 'hi'), toAnswer })
    })
  })
}

const texts = ['TorchServe', 'HTTP'] as const

for (const protocol of texts) {
  attack('channels of an answer', protocol, () => {
    it.each<[string, (word: string) => ModelAnswer]>([
      ['deep within', (word) => whole({ label: 'a', more: [{ deep: word }] })],
      ['a label as a key', (word) => whole({ scores: { [word]: 0.9 } })],
      ['plain text', (word) => ({ type: 'text/plain', pieces: [`a ${word}`] })],
      ['text in JSON, in text', (word) => ({ type: 'text/plain', pieces: [`{"a":"${word}"}`] })],
      ['one string', (word) => whole(word)],
      ['lines', (word) => ({ type: 'application/x-ndjson', pieces: ['{"a":"b"}\n', `{"a":"${word}"}\n`] })],
      ['lines that are no JSON', (word) => ({ type: 'application/x-ndjson', pieces: [`${word}\n`] })],
      ['another place of an event', (word) => events(data({ label: 'a' }), data({ other: [word] }))],
      ['a key of an event', (word) => events(data({ [word]: 1 }))],
    ])('%s', async (_title, toAnswer) => {
      await expectAnswerHeld(world, nameOf(protocol), { ask: ask(protocol, 'hi'), toAnswer })
    })
  })
}
