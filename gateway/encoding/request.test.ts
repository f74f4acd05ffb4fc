import { randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import {
  brotliCompressSync,
  constants,
  createZstdCompress,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runs } from '../../test/fuzz/runs.ts'
import { GatewayError } from '../errors.ts'
import type { Coding } from './codings.ts'
import { decodeBody, freeExpansionBytes, maxExpansion, readCoding, withoutCoding } from './request.ts'

const limit = 10 * 1024 * 1024
const codings: Record<Coding, (bytes: Uint8Array) => Buffer> = {
  gzip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
}
const all = Object.entries(codings).map(([coding, compress]) => ({ coding: readCoding(coding), compress }))
const prompt = Buffer.from(JSON.stringify({ prompt: 'Once upon a time there was a prompt. '.repeat(40) }))

async function codeOf(coding: Coding | 'identity', body: Uint8Array, maxBytes = limit): Promise<string> {
  if (coding === 'identity') return 'not compressed'
  return decodeBody(coding, body, maxBytes).then(
    () => 'decoded',
    (error: unknown) => (error instanceof GatewayError ? error.code : 'thrown'),
  )
}

describe.each(all)('$coding', ({ coding, compress }) => {
  if (coding === 'identity') throw new Error('identity is no coding')

  it('is decoded to the very bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
        const decoded = await decodeBody(coding, compress(bytes), limit)
        expect(Buffer.compare(decoded, bytes)).toBe(0)
      }),
      { ...runs, numRuns: 50 },
    )
  })

  it('is refused when it is cut anywhere', async () => {
    const whole = compress(prompt)
    for (let length = 0; length < whole.length; length += 1) {
      expect([length, await codeOf(coding, whole.subarray(0, length))]).toEqual([length, 'body_malformed'])
    }
  })

  it.each([
    ['one byte', Buffer.from('x')],
    ['zeros', Buffer.alloc(20)],
    ['a long tail', Buffer.alloc(100_000, 'tail')],
  ])('is refused with %s after its end', async (_title, tail) => {
    expect(await codeOf(coding, Buffer.concat([compress(prompt), tail]))).toBe('body_malformed')
  })

  it('never gives more than the connection takes', async () => {
    const body = randomBytes(5000)
    expect(await codeOf(coding, compress(body), 5000)).toBe('decoded')
    expect(await codeOf(coding, compress(body), 4999)).toBe('body_too_large')
  })

  it('is refused when it grows too much, and small bodies may grow freely', async () => {
    const bomb = compress(Buffer.alloc(limit, 'a'))
    expect(bomb.length * maxExpansion).toBeLessThan(limit)
    expect(await codeOf(coding, bomb, limit)).toBe('body_too_large')
    expect(await codeOf(coding, compress(Buffer.alloc(freeExpansionBytes, 'a')), limit)).toBe('decoded')
  })

  it('is not any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        expect(['decoded', 'body_malformed', 'body_too_large']).toContain(await codeOf(coding, bytes))
      }),
      { ...runs, numRuns: 200 },
    )
  })
})

it('deflate without the wrapping of zlib is refused', async () => {
  expect(await codeOf('deflate', deflateRawSync(prompt))).toBe('body_malformed')
})

async function compressWithWindow(windowLog: number): Promise<Buffer> {
  const stream = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: windowLog } })
  // In two pieces, so that the size is not known and the window stays as asked for.
  stream.write('a')
  stream.end('b')
  return buffer(stream)
}

it('zstd that asks for more memory than HTTP allows is refused', async () => {
  expect(await codeOf('zstd', await compressWithWindow(23))).toBe('decoded')
  expect(await codeOf('zstd', await compressWithWindow(24))).toBe('body_malformed')
})

it('decoding a large body leaves the event loop free', async () => {
  let turns = 0
  let decoding = true
  const turn = (): void => {
    turns += 1
    if (decoding) setImmediate(turn)
  }
  turn()
  await decodeBody('gzip', gzipSync(randomBytes(limit - 1), { level: 1 }), limit)
  decoding = false
  expect(turns).toBeGreaterThan(20)
})

describe('the header', () => {
  it.each([
    [undefined, 'identity'],
    ['identity', 'identity'],
    ['GZip', 'gzip'],
    ['x-gzip', 'gzip'],
    [' deflate', 'deflate'],
    ['br', 'br'],
    ['zstd', 'zstd'],
  ])('%s is %s', (header, coding) => expect(readCoding(header)).toBe(coding))

  it.each(['compress', 'gzip, gzip', 'gzip,br', 'identity, gzip', 'aws-chunked', 'constructor', '*'])(
    '%s is refused',
    (header) =>
      expect(() => readCoding(header)).toThrow(expect.objectContaining({ code: 'content_encoding_unsupported' })),
  )

  it('does not go on, in either spelling', () => {
    const plain = ['content-type', 'content-encoding', 'x-a', '1']
    expect(withoutCoding(plain)).toBe(plain)
    expect(withoutCoding(['a', '1', 'Content-Encoding', 'gzip', 'content_encoding', 'br', 'b', '2'])).toEqual([
      'a',
      '1',
      'b',
      '2',
    ])
  })
})
