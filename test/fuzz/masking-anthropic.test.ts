// Anthropic's protocol under a mask: however a message is cut into events and these into bytes, and in whatever order its blocks grow,
// the stream says what the whole message would say; its clients read it; and nothing that a caller or a model wrote is forgotten.
import { readFileSync } from 'node:fs'
import Anthropic from '@anthropic-ai/sdk'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { GatewayError } from '../../gateway/errors.ts'
import { anthropicAnswer } from '../../gateway/protocols/anthropic/answer.ts'
import { isJsonObject } from '../../gateway/protocols/json/strict-json.ts'
import { Protocols } from '../../gateway/protocols/find.ts'
import type { AnswerHead } from '../../gateway/protocols/protocol.ts'
import { AnswerUnreadable } from '../../gateway/protocols/protocol.ts'
import { MaskEngines } from '../../policy/masking/mask-engines.ts'
import { MaskRun } from '../../policy/masking/mask-run.ts'
import { findDetectors, packs } from '../../policy/masking/packs.ts'
import { Pseudonyms } from '../../policy/masking/pseudonyms.ts'
import type { TextMasks } from '../../policy/masking/text-masks.ts'
import type { Json, JsonObject } from '../../policy/model.ts'
import { findKeptNumbers, listPlaces, put, waysToSay } from '../helpers/json-places.ts'
import { makeBundle, makeConnection, makeSnapshot } from '../helpers/make.ts'
import { keyedOf, makeMask } from '../helpers/masks.ts'
import { makeTextMasks } from '../helpers/word-masks.ts'
import { numRuns, runs } from './runs.ts'

const wholeHead: AnswerHead = { status: 200, headers: { 'content-type': 'application/json' } }
const streamHead: AnswerHead = { status: 200, headers: { 'content-type': 'text/event-stream' } }

const words = { '4111': '[CARD]', ann: '[N]', 'a"b': '[Q]', '😀!': '😁', é: 'é\n' } as const
const wordMasks = makeTextMasks(words)

const engines = new MaskEngines()

/** As a call has them, with the detectors that policies have. */
function makeRealMasks(): TextMasks {
  const keyed = keyedOf('a')
  const demands = [
    makeMask({ name: 'cards', action: 'Partial', keepLast: 4, detectors: packs.PCI }),
    makeMask({ name: 'persons', action: 'Redact', detectors: ['us-ssn', 'email', 'iban'].flatMap(detectorsOf) }),
  ]
  const masks = engines.of(demands, new Map())
  return new MaskRun({ masks, keyed, pseudonyms: new Pseudonyms(keyed), restores: false })
}

function detectorsOf(name: string): ReturnType<typeof makeMask>['detectors'] {
  return findDetectors(name) ?? []
}

interface Block {
  readonly type: 'text' | 'thinking' | 'tool_use'
  /** Of a call: JSON. */
  readonly text: string
}

const signature = 'EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds48Yhub0jdYjYdYdYdYd0s1A'

function toWhole({ type, text }: Block): JsonObject {
  if (type === 'text') return { type, text }
  if (type === 'thinking') return { type, thinking: text, signature }
  return { type, id: 'toolu_01T1x1fJ34qAmk2tNTrN7Up6', name: 'pay', input: JSON.parse(text) }
}

function maskWhole(blocks: readonly Block[], masks: TextMasks): readonly Block[] {
  const message = { id: 'msg_1', type: 'message', role: 'assistant', content: blocks.map(toWhole) }
  const masked = anthropicAnswer.maskWhole?.(wholeHead, encode(JSON.stringify(message)), masks)
  if (!(masked instanceof Uint8Array)) throw new Error('a whole message is masked as bytes')
  const { content }: { content: readonly WholeBlock[] } = JSON.parse(decode(masked))
  return content.map(fromWhole)
}

interface WholeBlock {
  readonly type: Block['type']
  readonly text?: string
  readonly thinking?: string
  readonly signature?: string
  readonly input?: Json
}

