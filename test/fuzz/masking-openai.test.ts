// Answers of OpenAI's API under a mask, as mixed as streams are: several choices in turns, each with several texts, cut anywhere. What
// the pieces tell together is what the whole is masked to, every other telling of it agrees, and OpenAI's own SDK reads all of it.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import OpenAI from 'openai'
import { expect, it } from 'vitest'
import { chatAnswer } from '../../gateway/protocols/openai/chat-answer.ts'
import { toResponseAnswer } from '../../gateway/protocols/openai/response-answer.ts'
import { compileEngine } from '../../policy/masking/engine.ts'
import { nest } from '../../policy/masking/framing/json-text.ts'
import { nowhere, type Start } from '../../policy/masking/framing/place.ts'
import { allDetectors } from '../../policy/masking/packs.ts'
import type { TextMasks } from '../../policy/masking/text-masks.ts'
import type { Json, JsonObject } from '../../policy/model.ts'
import {
  at,
  choicesOf,
  doneMark,
  joinTexts,
  maskStream,
  parseEvents,
  toChunk,
  toEvent,
} from '../helpers/openai-streams.ts'
import { makeTextMasks } from '../helpers/word-masks.ts'
import { numRuns, runs } from './runs.ts'

const masks = makeTextMasks({ '4111': '[CARD]', 'a"b': '[Q]', '😀!': '[JOY]', Ada: '[NAME]', xy: '' })

function mask(text: string, { start }: TextMasks = masks): string {
  const masker = start(nowhere)
  return masker.push(text) + masker.end()
}

const parts = ['4111', '41', '11', 'a"b', 'a', '"', 'b', '😀!', '😀', '!', 'Ada', 'Ad', 'A', 'xy', 'x', ' ', '\n', '\\']
const plain = fc.array(fc.constantFrom(...parts), { maxLength: 10 }).map((all) => all.join(''))
const inner = fc.oneof(plain, fc.constantFrom(4111, 41, true, null), fc.array(plain, { maxLength: 2 }))
const call = fc.dictionary(plain, inner, { maxKeys: 3 }).map((object) => JSON.stringify(object))

interface Cut {
  readonly text: string
  readonly pieces: readonly string[]
}

function cutOf(text: fc.Arbitrary<string>): fc.Arbitrary<Cut> {
  return fc.tuple(text, fc.array(fc.nat(120), { maxLength: 5 })).map(([whole, cuts]) => {
    const ends = [...cuts.filter((cut) => cut < whole.length), whole.length].toSorted((a, b) => a - b)
    return { text: whole, pieces: ends.map((end, i) => whole.slice(ends[i - 1] ?? 0, end)) }
  })
}

const turnsOf = fc.array(fc.nat(30), { minLength: 1, maxLength: 30 })

/** Every list in its own order, all of them mixed. */
function inTurns<One>(lists: readonly (readonly One[])[], turns: readonly number[]): readonly One[] {
  const left = lists.map((list) => [...list])
  const mixed: One[] = []
  for (let turn = 0; left.some((list) => list.length > 0); turn += 1) {
    const open = left.filter((list) => list.length > 0)
    const next = open[(turns[turn % turns.length] ?? turn) % open.length]?.shift()
    if (next !== undefined) mixed.push(next)
  }
  return mixed
}

/** What a choice says, and in which order its pieces come. */
interface Choice {
  readonly content: Cut
  readonly refusal: Cut
  readonly reasoning: Cut
  readonly calls: readonly Cut[]
  readonly turns: readonly number[]
}

const choiceOf: fc.Arbitrary<Choice> = fc.record({
  content: cutOf(plain),
  refusal: cutOf(plain),
  reasoning: cutOf(plain),
  calls: fc.array(cutOf(call), { maxLength: 2 }),
  turns: turnsOf,
})

const texts = ['content', 'refusal', 'reasoning'] as const

function toChunks(index: number, choice: Choice): readonly string[] {
  const said = texts.map((name) => choice[name].pieces.map((piece) => ({ [name]: piece })))
  const called = choice.calls.map(({ pieces }, i) => [
    { tool_calls: [{ index: i, id: `call_${i}`, type: 'function', function: { name: 'f', arguments: '' } }] },
    ...pieces.map((piece) => ({ tool_calls: [{ index: i, function: { arguments: piece } }] })),
  ])
  const deltas: readonly JsonObject[] = inTurns<JsonObject>([...said, ...called], choice.turns)
  return [
    toChunk(index, { role: 'assistant' }),
    ...deltas.map((delta) => toChunk(index, delta)),
    toChunk(index, {}, called.length > 0 ? 'tool_calls' : 'stop'),
  ]
}

function argumentsOf(choices: readonly JsonObject[], index: number): string {
  const calls = choices.flatMap((choice) => {
    const list = at(choice, 'delta', 'tool_calls')
    return Array.isArray(list) ? list.filter((one: Json) => at(one, 'index') === index) : []
  })
  return joinTexts(calls.map((one: Json) => at(one, 'function', 'arguments')))
}

