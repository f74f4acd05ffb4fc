import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AnswerUnreadable } from '../protocol.ts'
import type { SseEvent } from './sse.ts'
import { SseReader } from './sse.ts'

function readAll(pieces: readonly Uint8Array[]): readonly SseEvent[] {
  const reader = new SseReader()
  return [...pieces.flatMap((piece) => [...reader.push(piece)]), ...reader.end()]
}

function read(text: string): readonly (readonly [raw: string, event: string, data: string | undefined])[] {
  return readAll([Buffer.from(text)]).map(({ raw, event, data }) => [Buffer.from(raw).toString(), event, data])
}

describe('server-sent events', () => {
  it.each([
    ['LF', 'data: a\n\ndata: b\n\n', ['data: a\n\n', 'data: b\n\n']],
    ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n', ['data: a\r\n\r\n', 'data: b\r\n\r\n']],
    ['CR', 'data: a\r\rdata: b\r\r', ['data: a\r\r', 'data: b\r\r']],
    ['a mixture', 'data: a\n\r\ndata: b\r\n\n', ['data: a\n\r\n', 'data: b\r\n\n']],
  ])('end at a blank line, lines in %s', (_title, text, raws) => {
    expect(read(text).map(([raw]) => raw)).toEqual(raws)
    expect(read(text).map(([, , data]) => data)).toEqual(['a', 'b'])
  })

  it.each([
    ['a name', 'event: ping\ndata: {}\n\n', 'ping', '{}'],
    ['no blank after the colon', 'data:x\n\n', '', 'x'],
    ['one blank too many, which is data', 'data:  x\n\n', '', ' x'],
    ['several lines', 'data: a\ndata\ndata: b\n\n', '', 'a\n\nb'],
    ['fields nobody asked for', 'id: 7\nretry: 1\nfoo: x\ndata: a\n\n', '', 'a'],
    ['a name in capitals, which is none', 'Data: a\n\n', '', undefined],
    ['a comment alone', ': OPENROUTER PROCESSING\n\n', '', undefined],
    ['a byte order mark at the beginning', '\ufeffdata: a\n\n', '', 'a'],
  ])('with %s', (_title, text, event, data) => {
    expect(read(text)).toEqual([[text, event, data]])
  })

  it.each([
    ['plain ones', ': hi there\nid: 7\nevent: ping\nretry: 10\ndata: a\n\n', undefined],
    ['a field that nobody knows', 'foo: x\ndata: a\n\n', ['foo: x']],
    ['a line without a colon', 'hi\ndata: a\n\n', ['hi']],
    ['data behind a blank, with its escapes', ' data: {"a":"\\u0062"}\n\n', [' data: {"a":"\\u0062"}', '{"a":"b"}']],
    ['names and ids that are sentences', 'id: see this\nevent: and that\n\n', ['id: see this', 'event: and that']],
  ])('show what a careless reader would take for more than it is: %s', (_title, text, others) => {
    expect(readAll([Buffer.from(text)])[0]?.others).toEqual(others)
  })

  it('that does not end is the last one', () => {
    expect(read('data: a\n\ndata: b')).toEqual([
      ['data: a\n\n', '', 'a'],
      ['data: b', '', 'b'],
    ])
  })

  it('are the same however the bytes were cut', () => {
    const line = fc.constantFrom('data: é😀', 'event: x', ':', 'data', '', '', 'id:1')
    const end = fc.constantFrom('\n', '\r\n', '\r')
    const stream = fc.array(fc.tuple(line, end).map(([text, mark]) => text + mark)).map((lines) => lines.join(''))
    fc.assert(
      fc.property(stream, fc.array(fc.nat()), (text, at) => {
        const bytes = Buffer.from(text)
        const cuts = [0, ...at.map((one) => one % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
        const pieces = cuts.slice(1).map((cut, i) => bytes.subarray(cuts[i], cut))
        const events = readAll(pieces)
        expect(events).toEqual(readAll([bytes]).map((event) => ({ ...event, raw: expect.anything() })))
        expect(Buffer.concat(events.map(({ raw }) => raw)).equals(bytes)).toBe(true)
      }),
    )
  })

  it('that are not UTF-8 or without end are refused', () => {
    expect(() => new SseReader().push(Buffer.from('data: \xff\n\n', 'latin1'))).toThrow(AnswerUnreadable)
    const endless = new SseReader()
    const piece = new Uint8Array(1024 * 1024).fill(97)
    expect(() => {
      for (let i = 0; i < 9; i += 1) endless.push(piece)
    }).toThrow('too large')
  })

  it('in many small pieces cost what one costs', () => {
    const reader = new SseReader()
    const one = new Uint8Array([97])
    for (let i = 0; i < 300_000; i += 1) reader.push(one)
    expect(reader.end()[0]?.raw.length).toBe(300_000)
  })
})