function fromWhole({ type, text, thinking, signature: sealed = signature, input: given }: WholeBlock): Block {
  expect(sealed).toBe(signature)
  return { type, text: text ?? thinking ?? JSON.stringify(given) }
}

/** How a block is sent: its pieces, and whether it begins with the first of them. */
interface Sending {
  readonly block: Block
  readonly pieces: readonly string[]
  readonly isBegun: boolean
}

type Written = readonly [string, JsonObject]

function toEvents({ block, pieces, isBegun }: Sending, index: number): readonly Written[] {
  const { type } = block
  const [first = '', ...rest] = isBegun && type !== 'tool_use' ? pieces : ['', ...pieces]
  const begun = type === 'tool_use' ? { ...toWhole({ type, text: '{}' }) } : { ...toWhole({ type, text: first }) }
  const start: Written = [
    'content_block_start',
    { index, content_block: { ...begun, ...(type === 'thinking' && { signature: '' }) } },
  ]
  const deltas = rest.map((piece): Written => ['content_block_delta', { index, delta: toDelta(type, piece) }])
  const signed: readonly Written[] =
    type === 'thinking' ? [['content_block_delta', { index, delta: { type: 'signature_delta', signature } }]] : []
  return [start, ...deltas, ...signed, ['content_block_stop', { index }]]
}

function toDelta(type: Block['type'], piece: string): JsonObject {
  if (type === 'text') return { type: 'text_delta', text: piece }
  return type === 'thinking'
    ? { type: 'thinking_delta', thinking: piece }
    : { type: 'input_json_delta', partial_json: piece }
}

const usage = { input_tokens: 1, output_tokens: 1 }
const opening: Written = [
  'message_start',
  { message: { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [], stop_reason: null, usage } },
]
const closing: readonly Written[] = [
  ['message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 9 } }],
  ['message_stop', {}],
]

/** One list of many, taking from each in turn as `order` says. */
function interleave(lists: readonly (readonly Written[])[], order: readonly number[]): readonly Written[] {
  const left = lists.map((list) => [...list])
  const all: Written[] = []
  for (const turn of order) all.push(...(left[turn % Math.max(1, left.length)]?.splice(0, 1) ?? []))
  return [...all, ...left.flat()]
}

function write(events: readonly Written[]): string {
  return events.map(([type, event]) => `event: ${type}\ndata: ${JSON.stringify({ type, ...event })}\n\n`).join('')
}

function maskStream(text: string, masks: TextMasks, cuts: readonly number[] = []): string {
  const stream = anthropicAnswer.openStream(streamHead)
  const mask = anthropicAnswer.openMask?.(streamHead, masks)
  if (stream === undefined || mask === undefined) throw new Error('a stream of events opens as one')
  const bytes = encode(text)
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b)
  let at = 0
  const sent = ends.flatMap((end) => {
    const events = stream.push(bytes.subarray(at, end))
    at = end
    return events.map(mask.push)
  })
  return decode(Buffer.concat([...sent, ...stream.end().map(mask.push), mask.end()]))
}

interface Event {
  readonly type: string
  readonly index?: number
  readonly content_block?: WholeBlock
  readonly delta?: WholeBlock & { readonly partial_json?: string }
}

interface GrownBlock {
  readonly type: Block['type']
  text: string
  isOpen: boolean
}

/** What a client makes of a stream. Nothing of a block may come before its beginning or after its end. */
function readStream(text: string): readonly Block[] {
  const blocks = new Map<number, GrownBlock>()
  for (const [, data = ''] of text.matchAll(/^data: (.*)$/gmu)) {
    const event: Event = JSON.parse(data)
    const { type, index = -1, content_block: begun } = event
    if (begun === undefined) growBlock(blocks.get(index), event)
    else if (blocks.has(index)) throw new Error(`${type} of a block that has begun`)
    else blocks.set(index, { type: begun.type, text: begun.text ?? begun.thinking ?? '', isOpen: true })
  }
  return [...blocks].toSorted(([a], [b]) => a - b).map(([, { type, text: grown }]) => ({ type, text: grown }))
}