function expectChoice(sent: string, index: number, choice: Choice): void {
  const chunks = choicesOf(sent, index)
  expect(chunks.at(-1)?.['finish_reason']).toBe(choice.calls.length > 0 ? 'tool_calls' : 'stop')
  for (const name of texts) {
    expect(joinTexts(chunks.map((chunk) => at(chunk, 'delta', name)))).toBe(mask(choice[name].text))
  }
  choice.calls.forEach(({ text }, i) => {
    const masked = argumentsOf(chunks, i)
    expect(masked).toBe(mask(text))
    expect(() => JSON.parse(masked)).not.toThrow()
  })
}

const choicesOfAnswer = fc.array(choiceOf, { minLength: 1, maxLength: 4 })

it('a chat completion is masked alike for every cutting and every order', () => {
  fc.assert(
    fc.property(choicesOfAnswer, turnsOf, (choices, turns) => {
      const events = inTurns(
        choices.map((choice, i) => toChunks(i, choice)),
        turns,
      )
      const sent = maskStream(chatAnswer, masks, [...events, doneMark])
      choices.forEach((choice, i) => expectChoice(sent, i, choice))
    }),
    runs,
  )
})

type ItemKind = 'message' | 'refusing' | 'reasoning' | 'function_call' | 'custom_tool_call'

/** An item of Responses: its text in its events, and in all that repeats it. */
interface Told {
  readonly events: readonly JsonObject[]
  readonly whole: JsonObject
  readonly steps: readonly (string | number)[]
}

interface Item {
  readonly kind: ItemKind
  readonly cut: Cut
}

const itemOf: fc.Arbitrary<Item> = fc.oneof(
  fc.record({
    kind: fc.constantFrom<ItemKind>('message', 'refusing', 'reasoning', 'custom_tool_call'),
    cut: cutOf(plain),
  }),
  fc.record({ kind: fc.constant<ItemKind>('function_call'), cut: cutOf(call) }),
)

interface KindPlan {
  readonly event: string
  readonly field: string
  readonly toItem: (text: string) => JsonObject
  readonly steps: readonly (string | number)[]
  readonly place: JsonObject
}

const plans: Readonly<Record<ItemKind, KindPlan>> = {
  message: {
    event: 'response.output_text',
    field: 'text',
    toItem: (text) => ({
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text, annotations: [] }],
    }),
    steps: ['content', 0, 'text'],
    place: { content_index: 0 },
  },
  refusing: {
    event: 'response.refusal',
    field: 'refusal',
    toItem: (refusal) => ({
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'refusal', refusal }],
    }),
    steps: ['content', 0, 'refusal'],
    place: { content_index: 0 },
  },
  reasoning: {
    event: 'response.reasoning_summary_text',
    field: 'text',
    toItem: (text) => ({ type: 'reasoning', summary: [{ type: 'summary_text', text }] }),
    steps: ['summary', 0, 'text'],
    place: { summary_index: 0 },
  },
  function_call: {
    event: 'response.function_call_arguments',
    field: 'arguments',
    toItem: (text) => ({ type: 'function_call', name: 'f', arguments: text }),
    steps: ['arguments'],
    place: {},
  },
  custom_tool_call: {
    event: 'response.custom_tool_call_input',
    field: 'input',
    toItem: (input) => ({ type: 'custom_tool_call', name: 'f', input }),
    steps: ['input'],
    place: {},
  },
}

function toTold({ kind, cut }: Item, index: number): Told {
  const { event, field, toItem, steps, place } = plans[kind]
  const id = `item_${index}`
  const about = { output_index: index, item_id: id, ...place }
  const named = { id, ...(kind.endsWith('_call') && { call_id: `call_${index}` }) }
  const whole = { ...named, ...toItem(cut.text) }
  const begun = { ...named, ...toItem('') }
  const list = at(begun, 'content') === undefined ? 'summary' : 'content'
  const part = list === 'content' ? 'response.content_part' : 'response.reasoning_summary_part'
  const hasParts = steps.length > 1
  const empty = hasParts ? { ...begun, [list]: [] } : begun
  return {
    whole,
    steps,
    events: [
      { type: 'response.output_item.added', output_index: index, item: empty },
      ...(hasParts ? [{ type: `${part}.added`, ...about, part: at(begun, list, 0) ?? null }] : []),
      ...cut.pieces.map((delta) => ({ type: `${event}.delta`, ...about, delta })),
      { type: `${event}.done`, ...about, [field]: cut.text },
      ...(hasParts ? [{ type: `${part}.done`, ...about, part: at(whole, list, 0) ?? null }] : []),
      { type: 'response.output_item.done', output_index: index, item: whole },
    ],
  }
}

const response = { id: 'resp_1', object: 'response', created_at: 1, model: 'm', error: null, tools: [], metadata: {} }

