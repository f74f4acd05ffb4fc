// Compressed requests: what is judged is what is sent, and nothing else is sent.
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { attack } from './classes.ts'
import { expectHeld, expectPassed } from './held.ts'
import { ask } from './shapes.ts'
import type { Attempt, World } from './world.ts'
import { barred, forbidden, harmless, masked, startWorld } from './world.ts'

const maxRequestBytes = 4096

let world: World

beforeAll(async () => {
  world = await startWorld({ chat: { spec: { limits: { maxRequestBytes } } }, large: {} })
})

afterAll(async () => world[Symbol.asyncDispose]())

type Pack = (text: string | Buffer) => Buffer

const packs: Readonly<Record<string, Pack>> = {
  gzip: (text) => gzipSync(text),
  'x-gzip': (text) => gzipSync(text),
  deflate: (text) => deflateSync(text),
  br: (text) => brotliCompressSync(text),
  zstd: (text) => zstdCompressSync(text),
}
const codings = Object.entries(packs)

const textOf = (word: string): string => String(ask('OpenAI', word).body)
const packed = (coding: string, body: Buffer): Attempt => ({
  ...ask('OpenAI', ''),
  headers: { 'content-encoding': coding },
  body,
})

/** Refused, and the same body packed well passes. */
async function expectRefused(odd: Attempt, codes: readonly string[], connection = 'chat'): Promise<void> {
  expectPassed(await world.send(connection, packed('gzip', gzipSync(textOf(harmless)))))
  expectHeld(await world.send(connection, odd), codes)
}

const told = (word: string): Attempt => ({ ...ask('OpenAI', word), headers: { content_encoding: 'gzip' } })

