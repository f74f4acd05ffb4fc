// A stream reaches the caller byte for byte, however the network cuts what the model sends: between chunks, inside of them,
// inside of their very lengths.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { startGateway } from '../helpers/gateway.ts'
import { makeConnection } from '../helpers/make.ts'
import { startRawUpstream } from '../helpers/upstream-server.ts'
import { runs } from './runs.ts'

const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'

function encode(pieces: readonly Uint8Array[]): Buffer {
  const chunks = pieces
    .filter(({ length }) => length > 0)
    .flatMap((piece) => [`${piece.length.toString(16)}\r\n`, piece, '\r\n'])
  return Buffer.concat([head, ...chunks, '0\r\n\r\n'].map((bytes) => Buffer.from(bytes)))
}

const text = fc.constantFrom('Hel', 'lo', 'ü', '😀', '\\n', '"', 'data:', ' ', '\u2028')
const event = fc.oneof(
  text.map((word) => Buffer.from(`data: {"choices":[{"delta":{"content":"${word}"}}]}\n\n`)),
  fc.constant(Buffer.from(': keep-alive\r\n\r\n')),
  fc.uint8Array({ maxLength: 40 }),
)
const stream = fc.array(event, { maxLength: 12 })
const cuts = fc.array(fc.nat(), { maxLength: 12 })

it('passes a stream byte for byte for every cutting', async () => {
  let wire: readonly Buffer[] = []
  await using upstream = await startRawUpstream((socket, bytes) => {
    if (!bytes.toString('latin1').startsWith('POST')) return
    socket.setNoDelay(true)
    // The next case may have begun before the last turn of this one.
    const mine = wire
    const sendNext = (i: number): void => {
      const piece = mine[i]
      if (piece === undefined || socket.destroyed) return
      socket.write(piece)
      setImmediate(sendNext, i + 1)
    }
    sendNext(0)
  })
  const endpoints = [{ name: 'm', origin: upstream.origin, basePath: '', weight: 1, place: 'External' as const }]
  await using gw = await startGateway({ connections: [makeConnection({}, { endpoints })] })
  await fc.assert(
    fc.asyncProperty(stream, cuts, async (pieces, places) => {
      const bytes = encode(pieces)
      const ends = [...new Set(places.map((place) => place % bytes.length))].toSorted((a, b) => a - b)
      wire = [0, ...ends]
        .map((start, i) => bytes.subarray(start, ends[i] ?? bytes.length))
        .filter(({ length }) => length > 0)
      const response = await fetch(`${gw.origin}/team-a/chat/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${gw.token}`, 'content-type': 'application/json' },
        body: '{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}',
      })
      const received = Buffer.from(await response.arrayBuffer())
      expect(received.equals(Buffer.concat(pieces))).toBe(true)
    }),
    runs,
  )
}, 600_000)
