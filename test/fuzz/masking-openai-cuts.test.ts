import { describe, expect, it } from 'vitest'
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
import { nowhere } from '../../policy/masking/framing/place.ts'
import type { Json, JsonObject } from '../../policy/model.ts'
import type { AnswerFormat } from '../../gateway/protocols/protocol.ts'
import { chatAnswer } from '../../gateway/protocols/openai/chat-answer.ts'
import { completionAnswer } from '../../gateway/protocols/openai/completion-answer.ts'
import { toResponseAnswer } from '../../gateway/protocols/openai/response-answer.ts'

const masks = makeTextMasks({ '4111': '[CARD]', Ada: '[NAME]', '😀!': '[JOY]' })

function mask(text: string): string {
  const masker = masks.start(nowhere)
  return masker.push(text) + masker.end()
}

/** One kind of text in a stream: how its pieces are sent, and every place where the caller reads it. */
interface Kind {
  readonly title: string
  readonly format: AnswerFormat
  readonly text: string
  readonly send: (pieces: readonly string[]) => readonly string[]
  readonly read: (sent: string) => readonly string[]
}

const plain = 'AAda 44111 "4111"\n\\ 😀!😀 Ad'
const call = '{"n": 4111, "s": ["A\\u0064a"], "d": "{\\"n\\":4111}"}'

function inDelta(title: string, toDelta: (piece: string) => JsonObject, steps: readonly (string | number)[]): Kind {
  return {
    title,
    format: chatAnswer,
    text: title.endsWith('arguments') ? call : plain,
    send: (pieces) => [
      toChunk(0, { role: 'assistant' }),
      ...pieces.map((piece) => toChunk(0, toDelta(piece))),
      toChunk(0, {}, 'stop'),
      doneMark,
    ],
    read: (sent) => {
      const choices = choicesOf(sent, 0)
      expect(choices.at(-1)?.['finish_reason']).toBe('stop')
      return [joinTexts(choices.map((choice) => at(choice, 'delta', ...steps)))]
    },
  }
}

const toCall = (piece: string): JsonObject => ({ tool_calls: [{ index: 0, function: { arguments: piece } }] })

/** One item of Responses, with every event that tells its text. */
interface Item {
  readonly name: string
  readonly field: string
  readonly text: string
  /** The item with this text. */
  readonly item: (text: string) => JsonObject
  readonly steps: readonly (string | number)[]
  readonly part?: readonly [list: string, part: string, index: string]
}

function inItem({ name, field, text, item, steps, part }: Item): Kind {
  const [list = '', partName = '', indexName = 'output_index'] = part ?? []
  const place = { output_index: 0, item_id: 'x', [indexName]: 0 }
  const partOf = (whole: string): Json => at(item(whole), list, 0) ?? null
  const send = (pieces: readonly string[]): readonly JsonObject[] => [
    { type: 'response.output_item.added', output_index: 0, item: item('') },
    ...(part === undefined ? [] : [{ ...place, type: `${partName}.added`, part: partOf('') }]),
    ...pieces.map((delta) => ({ ...place, type: `${name}.delta`, delta })),
    { ...place, type: `${name}.done`, [field]: text },
    ...(part === undefined ? [] : [{ ...place, type: `${partName}.done`, part: partOf(text) }]),
    { type: 'response.output_item.done', output_index: 0, item: item(text) },
    { type: 'response.completed', response: { id: 'resp_1', status: 'completed', output: [item(text)] } },
  ]
  return {
    title: name,
    format: toResponseAnswer({}),
    text,
    send: (pieces) => send(pieces).map((event, i) => toEvent({ ...event, sequence_number: i })),
    read: (sent) => {
      const events = parseEvents(sent)
      expect(events.map((event) => event['sequence_number'])).toStrictEqual(events.map((_, i) => i))
      const of = (type: string, ...inner: readonly (string | number)[]): string =>
        joinTexts(events.filter((event) => event['type'] === type).map((event) => at(event, ...inner)))
      return [
        of(`${name}.delta`, 'delta'),
        of(`${name}.done`, field),
        ...(part === undefined ? [] : [of(`${partName}.done`, 'part', field)]),
        of('response.output_item.done', 'item', ...steps),
        of('response.completed', 'response', 'output', 0, ...steps),
      ]
    },
  }
}

const contentPart = ['content', 'response.content_part', 'content_index'] as const
const summaryPart = ['summary', 'response.reasoning_summary_part', 'summary_index'] as const

