import { describe, expect, it } from 'vitest'
import { startWords } from '../../../test/helpers/word-masker.ts'
import { nest } from '../../../policy/masking/framing/json-text.ts'
import { fields, keep, type Start } from '../../../policy/masking/framing/place.ts'
import type { TextMasks } from '../../../policy/masking/text-masks.ts'
import { isJsonObject } from '../json/strict-json.ts'
import { openSseMask, type SsePlans } from './sse-mask.ts'

const start: Start = nest(() => startWords({ '4111': '[CARD]', bob: '[NAME]' }))
const masks: TextMasks = { start, over: (root) => root, field: () => start }

/** A protocol in small: `{say: piece, to: channel, end: true}`. */
const plans: SsePlans = {
  marks: new Set(['[DONE]']),
  plan: ({ said }, set) => {
    const to = isJsonObject(said) ? (said['to'] ?? '') : ''
    const channel = { choice: typeof to === 'string' ? to : JSON.stringify(to), name: 'say' }
    return {
      places: fields({ say: set.piece(channel), all: set.whole(channel), to: keep, end: keep }, set.other),
      ends: isJsonObject(said) && said['end'] === true ? [{ choice: channel.choice }] : [],
    }
  },
}

function run(events: readonly string[], of: SsePlans = plans): readonly string[] {
  const mask = openSseMask(masks, of)
  const texts = events.map((event) => toText(mask.push(new TextEncoder().encode(event))))
  return [...texts, toText(mask.end())]
}

function toText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

describe('the data of an event', () => {
  it('is masked over the events that bring its text', () => {
    expect(run(['data: {"say":"a 41"}\n\n', 'data: {"say":"11 c"}\n\n'])).toStrictEqual([
      'data: {"say":"a "}\n\n',
      'data: {"say":"[CARD] c"}\n\n',
      '',
    ])
  })

  it('is the same bytes where nothing is found', () => {
    const event = 'event:x\r\nid: 7\r\ndata:{"say" : "\\u0041"}\r\nretry:10\r\n\r\n'
    expect(run([event])).toStrictEqual([event, ''])
  })

  it('comes after what was held of a text that ends with it', () => {
    expect(run(['event: e\nid: 1\ndata: {"to":1,"say":"x 41"}\n\n', 'data: {"to":1,"end":true}\n\n'])).toStrictEqual([
      'event: e\nid: 1\ndata: {"to":1,"say":"x "}\n\n',
      'event: e\ndata: {"to":1,"say":"41"}\n\ndata: {"to":1,"end":true}\n\n',
      '',
    ])
  })

  it('repeats a text as its pieces were masked', () => {
    const [first = '', second = ''] = run([
      'data: {"say":"my 41"}\n\n',
      'data: {"say":"11.","end":true,"all":"my 4111."}\n\n',
    ])
    expect(first + second).toBe('data: {"say":"my "}\n\ndata: {"say":"[CARD].","end":true,"all":"my [CARD]."}\n\n')
  })

  it('ends every text where it is a mark', () => {
    expect(run(['data: {"say":"41"}\n\n', 'data: [DONE]\n\n'])).toStrictEqual([
      'data: {"say":""}\n\n',
      'data: {"say":"41"}\n\ndata: [DONE]\n\n',
      '',
    ])
  })

  it.each([
    ['no JSON', 'data: hello bob\n\n', 'data: hello [NAME]\n\n'],
    ['half of JSON', 'data: {"say":"bob\n\n', 'data: {"say":"[NAME]\n\n'],
    ['JSON in lines', 'data: {"x":\ndata: "bob"}\n\n', 'data: {"x":\ndata: "[NAME]"}\n\n'],
    ['an unknown field', 'data: {"bob":4111}\n\n', 'data: {"[NAME]":"[CARD]"}\n\n'],
    ['a mark of nobody', 'data: [bob]\n\n', 'data: [[NAME]]\n\n'],
  ])('is masked as text: %s', (_title, event, masked) => {
    expect(run([event])).toStrictEqual([masked, ''])
  })
})

describe('what stands beside the data', () => {
  it.each([
    ['comments', ': bob is here\n\n', ':\n\n'],
    ['a comment in an event', ': bob\r\ndata: {}\r\n\r\n', ':\r\ndata: {}\r\n\r\n'],
    ['lines that are no field', 'data: {}\nerror: bob\nbob\n\n', 'data: {}\n\n'],
    ['a field with a byte order mark', '\n\n\ufeffdata: bob\n\n', '\n\n\n'],
    ['a time that is none', 'retry: 4111411141114111\ndata: {}\n\n', 'data: {}\n\n'],
    ['its name', 'event: bob\ndata: {}\n\n', 'event: [NAME]\ndata: {}\n\n'],
    ['its id', 'id:4111\ndata: {}\n\n', 'id:[CARD]\ndata: {}\n\n'],
    ['nothing at all', '\r\n', '\r\n'],
  ])('tells nothing: %s', (_title, event, masked) => {
    expect(run([event])).toStrictEqual([masked, ''])
  })

  it('loses the byte order mark of the stream alone', () => {
    expect(run(['\ufeffdata: {"say":"bob"}\n\n'])).toStrictEqual(['data: {"say":"[NAME]"}\n\n', ''])
  })
})

describe('a stream', () => {
  it('that breaks off gives what it held as an event', () => {
    expect(run(['data: {"say":"41"}'])).toStrictEqual(['data: {"say":""}', '\n\ndata: {"say":"41"}\n\n'])
  })

  it('may have several events at once', () => {
    const [sent] = run(['data: {"say":"bo"}\n\ndata: {"say":"b"}\n\ndata: [DONE]\n\n'])
    expect(sent).toBe('data: {"say":""}\n\ndata: {"say":"[NAME]"}\n\ndata: [DONE]\n\n')
  })

  it('writes held text as the protocol says, and finishes every event', () => {
    let number = 0
    const own: SsePlans = {
      ...plans,
      write: ({ channel, held }) => ({ event: 'held', data: JSON.stringify({ to: channel.choice, say: held }) }),
      finish: (data, origin) => `{"n":${(number += 1)},"${origin}":${data}}`,
    }
    const sent = run(
      ['data: {"to":7,"say":"41"}\n\n', 'data: {"to":7,"end":true}\n\n', 'data: {"to":7,"say":"b"}\n\n'],
      own,
    )
    expect(sent).toStrictEqual([
      'data: {"n":1,"Came":{"to":7,"say":""}}\n\n',
      'event: held\ndata: {"n":2,"Made":{"to":"7","say":"41"}}\n\ndata: {"n":3,"Came":{"to":7,"end":true}}\n\n',
      'data: {"n":4,"Came":{"to":7,"say":""}}\n\n',
      'event: held\ndata: {"n":5,"Made":{"to":"7","say":"b"}}\n\n',
    ])
  })

  it('tells where a text stands', () => {
    const told: string[] = []
    const watching: TextMasks = {
      ...masks,
      start: (at) => {
        told.push(`${at.key} ${at.path()}`)
        return start(at)
      },
    }
    const mask = openSseMask(watching, plans)
    mask.push(new TextEncoder().encode('data: {"to":"choices/0","say":"x"}\n\n'))
    expect(told).toStrictEqual(['say /choices/0/say'])
  })
})
