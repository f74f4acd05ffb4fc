import { describe, expect, it } from 'vitest'
import { keyedOf, makeMask } from '../../../test/helpers/masks.ts'
import { cutsNear, makeProtocol, maskStreamedAnswer, readRequest } from '../../../test/helpers/protocol-masks.ts'
import { maskWords } from '../../../test/helpers/word-masker.ts'
import { makeTextMasks } from '../../../test/helpers/word-masks.ts'
import { MaskEngines } from '../../../policy/masking/mask-engines.ts'
import { MaskRun } from '../../../policy/masking/mask-run.ts'
import { Pseudonyms } from '../../../policy/masking/pseudonyms.ts'
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import { isJsonObject } from '../json/strict-json.ts'
import { SseReader } from '../framing/sse.ts'
import type { Json } from '../../../policy/model.ts'

const declared = makeProtocol({
  protocol: 'HTTP',
  content: { mode: 'Declared', fields: [{ name: 'reply', phase: 'Response', pointer: '/say', kind: 'Text' }] },
})
const whole = makeProtocol({
  protocol: 'HTTP',
  content: { mode: 'Declared', fields: [{ name: 'all', phase: 'Response', body: 'Whole', kind: 'Text' }] },
})
const words = { '4111': '[CARD]', bob: '[NAME]' }
const masks = makeTextMasks(words)
const events = { status: 200, headers: { 'content-type': 'text/event-stream' } }
const lines = { status: 200, headers: { 'content-type': 'application/x-ndjson' } }

function stream(head: typeof events, pieces: readonly string[], by: TextMasks = masks, protocol = declared): string {
  const asked = readRequest(protocol, { method: 'GET', headers: {} }, new Uint8Array())
  return maskStreamedAnswer(asked, by, { head, pieces })
}

const isText = (value: Json | undefined): value is string => typeof value === 'string'

function sayOf(data: string): string {
  const said: Json = JSON.parse(data)
  return isJsonObject(said) && isText(said['say']) ? said['say'] : ''
}

function readData(sent: string): readonly string[] {
  const reader = new SseReader()
  return [...reader.push(Buffer.from(sent)), ...reader.end()].flatMap(({ data }) => data ?? [])
}

/** How a text is sent, and how a client puts it together. */
const roads = [
  [
    'values in events',
    events,
    (text: string) => `data: ${JSON.stringify({ say: text, n: 0.4111 })}\n\n`,
    (sent: string) => readData(sent).map(sayOf).join(''),
  ],
  ['plain text in events', events, (text: string) => `data: ${text}\n\n`, (sent: string) => readData(sent).join('')],
  [
    'strings in events',
    events,
    (text: string) => `data: ${JSON.stringify(text)}\n\n`,
    (sent: string) =>
      readData(sent)
        .map((data): string => JSON.parse(data))
        .join(''),
  ],
  [
    'values in lines',
    lines,
    (text: string) => `${JSON.stringify({ say: text })}\r\n`,
    (sent: string) =>
      sent
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map(sayOf)
        .join(''),
  ],
] as const

const text = 'pay 4111 to bob, 411 to bo and b, x4111 bobob'
const masked = maskWords(text, words)

describe.each(roads)('text as %s', (_title, head, send, receive) => {
  it('is masked alike however it is cut in two', () => {
    for (let cut = 1; cut < text.length; cut += 1) {
      const pieces = [text.slice(0, cut), text.slice(cut)]
      expect(receive(stream(head, pieces.map(send)))).toBe(masked)
    }
  })

  it('is masked alike however it is cut in three around what is found', () => {
    const cuts = cutsNear(text, Object.keys(words))
    const wrong = cuts.flatMap((first) =>
      cuts
        .filter((second) => second > first)
        .filter((second) => {
          const pieces = [text.slice(0, first), text.slice(first, second), text.slice(second)]
          return receive(stream(head, pieces.map(send))) !== masked
        }),
    )
    expect(wrong).toStrictEqual([])
  })

  it('is masked alike however its bytes arrive', () => {
    const bytes = ['pay 41', '11 to b', 'ob'].map(send).join('')
    const sent = stream(head, [bytes])
    for (let cut = 1; cut < bytes.length; cut += 1) {
      expect(stream(head, [bytes.slice(0, cut), bytes.slice(cut)])).toBe(sent)
    }
  })

  it('stays byte for byte where nothing is found', () => {
    const sent = ['x y', 'z!', '7.'].map(send).join('')
    expect(stream(head, [sent])).toBe(sent)
  })
})