function growBlock(block: GrownBlock | undefined, { type, delta }: Event): void {
  if (!type.startsWith('content_block_')) return
  if (block?.isOpen !== true) throw new Error(`${type} of a block that is not open`)
  block.text += delta?.text ?? delta?.thinking ?? delta?.partial_json ?? ''
  block.isOpen = type !== 'content_block_stop'
}

/** JSON is the same however its text is spelled. */
function spellAlike(blocks: readonly Block[]): readonly Block[] {
  return blocks.map((block) =>
    block.type === 'tool_use' ? { ...block, text: JSON.stringify(JSON.parse(block.text)) } : block,
  )
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

const fragment = fc.constantFrom(
  '4111',
  '41',
  '11',
  'a',
  'nn',
  'ann',
  'a"b',
  '"',
  '😀!',
  '😀',
  '!',
  'é',
  ' ',
  '\n',
  '{',
)
const said = fc.array(fragment, { maxLength: 8 }).map((all) => all.join(''))
const value = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.oneof(said, fc.constantFrom(4111, 41.11, true, null)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(said, tie('value'), { maxKeys: 3 }),
  ),
})).value
const input = fc.dictionary(said, value, { maxKeys: 4 }).map((json) => JSON.stringify(json))
const block = fc.oneof(
  fc.record({ type: fc.constantFrom('text' as const, 'thinking' as const), text: said }),
  fc.record({ type: fc.constant('tool_use' as const), text: input }),
)

function cutInto(text: string, cuts: readonly number[]): readonly string[] {
  const units = Array.from(text)
  const ends = [...cuts.map((cut) => cut % (units.length + 1)), units.length].toSorted((a, b) => a - b)
  return ends.map((end, i) => units.slice(ends[i - 1] ?? 0, end).join(''))
}

const sending = fc
  .record({ block, cuts: fc.array(fc.nat(40), { maxLength: 5 }), isBegun: fc.boolean() })
  .map(({ cuts, ...rest }): Sending => ({ ...rest, pieces: cutInto(rest.block.text, cuts) }))
const message = fc.array(sending, { minLength: 1, maxLength: 4 })
const order = fc.array(fc.nat(3), { maxLength: 30 })
const byteCuts = fc.array(fc.nat(5_000), { maxLength: 4 })

describe('a streamed message', () => {
  it.each([
    ['words', (): TextMasks => wordMasks],
    ['detectors', makeRealMasks],
  ])(
    'says what the whole says, however it is cut and its blocks are interleaved: %s',
    (_, makeMasks) => {
      fc.assert(
        fc.property(message, order, byteCuts, (sendings, turns, cuts) => {
          const masks = makeMasks()
          const stream = write([opening, ...interleave(sendings.map(toEvents), turns), ...closing])
          const masked = maskStream(stream, masks, cuts)
          const whole = maskWhole(
            sendings.map((one) => one.block),
            masks,
          )
          expect(spellAlike(readStream(masked))).toStrictEqual(spellAlike(whole))
          expect(masked.endsWith(write(closing))).toBe(true)
        }),
        { ...runs, numRuns: Math.ceil(numRuns / 2) },
      )
    },
    600_000,
  )

  it('that breaks off anywhere shows nothing but the beginning of what it would have said', () => {
    fc.assert(
      fc.property(message, fc.nat(20), (sendings, length) => {
        const events = interleave(sendings.map(toEvents), []).slice(0, length)
        const masked = readStream(maskStream(write(events), wordMasks))
        expect(masked.filter(({ type, text }) => type !== 'tool_use' && text.includes('4111'))).toStrictEqual([])
      }),
      { ...runs, numRuns: Math.ceil(numRuns / 4) },
    )
  }, 600_000)

  it('never crashes on events of any shape, and lets no word pass in them', () => {
    const event = fc.record(
      {
        type: fc.constantFrom('content_block_start', 'content_block_delta', 'content_block_stop', 'message_delta', 'x'),
        index: fc.oneof(fc.nat(2), said),
        delta: fc.oneof(value, fc.record({ type: said, text: said, novel: said })),
        content_block: fc.oneof(value, fc.record({ type: fc.constantFrom('text', 'x'), text: said })),
      },
      { requiredKeys: ['type'] },
    )
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), (events) => {
        const text = events.map((one) => `data: ${JSON.stringify(one)}\n\n`).join('')
        const masked = maskStream(text, wordMasks)
        const shown = [...masked.matchAll(/^data: (.*)$/gmu)].flatMap(([, data = '']) => listStrings(JSON.parse(data)))
        expect(shown.filter((one) => one.includes('4111'))).toStrictEqual([])
      }),
      { ...runs, numRuns: Math.ceil(numRuns / 4) },
    )
  }, 600_000)
})

