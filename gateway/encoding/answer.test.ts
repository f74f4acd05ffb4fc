import { brotliCompressSync, constants, createGzip, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { RecordedReply } from '../../test/helpers/upstream-call.ts'
import type { AnswerReader } from '../answer/reading.ts'
import type { GatewayError } from '../errors.ts'
import { DecodedAnswer } from './answer.ts'

class RecordedReader extends RecordedReply implements AnswerReader {
  failed: GatewayError | undefined

  readonly fail = (error: GatewayError): void => {
    this.failed = error
  }
}

const mebibyte = 1024 * 1024
const text = Buffer.from('Once upon a time there was an answer. '.repeat(400))

interface Sent {
  readonly coding?: string
  readonly pieces: readonly Uint8Array[]
  readonly maxBytes?: number
}

/** Sends as a transfer does; resolves when the reader has the end or a failure. */
async function send({ coding, pieces, maxBytes = mebibyte }: Sent): Promise<RecordedReader> {
  const reader = new RecordedReader()
  const decoded = new DecodedAnswer(reader, maxBytes)
  decoded.head(200, { 'content-length': '7', ...(coding === undefined ? {} : { 'content-encoding': coding }) })
  for (const piece of pieces) {
    if (!decoded.write(piece)) await new Promise<void>((resume) => decoded.onDrain(resume))
  }
  decoded.end()
  await vi.waitFor(() => expect(reader.ended || reader.failed !== undefined).toBe(true))
  return reader
}

const codings: readonly (readonly [string, (bytes: Uint8Array) => Buffer])[] = [
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
]

describe.each(codings)('an answer in %s', (coding, compress) => {
  it('reaches its reader decoded and without that header, in whatever pieces it came', async () => {
    const compressed = compress(text)
    const wholly = await send({ coding, pieces: [compressed] })
    expect([wholly.headers, wholly.text === text.toString()]).toEqual([{}, true])
    const bytewise = await send({ coding, pieces: Array.from(compressed, (_, i) => compressed.subarray(i, i + 1)) })
    expect(bytewise.text === text.toString()).toBe(true)
  })

  it('that ends too early, goes on too long or is something else fails', async () => {
    const compressed = compress(text)
    const wrong = [[compressed.subarray(0, -1)], [compressed, Buffer.from('more')], [Buffer.from('something else')]]
    for (const pieces of wrong) {
      const reader = await send({ coding, pieces })
      expect([reader.failed?.code, reader.ended]).toEqual(['upstream_failed', false])
    }
  })

  it('never becomes more than the connection takes', async () => {
    const bomb = compress(Buffer.alloc(8 * mebibyte))
    const reader = await send({ coding, pieces: [bomb] })
    expect(reader.failed?.code).toBe('response_too_large')
    expect(reader.bytes).toBeLessThanOrEqual(mebibyte)
  })

  it('without a body has none', async () => {
    expect(await send({ coding, pieces: [] })).toMatchObject({ ended: true, failed: undefined })
  })
})

it.each([undefined, 'identity', 'compress', 'gzip, gzip'])('an answer in %s passes as it is', async (coding) => {
  const reader = await send({ ...(coding === undefined ? {} : { coding }), pieces: [text] })
  expect(reader.text === text.toString()).toBe(true)
  expect(reader.headers).toEqual({
    'content-length': '7',
    ...(coding === undefined ? {} : { 'content-encoding': coding }),
  })
})

it('each event of a compressed stream reaches its reader before the next one is made', async () => {
  const reader = new RecordedReader()
  const decoded = new DecodedAnswer(reader, mebibyte)
  decoded.head(200, { 'content-encoding': 'gzip' })
  const model = createGzip({ flush: constants.Z_SYNC_FLUSH })
  model.on('data', (piece: Buffer) => decoded.write(piece))
  for (let event = 1; event <= 5; event += 1) {
    model.write(`data: ${event}\n\n`)
    await vi.waitFor(() => expect(reader.text.endsWith(`data: ${event}\n\n`)).toBe(true))
  }
})

it('a slow reader pauses what is decoded, and through it the model server', async () => {
  const reader = new RecordedReader()
  reader.slow = true
  const decoded = new DecodedAnswer(reader, 64 * mebibyte)
  decoded.head(200, { 'content-encoding': 'gzip' })
  const compressed = gzipSync(Buffer.alloc(32 * mebibyte, 'ab'), { level: 0 })
  let taken = 0
  while (taken < compressed.length && decoded.write(compressed.subarray(taken, taken + 65_536))) taken += 65_536
  let drained = false
  decoded.onDrain(() => {
    drained = true
  })
  await vi.waitFor(() => expect(reader.bytes).toBeGreaterThan(0))
  expect(taken).toBeLessThan(mebibyte)
  expect(reader.bytes).toBeLessThan(mebibyte)
  reader.slow = false
  reader.drain()
  await vi.waitFor(() => expect(drained).toBe(true))
})

it('one that was given up on is not waited for', async () => {
  const reader = new RecordedReader()
  const decoded = new DecodedAnswer(reader, mebibyte)
  decoded.head(200, { 'content-encoding': 'gzip' })
  decoded.write(gzipSync(text))
  decoded.destroy()
  expect([reader.destroyed, decoded.write(text)]).toEqual([true, true])
  let resumed = false
  decoded.onDrain(() => {
    resumed = true
  })
  decoded.end()
  expect([resumed, reader.ended, reader.bytes]).toEqual([true, false, 0])
})
