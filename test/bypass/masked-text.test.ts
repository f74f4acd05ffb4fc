// What masks hide must be hidden however it is written, on the way to the model and on the way back, whole and in the smallest pieces;
// and a mask that denies must refuse it. Every case is tried without masks first: there it arrives.
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { InferencePolicySpec } from '../../crds/generated/inference-policy.ts'
import { allowAll } from '../helpers/make.ts'
import { askStream, data, events, saying, streaming, whole } from './answer-shapes.ts'
import type { ProtocolName } from './class-list.ts'
import { allProtocols } from './class-list.ts'
import { attack } from './classes.ts'
import { expectHeld, expectPassed } from './held.ts'
import { toSaid } from './reading.ts'
import { ask, nameOf, shapes } from './shapes.ts'
import { encoded, reveals, spellings } from './spellings.ts'
import type { Answered, Attempt, ModelAnswer, World, WorldConnection } from './world.ts'
import { startWorld } from './world.ts'

type Action = NonNullable<NonNullable<InferencePolicySpec['masking']>['request']>[number]['action']

const detectors = ['email', 'PCI', 'us-ssn', 'aws-access-key']

function masking(action: Action): Partial<InferencePolicySpec> {
  const mask = { name: 'pii', class: 'PII', action }
  return {
    rules: [allowAll],
    dataClasses: [{ name: 'PII', detectors }],
    masking: { request: [mask], response: [mask] },
  }
}

const ways: Readonly<Record<string, Partial<InferencePolicySpec>>> = {
  open: { rules: [allowAll] },
  hiding: masking('Redact'),
  refusing: masking('Deny'),
}

const toConnections = (protocol: ProtocolName): readonly (readonly [string, WorldConnection])[] =>
  Object.entries(ways).map(([way, policy]) => [
    `${nameOf(protocol)}-${way}`,
    { spec: { protocol, ...shapes[protocol].spec }, policy },
  ])

let world: World

beforeAll(async () => {
  world = await startWorld(Object.fromEntries(allProtocols.flatMap(toConnections)))
})

afterAll(async () => world[Symbol.asyncDispose]())

const send = (protocol: ProtocolName, way: keyof typeof ways, attempt: Attempt): Promise<Answered> =>
  world.send(`${nameOf(protocol)}-${way}`, attempt)

const toText = ({ reached }: Answered): string =>
  reached.map(({ url, headers, body }) => `${url} ${JSON.stringify(headers)} ${utf8(body)}`).join('')

const utf8 = (bytes: Buffer): string => bytes.toString('utf8')

async function expectHidden(protocol: ProtocolName, attempt: Attempt, value: string): Promise<void> {
  world.answer = undefined
  const open = await send(protocol, 'open', attempt)
  expectPassed(open)
  expect(reveals(toText(open), value)).toBe(true)
  const hiding = await send(protocol, 'hiding', attempt)
  expectPassed(hiding)
  expect(reveals(toText(hiding), value) ? toText(hiding) : '').toBe('')
  expect(() => JSON.parse(utf8(hiding.reached[0]?.body ?? Buffer.of()))).not.toThrow()
  expectHeld(await send(protocol, 'refusing', attempt))
}

interface Said {
  readonly answer: ModelAnswer
  readonly value: string
}

async function expectAnswerHidden(protocol: ProtocolName, attempt: Attempt, { answer, value }: Said): Promise<void> {
  world.answer = answer
  const open = await send(protocol, 'open', attempt)
  expect(reveals(toTold(open), value)).toBe(true)
  const hiding = await send(protocol, 'hiding', attempt)
  expect(hiding.status).toBe(200)
  expect(reveals(toTold(hiding), value) ? toTold(hiding) : '').toBe('')
  expect(toTold(hiding)).toContain('[PII]')
  const refusing = await send(protocol, 'refusing', attempt)
  expect(reveals(toTold(refusing), value) ? toTold(refusing) : '').toBe('')
  expect(refusing.text).toContain('response_denied')
}