function listStrings(json: Json): readonly string[] {
  if (typeof json === 'string') return [json]
  if (Array.isArray(json)) return json.flatMap((item: Json) => listStrings(item))
  return isJsonObject(json) ? Object.entries(json).flatMap(([key, item]) => [key, ...listStrings(item)]) : []
}

const prose = 'Card 4111 1111 1111 1111, mail jo.doe@example.com; SSN 219-09-9998 of DE89 3704 0044 0532 0130 00.'
const shownProse = 'Card **** **** **** 1111, mail [PII]; SSN [PII] of [PII].'
const fixtures: readonly (readonly [Block['type'], string, string])[] = [
  ['text', prose, shownProse],
  ['thinking', prose, shownProse],
  [
    'tool_use',
    String.raw`{"card":4111111111111111,"to":"jo.doe\u0040example.com","ssn":["219-09-9998"]}`,
    '{"card":"************1111","to":"[PII]","ssn":["[PII]"]}',
  ],
]

describe.each(fixtures)('%s', (type, text, expected) => {
  const masks = makeRealMasks()
  const maskPieces = (pieces: readonly string[]): string => {
    const events = toEvents({ block: { type, text }, pieces, isBegun: false }, 0)
    return readStream(maskStream(write(events), masks))[0]?.text ?? ''
  }

  it('is masked the same for every cut, and for every two', () => {
    const whole = maskPieces([text])
    expect(type === 'tool_use' ? JSON.stringify(JSON.parse(whole)) : whole).toBe(expected)
    const wrong: unknown[] = []
    for (let i = 0; i <= text.length; i += 1) {
      for (let k = i; k <= text.length; k += 1) {
        const masked = maskPieces([text.slice(0, i), text.slice(i, k), text.slice(k)])
        if (masked !== whole) wrong.push({ i, k, masked })
      }
    }
    expect(wrong).toStrictEqual([])
  }, 60_000)
})

it('is read by the SDK: blocks, inputs of calls, signatures', async () => {
  const sendings = fixtures.map(([type, text]): Sending => ({
    block: { type, text },
    pieces: cutInto(text, [7, 19, 23, 40, 41, 60]),
    isBegun: true,
  }))
  const stream = write([opening, ...sendings.flatMap(toEvents), ...closing])
  const client = new Anthropic({
    apiKey: 'none',
    fetch: () => Promise.resolve(new Response(maskStream(stream, makeRealMasks()), { headers: streamHead.headers })),
  })
  const { content } = await client.messages
    .stream({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] })
    .finalMessage()
  expect(content).toMatchObject([
    { type: 'text', text: shownProse },
    { type: 'thinking', thinking: shownProse, signature },
    { type: 'tool_use', name: 'pay', input: JSON.parse(fixtures[2]?.[2] ?? '') },
  ])
})

interface Said {
  readonly json?: Json
  readonly text?: string
}

interface Recorded {
  readonly request: { readonly path: string; readonly body?: Said }
  readonly answers?: readonly { readonly body: Said }[]
}

function load(name: string): Recorded {
  return parseYaml(readFileSync(new URL(`../golden/protocols/anthropic/${name}.in.yaml`, import.meta.url), 'utf8'))
}