const kinds: readonly Kind[] = [
  inDelta('content', (content) => ({ content }), ['content']),
  inDelta('refusal', (refusal) => ({ refusal }), ['refusal']),
  inDelta('reasoning', (piece) => ({ reasoning_content: piece }), ['reasoning_content']),
  inDelta('a transcript', (transcript) => ({ audio: { id: 'a', transcript } }), ['audio', 'transcript']),
  inDelta('a part of content', (text) => ({ content: [{ type: 'text', text }] }), ['content', 0, 'text']),
  inDelta('a field of a vendor', (piece) => ({ x_vendor: { a: [piece] } }), ['x_vendor', 'a', 0]),
  inDelta('arguments', toCall, ['tool_calls', 0, 'function', 'arguments']),
  inDelta('legacy arguments', (piece) => ({ function_call: { arguments: piece } }), ['function_call', 'arguments']),
  {
    title: 'text of a completion',
    format: completionAnswer,
    text: plain,
    send: (pieces) => [
      ...pieces.map((text) => toEvent({ choices: [{ index: 0, text, finish_reason: null }] })),
      toEvent({ choices: [{ index: 0, text: '', finish_reason: 'stop' }] }),
    ],
    read: (sent) => [joinTexts(choicesOf(sent, 0).map((choice) => choice['text']))],
  },
  inItem({
    name: 'response.output_text',
    field: 'text',
    text: plain,
    item: (text) => ({ id: 'x', type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] }),
    steps: ['content', 0, 'text'],
    part: contentPart,
  }),
  inItem({
    name: 'response.refusal',
    field: 'refusal',
    text: plain,
    item: (refusal) => ({ id: 'x', type: 'message', role: 'assistant', content: [{ type: 'refusal', refusal }] }),
    steps: ['content', 0, 'refusal'],
    part: contentPart,
  }),
  inItem({
    name: 'response.reasoning_summary_text',
    field: 'text',
    text: plain,
    item: (text) => ({ id: 'x', type: 'reasoning', summary: [{ type: 'summary_text', text }] }),
    steps: ['summary', 0, 'text'],
    part: summaryPart,
  }),
  inItem({
    name: 'response.function_call_arguments',
    field: 'arguments',
    text: call,
    item: (text) => ({ id: 'x', type: 'function_call', call_id: 'c', name: 'f', arguments: text }),
    steps: ['arguments'],
  }),
  inItem({
    name: 'response.custom_tool_call_input',
    field: 'input',
    text: plain,
    item: (input) => ({ id: 'x', type: 'custom_tool_call', call_id: 'c', name: 'f', input }),
    steps: ['input'],
  }),
  inItem({
    name: 'response.code_interpreter_call_code',
    field: 'code',
    text: plain,
    item: (code) => ({ id: 'x', type: 'code_interpreter_call', container_id: 'c', code, outputs: null }),
    steps: ['code'],
  }),
]

describe.for(kinds)('$title', ({ format, text, send, read }) => {
  const whole = mask(text)

  const expectMasked = (pieces: readonly string[]): void => {
    const sent = maskStream(format, masks, send(pieces))
    const texts = read(sent)
    if (texts.some((one) => one !== whole))
      expect({ pieces, texts }).toStrictEqual({ pieces, texts: texts.map(() => whole) })
  }

  it('[OA10] is masked alike for every cut', () => {
    expect(whole).not.toContain('Ada')
    for (let cut = 0; cut <= text.length; cut += 1) expectMasked([text.slice(0, cut), text.slice(cut)])
  })

  it('[OA10] is masked alike for every two cuts', () => {
    for (let one = 0; one <= text.length; one += 1) {
      for (let two = one; two <= text.length; two += 1) {
        expectMasked([text.slice(0, one), text.slice(one, two), text.slice(two)])
      }
    }
  })

  it('[OA10] is masked alike unit by unit', () => expectMasked(text.split('')))
})

describe('text after the end of its choice', () => {
  it.each([
    [
      'is left out, for it would join what was said',
      [toChunk(0, { content: 'A' }), toChunk(0, {}, 'stop'), toChunk(0, { content: 'da' })],
      'A',
    ],
    [
      'is left out after the mark as well',
      [toChunk(0, { content: 'A' }), doneMark, toChunk(0, { content: 'da' })],
      'A',
    ],
    ['may come with the end', [toChunk(0, { content: 'A' }), toChunk(0, { content: 'da' }, 'stop')], '[NAME]'],
  ])('[OA10] %s', (_title, events, said) => {
    const sent = maskStream(chatAnswer, masks, events)
    expect(joinTexts(choicesOf(sent, 0).map((choice) => at(choice, 'delta', 'content')))).toBe(said)
  })

  it('[OA10] is left out of Responses', () => {
    const place = { output_index: 0, content_index: 0, item_id: 'x' }
    const sent = maskStream(toResponseAnswer({}), masks, [
      toEvent({ ...place, type: 'response.output_text.delta', delta: 'A' }),
      toEvent({ ...place, type: 'response.output_text.done', text: 'A' }),
      toEvent({ ...place, type: 'response.output_text.delta', delta: 'da' }),
    ])
    expect(parseEvents(sent).map(({ delta, text }) => delta ?? text)).toStrictEqual(['', 'A', 'A', ''])
  })

  it('[OA10] is no text of another choice', () => {
    const sent = maskStream(chatAnswer, masks, [
      toChunk(0, { content: 'A' }, 'stop'),
      toChunk(1, { content: 'Ada' }, 'stop'),
    ])
    expect(choicesOf(sent, 1).map((choice) => at(choice, 'delta', 'content'))).toStrictEqual(['[NAME]'])
  })
})
