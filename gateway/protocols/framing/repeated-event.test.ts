import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { doneMark, toChunk, toEvent } from '../../../test/helpers/openai-streams.ts'
import { makeTextMasks } from '../../../test/helpers/word-masks.ts'
import type { JsonObject } from '../../../policy/model.ts'
import { choicesMasking } from '../openai/masking/choices.ts'
import { openSseMask } from './sse-mask.ts'

const masks = makeTextMasks({ '4111': '[CARD]', Ada: '[NAME]', '\u00e9\u{1f600}': '"\n' })
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

function open(isSteady: boolean): ReturnType<typeof openSseMask> {
  const plans = choicesMasking.plans?.(masks)
  if (plans === undefined) throw new Error('choices do not stream')
  return openSseMask(masks, { ...plans, isSteady })
}

function run(events: readonly (string | Uint8Array)[], isSteady: boolean): readonly string[] {
  const mask = open(isSteady)
  const sent = events.map((event) => mask.push(typeof event === 'string' ? encoder.encode(event) : event))
  return [...sent, mask.end()].map((bytes) => decoder.decode(bytes))
}

/** How many of the events after the first need not be read. */
function countRepeated(events: readonly string[]): number {
  const mask = open(true)
  let count = 0
  for (const event of events.map((text) => encoder.encode(text))) {
    if (mask.again?.(event) === undefined) mask.push(event)
    else count += 1
  }
  return count
}

const text = fc.array(
  fc.constantFrom('a', '4', '1', '11', 'A', 'da', 'Ada', '\u00e9', '\u{1f600}', ' ', '"', '\\', '\n'),
)
const content = text.map((parts): JsonObject => ({ content: parts.join('') }))
const call = text.map((parts): JsonObject => ({ tool_calls: [{ index: 0, function: { arguments: parts.join('') } }] }))
const piece = fc.tuple(fc.constantFrom(0, 0, 0, 1), fc.oneof({ weight: 4, arbitrary: content }, call))
const event = fc.oneof(
  { weight: 12, arbitrary: piece.map(([index, delta]) => toChunk(index, delta)) },
  piece.map(([index, delta]) => toChunk(index, delta, 'stop')),
  piece.map(([index, delta]) => toChunk(index, delta).replaceAll('a', '\\u0061')),
  piece.map(([index, delta]) => toChunk(index, delta).replaceAll('\n', '\r\n')),
  piece.map(([index, delta]) => toChunk(index, { role: 'assistant', ...delta })),
  piece.map(([index, delta]) => toChunk(index, delta).replace('data: ', 'id: 4111\ndata: ')),
  piece.map(([index, delta]) => toChunk(index, delta).replace('"m"', '"Ada"')),
  piece.map(([index, delta]) => toChunk(index, delta).slice(0, -9)),
  fc.constantFrom(doneMark, ': alive\n\n', 'data: 41\n\n', 'data: {"error":{"message":"Ada"}}\n\n'),
)

describe('events that differ in their text alone', () => {
  it('are masked as if each were read', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 24 }), (events) => {
        expect(run(events, true)).toStrictEqual(run(events, false))
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    ['of a choice', ['a', 'b', '41', '11', 'c'].map((one) => toChunk(0, { content: one })), 4],
    ['after one with escapes', ['a', '"', 'b', 'c'].map((one) => toChunk(0, { content: one })), 2],
    ['of text that is not ASCII', ['\u00e9', '\u{1f600}', '\u00fc'].map((one) => toChunk(0, { content: one })), 2],
    ['of tool calls', ['a', 'b'].map((one) => toChunk(0, { tool_calls: [{ function: { arguments: one } }] })), 1],
  ])('need not be read, %s', (_title, events, count) => {
    expect(countRepeated(events)).toBe(count)
  })

  it.each([
    ['of choices in turn', [toChunk(0, { content: 'a' }), toChunk(1, { content: 'a' })]],
    ['where the first brought two texts', ['a', 'b'].map((one) => toChunk(0, { content: one, refusal: 'r' }))],
    ['where a mask changed more', ['a', 'b'].map((one) => toChunk(0, { content: one }).replace('"m"', '"Ada b"'))],
    [
      'with a field after the text',
      ['"a"', '"a","x":"Ada"'].map((one) => toChunk(0, { content: 'a' }).replace('"a"', one)),
    ],
    ['after the end of the text', [toChunk(0, { content: 'a' }), toChunk(0, {}, 'stop'), toChunk(0, { content: 'b' })]],
    ['that another way of writing lines was used in', [toChunk(0, { content: 'a' }), 'data: {}\r\n\r\n']],
    ['that are not whole', [toChunk(0, { content: 'a' }), toChunk(0, { content: 'b' }).slice(0, -1)]],
    ['that name themselves', ['a', 'b'].map((one) => `event: Ada\n${toChunk(0, { content: one })}`)],
  ])('are read, %s', (_title, events) => {
    expect(countRepeated(events)).toBe(0)
  })

  it('are read where their bytes are no text', () => {
    const bytes = encoder.encode(toChunk(0, { content: 'xy' }))
    bytes[bytes.indexOf(0x78)] = 0xff
    expect(() => run([toChunk(0, { content: 'a' }), bytes], true)).toThrow('UTF-8')
  })

  it('are read where the protocol numbers them', () => {
    const plans = choicesMasking.plans?.(masks)
    const mask = plans && openSseMask(masks, { ...plans, finish: (data) => data })
    const bytes = encoder.encode(toEvent({ choices: [{ index: 0, delta: { content: 'a' } }] }))
    mask?.push(bytes)
    expect(mask?.again?.(bytes)).toBeUndefined()
  })
})