const [connection] = makeSnapshot(
  makeBundle({ connections: [makeConnection({ protocol: 'Anthropic' })] }),
).connections.values()
if (connection === undefined) throw new Error('the connection did not compile')
const protocol = new Protocols().of(connection)
const secret = 'a secret of ann and nobody else'
const account = 4_111_411_141_114_111
const secretMasks = makeTextMasks({ [secret]: '[S]', [account]: '[N]' })
const ways = Object.entries(waysToSay(secret))

/** Undefined: it is refused. */
function sendMasked(path: string, body: Json): string | undefined {
  try {
    const head = { method: 'POST', path, query: '', headers: { 'content-type': 'application/json' } }
    const { mask } = protocol.plan(head).read(Buffer.from(JSON.stringify(body)))
    const sent = mask?.(secretMasks).body
    return sent && decode(sent)
  } catch (error) {
    if (error instanceof GatewayError) return undefined
    throw error
  }
}

/** Where the secret still stands after masking. `mask` gives nothing for what is refused. */
function findLeaks(given: Json, mask: (changed: Json) => string | undefined): { leaks: unknown[]; seen: number } {
  const leaks: unknown[] = []
  let seen = 0
  for (const place of listPlaces(given)) {
    for (const [way, change] of ways) {
      const masked = mask(put(given, place, change))
      if (masked?.includes(secret) === true) leaks.push({ place, way })
      if (masked !== undefined) seen += 1
    }
  }
  return { leaks, seen }
}

function maskAnswer(answer: Json): string {
  const masked = anthropicAnswer.maskWhole?.(wholeHead, encode(JSON.stringify(answer)), secretMasks)
  return masked instanceof Uint8Array ? decode(masked) : secret
}

describe('a secret', () => {
  it.each(['documents', 'tools', 'masked'])('does not reach the model server: %s', (name) => {
    const { path, body } = load(name).request
    const { leaks, seen } = findLeaks(body?.json ?? parseOrNull(body?.text ?? ''), (changed) =>
      sendMasked(path, changed),
    )
    expect(leaks).toStrictEqual([])
    expect(seen).toBeGreaterThan(100)
  })

  it.each(['messages', 'masked'])('does not reach the caller in a whole answer: %s', (name) => {
    const found = (load(name).answers ?? []).map(({ body }) => findLeaks(body.json ?? null, maskAnswer))
    expect(found.flatMap(({ leaks }) => leaks)).toStrictEqual([])
    expect(found.reduce((sum, { seen }) => sum + seen, 0)).toBeGreaterThan(100)
  })

  it.each(['stream', 'masked-stream'])('does not reach the caller in an event: %s', (name) => {
    const texts = (load(name).answers ?? []).map(({ body }) => body.text ?? '')
    const events = texts.flatMap((text) => [...text.matchAll(/^data: (\{.*\})$/gmu)].map(([, data = '']) => data))
    const found = events.map((data) => findLeaks(parseOrNull(data), maskEvent))
    expect(found.flatMap(({ leaks }) => leaks)).toStrictEqual([])
    expect(found.reduce((sum, { seen }) => sum + seen, 0)).toBeGreaterThan(1_000)
  })
})

it('keeps a number nowhere but where the protocol counts', () => {
  const { request, answers = [] } = load('masked')
  const sent = findKeptNumbers(request.body?.json ?? null, account, (changed) => sendMasked(request.path, changed))
  expect([...new Set(sent)].toSorted()).toStrictEqual([
    'budget_tokens',
    'document_index',
    'end_char_index',
    'max_tokens',
    'start_char_index',
    'temperature',
  ])
  const received = answers.flatMap(({ body }) => findKeptNumbers(body.json ?? null, account, maskAnswer))
  expect([...new Set(received)].toSorted()).toStrictEqual(['input_tokens', 'output_tokens'])
})

function maskEvent(event: Json): string | undefined {
  return tryStream(`data: ${JSON.stringify(event)}\n\n`)
}

function tryStream(text: string): string | undefined {
  try {
    return maskStream(text, secretMasks)
  } catch (error) {
    if (error instanceof AnswerUnreadable) return undefined
    throw error
  }
}

function parseOrNull(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