attack('compressed bodies', 'every protocol', () => {
  it.each(codings)('%s is judged and sent on as what it holds', async (coding, pack) => {
    const passed = await world.send('chat', packed(coding, pack(textOf(harmless))))
    expectPassed(passed)
    expect(passed.reached[0]?.body.toString()).toBe(textOf(harmless))
    expect(passed.reached[0]?.headers['content-encoding']).toBeUndefined()
    expect(passed.reached[0]?.headers['content-length']).toBe(String(textOf(harmless).length))
    expectHeld(await world.send('chat', packed(coding, pack(textOf(forbidden)))))
  })

  it.each(codings)('%s is masked as what it holds', async (coding, pack) => {
    const hidden = await world.send(masked('chat'), packed(coding, pack(textOf(forbidden))))
    expectPassed(hidden)
    expect(hidden.reached[0]?.body.toString()).toBe(textOf(harmless))
    expect(hidden.reached[0]?.headers['content-encoding']).toBeUndefined()
    expectHeld(await world.send(barred('chat'), packed(coding, pack(textOf(forbidden)))))
  })

  it.each(codings)('%s in chunks', async (coding, pack) => {
    const send = async (word: string): Promise<Awaited<ReturnType<World['sendRaw']>>> => {
      const body = pack(textOf(word)).toString('latin1')
      const head = `POST /team-a/chat/v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer TOKEN\r\n`
      const more = `content-type: application/json\r\ncontent-encoding: ${coding}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n`
      const bytes = `${head}${more}\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
      return world.sendRaw(Buffer.from(bytes, 'latin1'))
    }
    expectPassed(await send(harmless))
    expectHeld(await send(forbidden))
  })

  it.each(codings)('%s that ends too early', async (coding, pack) => {
    await expectRefused(packed(coding, pack(textOf(forbidden)).subarray(0, -5)), ['body_malformed'])
  })

  it.each(codings)('%s with more behind it', async (coding, pack) => {
    const body = Buffer.concat([pack(textOf(harmless)), Buffer.from(textOf(forbidden))])
    await expectRefused(packed(coding, body), ['body_malformed'])
  })

  it.each(codings)('%s, one of them behind another', async (coding, pack) => {
    const body = Buffer.concat([pack(textOf(harmless)), pack(textOf(forbidden))])
    await expectRefused(packed(coding, body), ['body_malformed'])
  })

  it.each(codings)('%s that holds nothing', async (coding, pack) => {
    await expectRefused(packed(coding, pack('')), ['body_malformed'])
  })

  it.each(codings)('a bomb in %s', async (coding, pack) => {
    const body = pack(Buffer.alloc(16 * 1024 * 1024, ' '))
    await expectRefused(packed(coding, body), ['body_too_large'])
    await expectRefused(packed(coding, body), ['body_too_large'], 'large')
  })

  it.each(codings)('%s that is one byte too large once it is unpacked', async (coding, pack) => {
    const sized = (bytes: number): Buffer => {
      const empty = textOf(` ${harmless}`).length
      return pack(textOf(`${'x'.repeat(bytes - empty)} ${harmless}`))
    }
    expectPassed(await world.send('chat', packed(coding, sized(maxRequestBytes))))
    await expectRefused(packed(coding, sized(maxRequestBytes + 1)), ['body_too_large'])
  })

  it.each<[string, Attempt, readonly string[]]>([
    ['packed twice', packed('gzip, gzip', gzipSync(gzipSync(textOf(forbidden)))), ['content_encoding_unsupported']],
    ['packed twice, told once', packed('gzip', gzipSync(gzipSync(textOf(forbidden)))), ['body_malformed']],
    [
      'packed in two ways',
      packed('gzip, br', brotliCompressSync(gzipSync(textOf(forbidden)))),
      ['content_encoding_unsupported'],
    ],
    [
      'packed in nothing and something',
      packed('identity, gzip', gzipSync(textOf(forbidden))),
      ['content_encoding_unsupported'],
    ],
    ['packed in something else than it says', packed('br', gzipSync(textOf(forbidden))), ['body_malformed']],
    ['packed in nothing, but says so', packed('gzip', Buffer.from(textOf(forbidden))), ['body_malformed']],
    ['packed, but does not say so', { ...ask('OpenAI', ''), body: gzipSync(textOf(forbidden)) }, ['body_malformed']],
    ['packed without its wrapping', packed('deflate', deflateRawSync(textOf(forbidden))), ['body_malformed']],
    ['packed in what nobody knows', packed('rot13', Buffer.from(textOf(forbidden))), ['content_encoding_unsupported']],
    [
      'packed in what is no longer used',
      packed('compress', gzipSync(textOf(forbidden))),
      ['content_encoding_unsupported'],
    ],
    ['packed in anything', packed('*', gzipSync(textOf(forbidden))), ['content_encoding_unsupported']],
    ['with a parameter', packed('gzip;q=1', gzipSync(textOf(forbidden))), ['content_encoding_unsupported']],
    ['with a dictionary', packed('dcb', brotliCompressSync(textOf(forbidden))), ['content_encoding_unsupported']],
    [
      'with a large window',
      packed('zstd', zstdCompressSync(textOf(forbidden), { params: { [constants.ZSTD_c_windowLog]: 27 } })),
      ['body_malformed', 'policy_denied'],
    ],
  ])('%s', async (_title, odd, codes) => {
    await expectRefused(odd, codes)
  })

  it('in capitals and between blanks', async () => {
    expectPassed(await world.send('chat', packed('  GZip ', gzipSync(textOf(harmless)))))
    expectHeld(await world.send('chat', packed('  GZip ', gzipSync(textOf(forbidden)))))
  })

  it('told twice', async () => {
    const odd = { ...packed('gzip', gzipSync(textOf(forbidden))) }
    await expectRefused({ ...odd, headers: { ...odd.headers, 'Content-Encoding': 'identity' } }, ['bad_request'])
  })

  it('told with an underscore alone is not told at all', async () => {
    const passed = await world.send('chat', told(harmless))
    expectPassed(passed)
    expect(JSON.stringify(passed.reached[0]?.headers)).not.toContain('gzip')
    expectHeld(await world.send('chat', told(forbidden)))
  })
})