function toStream(told: readonly Told[], turns: readonly number[]): readonly string[] {
  const begins = { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } }
  const ends = {
    type: 'response.completed',
    response: { ...response, status: 'completed', output: told.map(({ whole }) => whole) },
  }
  const events = [
    begins,
    ...inTurns(
      told.map((one) => one.events),
      turns,
    ),
    ends,
  ]
  return events.map((event, i) => toEvent({ ...event, sequence_number: i }))
}

function expectItem(events: readonly JsonObject[], { steps }: Told, { kind, cut }: Item, index: number): void {
  const masked = mask(cut.text)
  const { event, field } = plans[kind]
  const own = events.filter((one) => one['output_index'] === index)
  const of = (type: string): readonly JsonObject[] => own.filter((one) => one['type'] === type)
  expect(joinTexts(of(`${event}.delta`).map((one) => one['delta']))).toBe(masked)
  expect(of(`${event}.done`).map((one) => one[field])).toStrictEqual([masked])
  expect(of('response.output_item.done').map((one) => at(one, 'item', ...steps))).toStrictEqual([masked])
  expect(at(events.at(-1), 'response', 'output', index, ...steps)).toBe(masked)
}

const itemsOf = fc.array(itemOf, { minLength: 1, maxLength: 4 })

it('a response is masked alike for every cutting and every order, and its wholes as its pieces', () => {
  fc.assert(
    fc.property(itemsOf, turnsOf, (items, turns) => {
      const told = items.map(toTold)
      const events = parseEvents(maskStream(toResponseAnswer({}), masks, toStream(told, turns)))
      expect(events.map((event) => event['sequence_number'])).toStrictEqual(events.map((_, i) => i))
      told.forEach((one, i) => {
        const item = items[i]
        if (item !== undefined) expectItem(events, one, item, i)
      })
    }),
    runs,
  )
})

function makeClient(sent: string): OpenAI {
  const headers = { 'content-type': 'text/event-stream' }
  return new OpenAI({
    apiKey: 'none',
    baseURL: 'http://model.test/v1',
    maxRetries: 0,
    fetch: async () => new Response(sent, { headers }),
  })
}

it("OpenAI's SDK reads a masked chat completion", async () => {
  await fc.assert(
    fc.asyncProperty(choicesOfAnswer, turnsOf, async (choices, turns) => {
      const events = inTurns(
        choices.map((choice, i) => toChunks(i, choice)),
        turns,
      )
      const sent = maskStream(chatAnswer, masks, [...events, doneMark])
      const stream = makeClient(sent).chat.completions.stream({
        model: 'm',
        messages: [{ role: 'user', content: 'x' }],
      })
      const { choices: read } = await stream.finalChatCompletion()
      read.forEach(({ index, message }) => {
        const choice = choices[index]
        assert(choice !== undefined)
        expect(message.content ?? '').toBe(mask(choice.content.text))
        const inputs = (message.tool_calls ?? []).map((one) => (one.type === 'function' ? one.function.arguments : ''))
        expect(inputs).toStrictEqual(choice.calls.map(({ text }) => mask(text)))
      })
    }),
    { ...runs, numRuns: Math.ceil(numRuns / 10) },
  )
})

it("OpenAI's SDK reads a masked response", async () => {
  await fc.assert(
    fc.asyncProperty(itemsOf, async (items) => {
      const told = items.map(toTold)
      const sent = maskStream(toResponseAnswer({}), masks, toStream(told, [0]))
      const read = await makeClient(sent).responses.stream({ model: 'm', input: 'x' }).finalResponse()
      const output: Json = JSON.parse(JSON.stringify(read.output))
      expect(told.map(({ steps }, i) => at(output, i, ...steps))).toStrictEqual(items.map(({ cut }) => mask(cut.text)))
    }),
    { ...runs, numRuns: Math.ceil(numRuns / 10) },
  )
})

it('the real engine masks alike for every cutting', () => {
  const engine = compileEngine(allDetectors)
  assert(!('problems' in engine))
  const start: Start = nest(() => engine.start(({ detector }) => `<${detector}>`))
  const real: TextMasks = { start, over: (root) => root, field: () => start }
  const said = [
    'mail jo@example.com now',
    'card 4111 1111 1111 1111',
    'ssn 123-45-6789',
    'Bearer abc',
    '. ',
    'and ',
    '41',
    'jo@',
    '\n',
  ]
  const prose = fc.array(fc.constantFrom(...said), { maxLength: 5 }).map((all) => all.join(''))
  fc.assert(
    fc.property(cutOf(prose), ({ text, pieces }) => {
      const events = [...pieces.map((content) => toChunk(0, { content })), toChunk(0, {}, 'stop'), doneMark]
      const sent = maskStream(chatAnswer, real, events)
      expect(joinTexts(choicesOf(sent, 0).map((choice) => at(choice, 'delta', 'content')))).toBe(mask(text, real))
    }),
    runs,
  )
})