/** The bytes, and the pieces of each place put together. */
function toTold({ body }: Answered): string {
  const said = [...toSaid(body).values()].map((text) => utf8(Buffer.from(text, 'latin1')))
  return [utf8(body), ...said].join('\n')
}

/** Each character in an event of its own. */
const inPieces = (text: string): readonly string[] => Array.from(text)

const card = '4111111111111111'
const numbers = [card, `-${card}`, `${card}.0`, '4.111111111111111e15', '41111111111111110e-1']

/** Where a number stands as data. */
const withNumber: Readonly<Record<ProtocolName, Readonly<Record<'asked' | 'answered', (number: string) => string>>>> = {
  OpenAI: {
    asked: (number) =>
      `{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\\"q\\":${number}}"}}]}]}`,
    answered: (number) => `{"choices":[{"index":0,"message":{"role":"assistant","content":"a","q":[${number}]}}]}`,
  },
  Anthropic: {
    asked: (number) =>
      `{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{"q":${number}}}]}]}`,
    answered: (number) =>
      `{"type":"message","role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{"q":${number}}}]}`,
  },
  MCP: {
    asked: (number) =>
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"f","arguments":{"q":[${number}]}}}`,
    answered: (number) => `{"jsonrpc":"2.0","id":1,"result":{"content":[],"structuredContent":{"q":${number}}}}`,
  },
  OpenInference: {
    asked: (number) => `{"inputs":[],"parameters":{"q":${number}}}`,
    answered: (number) => `{"outputs":[],"parameters":{"q":${number}}}`,
  },
  Triton: {
    asked: (number) => `{"text_input":"a","q":${number}}`,
    answered: (number) => `{"text_output":"a","q":${number}}`,
  },
  KServeV1: {
    asked: (number) => `{"instances":[{"q":${number}}]}`,
    answered: (number) => `{"predictions":[{"q":${number}}]}`,
  },
  TensorFlowServing: {
    asked: (number) => `{"instances":[{"q":${number}}]}`,
    answered: (number) => `{"predictions":[{"q":${number}}]}`,
  },
  TorchServe: { asked: (number) => `{"q":${number}}`, answered: (number) => `[${number}]` },
  HTTP: { asked: (number) => `{"text":"{\\"q\\":${number}}"}`, answered: (number) => `{"more":${number}}` },
}

const toHeader = ({ reached }: Answered): string => utf8(Buffer.from(String(reached[0]?.headers['x-user']), 'latin1'))

for (const protocol of allProtocols) {
  attack('masked text', protocol, () => {
    it.each([...spellings, ...encoded])('$title, asked', async ({ text, value }) => {
      await expectHidden(protocol, ask(protocol, text), value)
    })

    it.each([...spellings, ...encoded])('$title, answered', async ({ text, value }) => {
      await expectAnswerHidden(protocol, ask(protocol, 'hi'), { answer: whole(saying[protocol](text)), value })
    })

    it.each(numbers)('a card as the number %s, asked', async (number) => {
      const { path } = shapes[protocol]
      await expectHidden(protocol, { path, body: withNumber[protocol].asked(number) }, card)
    })

    it.each(numbers)('a card as the number %s, answered', async (number) => {
      const answer = { pieces: [withNumber[protocol].answered(number)] }
      await expectAnswerHidden(protocol, ask(protocol, 'hi'), { answer, value: card })
    })

    it.each([...spellings, ...encoded].filter(({ title }) => title.startsWith('an address')))(
      '$title, in a header',
      async (one) => {
        const attempt = { ...ask(protocol, 'hi'), headers: { 'x-user': one.text } }
        world.answer = undefined
        expect(reveals(toHeader(await send(protocol, 'open', attempt)), one.value)).toBe(true)
        expect(toHeader(await send(protocol, 'hiding', attempt))).toContain('[PII]')
        expect(reveals(toHeader(await send(protocol, 'hiding', attempt)), one.value)).toBe(false)
        expectHeld(await send(protocol, 'refusing', attempt))
      },
    )
  })
}

type ToStream = (pieces: readonly string[]) => readonly string[]
const streams: Readonly<Partial<Record<ProtocolName, ToStream>>> = {
  ...streaming,
  MCP: (pieces) => [data(saying.MCP(pieces.join('')))],
}

for (const protocol of ['OpenAI', 'Anthropic', 'MCP', 'Triton', 'TorchServe', 'HTTP'] as const) {
  attack('masked text', protocol, () => {
    it.each([...spellings, ...encoded])('$title, streamed', async ({ text, value }) => {
      const answer = events(...(streams[protocol]?.(inPieces(text)) ?? []))
      await expectAnswerHidden(protocol, askStream(protocol), { answer, value })
    })
  })
}

/** Where a name is what the caller wants it to be. */
const names: Readonly<Partial<Record<ProtocolName, (name: string) => Attempt>>> = {
  OpenAI: (model) => ({ ...ask('OpenAI', 'hi'), body: JSON.stringify({ ...shapes.OpenAI.body('hi'), model }) }),
  Anthropic: (model) => ({
    ...ask('Anthropic', 'hi'),
    body: JSON.stringify({ ...shapes.Anthropic.body('hi'), model }),
  }),
  OpenInference: (model) => ({ ...ask('OpenInference', 'hi'), path: `/v2/models/${model}/infer` }),
  Triton: (model) => ({ ...ask('Triton', 'hi'), path: `/v2/models/${model}/generate` }),
  KServeV1: (model) => ({ ...ask('KServeV1', 'hi'), path: `/v1/models/${model}:predict` }),
  TensorFlowServing: (model) => ({ ...ask('TensorFlowServing', 'hi'), path: `/v1/models/${model}:predict` }),
  TorchServe: (model) => ({ ...ask('TorchServe', 'hi'), path: `/predictions/${model}` }),
  HTTP: (name) => ({ ...ask('HTTP', 'hi'), path: `/patients/${name}/notes` }),
}

for (const protocol of allProtocols.filter((name) => name !== 'MCP')) {
  attack('masked text', protocol, () => {
    it.each(['536-22-8127', card])('%s as a name that nothing else can stand for is refused', async (name) => {
      const attempt = names[protocol]?.(name) ?? ask(protocol, 'hi')
      world.answer = undefined
      const open = await send(protocol, 'open', attempt)
      expectPassed(open)
      expect(toText(open)).toContain(name)
      const { status, text, reached } = await send(protocol, 'hiding', attempt)
      expect({ status, reached }).toEqual({ status: 503, reached: [] })
      expect(text).toContain('masking_unavailable')
      expect(text).not.toContain(name)
      expectHeld(await send(protocol, 'refusing', attempt))
    })
  })
}

attack('masked text', 'OpenAI', () => {
  const told = { prompt_token_ids: [4, 2], token_ids: [4, 2], context: [4, 2] }
  const asked = ask('OpenAI', 'hi')

  it.each<[string, Attempt, ModelAnswer]>([
    ['of a chat', asked, whole({ ...told, choices: [{ index: 0, message: { content: 'a' }, ...told }] })],
    ['of a stream', askStream('OpenAI'), events(data({ ...told, choices: [{ index: 0, delta: {}, ...told }] }))],
    [
      'of a completion',
      { path: '/v1/completions', body: '{"model":"m","prompt":"a"}' },
      whole({ ...told, choices: [{ index: 0, text: 'a', ...told }] }),
    ],
  ])('ids of tokens %s, which are its text', async (_title, attempt, answer) => {
    world.answer = answer
    expect((await send('OpenAI', 'open', attempt)).body.toString().match(/\[4,2\]/gu)).toHaveLength(6)
    const { status, body } = await send('OpenAI', 'hiding', attempt)
    expect(status).toBe(200)
    expect(body.toString()).not.toContain('[4,2]')
    expect(body.toString().match(/(?:_ids|context)":null/gu)?.length).toBeGreaterThan(3)
  })
})