describe('a stream', () => {
  it.each([
    ['without a blank after the colon', 'data:x y\n\n', 'data:x y\n\n'],
    ['with a text of several lines', 'data: call\ndata: bob.\n\n', 'data: call\ndata: [NAME].\n\n'],
    ['with what only begins like JSON', 'data: {bob\n\ndata: }\n\n', 'data: {[NAME]\n\ndata: }\n\n'],
    ['with numbers that are pieces of text', 'data: 41\n\ndata: 11\n\n', 'data: \n\ndata: [CARD]\n\n'],
    ['with a mark at its end', 'data: bo\n\ndata: [DONE]\n\n', 'data: \n\ndata: bo\n\ndata: [DONE]\n\n'],
    ['with a name that is a text', 'event: bob\ndata: x.\n\n', 'event: [NAME]\ndata: x.\n\n'],
    ['that breaks off', 'data: bo', 'data: \n\ndata: bo\n\n'],
    ['whose server names a piece as we do', 'data: ["text of the stream","bob"]\n\n', 'data: [NAME]\n\n'],
  ])('%s', (_title, sent, arrives) => {
    expect(stream(events, [sent])).toBe(arrives)
  })

  it.each([
    ['in the last value', '{"say":"x bo"}\n{"say":"","done":true}\n', '{"say":"x "}\n{"say":"bo","done":true}\n'],
    ['before the last value', '{"say":"x bo"}\n{"done":true}\n', '{"say":"x "}\n{"say":"bo"}\n{"done":true}\n'],
    ['before an error', '{"say":"x bo"}\n{"error":"bob"}\n', '{"say":"x "}\n{"say":"bo"}\n{"error":"[NAME]"}\n'],
    ['at the end', '{"say":"x bo"}\n', '{"say":"x "}\n{"say":"bo"}\n'],
    ['of text without JSON', 'x bo\n\n', 'x \n\nbo\n'],
    ['where the last line has no end', '{"say":"bob"}\n{"say":"bo"}', '{"say":"[NAME]"}\n{"say":""}\n{"say":"bo"}\n'],
    ['with line ends in its values', '{"say":\r"bob"}\n', '{"say": "[NAME]"}\n'],
  ])('of lines says what it holds %s', (_title, sent, arrives) => {
    expect(stream(lines, [sent])).toBe(arrives)
  })

  it('tells texts of names apart that are told to nobody', () => {
    const told: string[] = []
    const watching: TextMasks = {
      ...masks,
      start: (at) => {
        told.push(at.path())
        return masks.start(at)
      },
    }
    const sent = stream(events, ['data: {"a@b":"bo","c d":"41"}\n\n', 'data: {"a@b":"b.","c d":"11."}\n\n'], watching)
    expect(readData(sent).at(-1)).toBe('{"a@b":"[NAME].","c d":"[CARD]."}')
    expect(told.join(' ')).not.toMatch(/a@b|c d/u)
  })
})

const keyed = keyedOf('a')

function startRun(...fields: readonly string[]): MaskRun {
  const plan = new MaskEngines().of([makeMask({ fields, label: 'FIELD' })], new Map())
  return new MaskRun({ masks: plan, keyed, pseudonyms: new Pseudonyms(keyed), restores: false })
}

describe('a mask about a field', () => {
  it('stands for its whole text, over all values', () => {
    const sent = ['it', ' is', ' so'].map((say) => `data: ${JSON.stringify({ say, other: 'x' })}\n\n`)
    const arrived = readData(stream(events, sent, startRun('reply')))
    expect(arrived.map(sayOf).join('')).toBe('[FIELD]')
    expect(arrived[0]).toBe('{"say":"","other":"x"}')
  })

  it('that is the whole answer stands for each of its texts', () => {
    const sent = stream(events, ['data: any\n\n', 'data: thing\n\n', 'data: [DONE]\n\n'], startRun('all'), whole)
    expect(readData(sent)).toStrictEqual(['', '', '[FIELD]', '[DONE]'])
  })
})
