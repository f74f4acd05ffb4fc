import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../errors.ts'
import { describeMedia, readMedia, toMedia } from './media.ts'

const bytes = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))))
const be32 = (value: number): number[] => [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
const le32 = (value: number): number[] => be32(value).toReversed()
const be16 = (value: number): number[] => be32(value).slice(2)
const le16 = (value: number): number[] => be16(value).toReversed()
const le24 = (value: number): number[] => le32(value).slice(0, 3)

const chunk = (type: string, content: readonly number[]): Uint8Array =>
  bytes(be32(content.length), type, content, [0, 0, 0, 0])
const ihdr = (width: number, height: number): Uint8Array =>
  chunk('IHDR', [...be32(width), ...be32(height), 8, 2, 0, 0, 0])
const png = (width: number, height: number): Uint8Array =>
  Buffer.concat([bytes('\x89PNG\r\n\x1a\n'), ihdr(width, height), chunk('IDAT', [...deflateSync('x')])])
const sof = (width: number, height: number): number[] => [
  0xff,
  0xc0,
  0,
  11,
  8,
  ...be16(height),
  ...be16(width),
  1,
  1,
  0x11,
  0,
]
const scan = [0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 1, 2, 0xff, 0xd9]
const thumbnail = bytes('Exif\0\0', [0xff, 0xd8], sof(160, 120), [0xff, 0xd9])
const exif = [0xff, 0xe1, ...be16(thumbnail.length + 2), ...thumbnail]
const gif = (width: number, height: number, frame: readonly number[] = []): Uint8Array =>
  bytes('GIF89a', le16(width), le16(height), [0, 0, 0], frame, [0x3b])
const gifFrame = (left: number, top: number, width: number, height: number): number[] => [
  0x21,
  0xf9,
  4,
  0,
  0,
  0,
  0,
  0,
  0x2c,
  ...le16(left),
  ...le16(top),
  ...le16(width),
  ...le16(height),
  0,
  2,
  1,
  7,
  0,
]
const webp = (type: string, content: readonly number[]): Uint8Array =>
  bytes('RIFF', le32(content.length + 12), 'WEBP', type, le32(content.length), content)
const bmp = (width: number, height: number): Uint8Array =>
  bytes('BM', le32(58), [0, 0, 0, 0], le32(54), le32(40), le32(width), le32(height), [1, 0, 24, 0])
const tiff = (width: number, height: number, next = 0): Uint8Array =>
  bytes(
    'II*\0',
    le32(8),
    le16(2),
    le16(256),
    le16(3),
    le32(1),
    le16(width),
    [0, 0],
    le16(257),
    le16(4),
    le32(1),
    le32(height),
    le32(next),
  )
const box = (type: string, ...content: readonly Uint8Array[]): Uint8Array => {
  const inner = Buffer.concat(content)
  return Buffer.concat([bytes(be32(inner.length + 8), type), inner])
}
const ispe = (width: number, height: number): Uint8Array => box('ispe', bytes([0, 0, 0, 0], be32(width), be32(height)))
const still = (brand: string, ...sizes: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat([
    box('ftyp', bytes(brand, [0, 0, 0, 0], 'mif1')),
    box('meta', bytes([0, 0, 0, 0]), box('hdlr', bytes('x')), box('iprp', box('ipco', ...sizes))),
  ])

describe('what bytes say they are', () => {
  it.each<[string, Uint8Array, string, readonly [number, number]]>([
    ['PNG', png(640, 480), 'image/png', [640, 480]],
    ['JPEG', bytes([0xff, 0xd8], sof(640, 480), scan), 'image/jpeg', [640, 480]],
    [
      'progressive JPEG after fill bytes',
      bytes([0xff, 0xd8, 0xff, 0xff, 0xc2], sof(7, 9).slice(2), scan),
      'image/jpeg',
      [7, 9],
    ],
    ['GIF', gif(3, 5), 'image/gif', [3, 5]],
    [
      'WebP, lossy',
      webp('VP8 ', [0, 0, 0, 0x9d, 1, 0x2a, ...le16(320), ...le16(200 | 0x4000)]),
      'image/webp',
      [320, 200],
    ],
    ['WebP, lossless', webp('VP8L', [0x2f, ...le32(99 | (49 << 14))]), 'image/webp', [100, 50]],
    ['WebP, extended', webp('VP8X', [0, 0, 0, 0, ...le24(1999), ...le24(999)]), 'image/webp', [2000, 1000]],
    ['BMP', bmp(12, 34), 'image/bmp', [12, 34]],
    ['BMP from the top', bmp(12, -34), 'image/bmp', [12, 34]],
    ['BMP of OS/2', bytes('BM', le32(0), le32(0), le32(26), le32(12), le16(5), le16(6)), 'image/bmp', [5, 6]],
    ['TIFF', tiff(31, 17), 'image/tiff', [31, 17]],
    ['AVIF', still('avif', ispe(800, 600)), 'image/avif', [800, 600]],
    [
      'HEIC, its tiles and its thumbnail',
      still('heic', ispe(512, 512), ispe(4032, 3024), ispe(320, 240)),
      'image/heic',
      [4032, 3024],
    ],
    ['WAV', bytes('RIFF', le32(36), 'WAVEfmt '), 'audio/wav', [0, 0]],
    ['MP3 with tags', bytes('ID3', [4, 0, 0]), 'audio/mpeg', [0, 0]],
    ['MP3 without tags', bytes([0xff, 0xfb, 0x90, 0x64]), 'audio/mpeg', [0, 0]],
    ['FLAC', bytes('fLaC'), 'audio/flac', [0, 0]],
    ['Ogg', bytes('OggS'), 'audio/ogg', [0, 0]],
    ['MP4', box('ftyp', bytes('isom', [0, 0, 2, 0], 'isommp42')), 'video/mp4', [0, 0]],
    ['M4A', box('ftyp', bytes('M4A ', [0, 0, 2, 0], 'isom')), 'audio/mp4', [0, 0]],
    ['Matroska', bytes([0x1a, 0x45, 0xdf, 0xa3]), 'video/webm', [0, 0]],
    ['PDF', bytes('%PDF-1.7'), 'application/pdf', [0, 0]],
    ['ZIP', bytes('PK\x03\x04'), 'application/zip', [0, 0]],
    ['gzip', bytes([0x1f, 0x8b, 8]), 'application/gzip', [0, 0]],
    ['nothing', bytes(''), '', [0, 0]],
    ['a sentence', bytes('BMW is a maker of cars'), '', [0, 0]],
    ['another sentence', bytes('MM, that is good'), '', [0, 0]],
  ])('%s', (_title, given, sniffedType, [width, height]) => {
    expect(describeMedia(given)).toEqual({ sniffedType, width, height })
  })

  it.each<[string, Uint8Array, number, number]>([
    [
      'a second header of a PNG',
      Buffer.concat([png(1, 1).subarray(0, 33), ihdr(50_000, 2), chunk('IDAT', [])]),
      50_000,
      2,
    ],
    ['a second frame header of a JPEG', bytes([0xff, 0xd8], sof(1, 1), sof(9000, 8000), scan), 9000, 8000],
    ['a frame beyond the canvas of a GIF', gif(1, 1, gifFrame(10, 20, 30_000, 40_000)), 30_010, 40_020],
    ['a second page of a TIFF', Buffer.concat([tiff(1, 1, 38), tiff(6000, 7000).subarray(8)]), 6000, 7000],
  ])('the larger size counts: %s', (_title, given, width, height) => {
    expect(describeMedia(given)).toMatchObject({ width, height })
  })

  it('tables of a JPEG are no frame, and chunks of WebP of odd length are padded', () => {
    const tables = [0xc4, 0xc8, 0xcc].flatMap((marker) => [0xff, marker, 0, 9, 8, 0xff, 0xff, 0xff, 0xff, 1, 1])
    expect(describeMedia(bytes([0xff, 0xd8], tables, sof(40, 30), scan))).toMatchObject({ width: 40, height: 30 })
    const odd = Buffer.concat([webp('ICCP', [1, 2, 3]), bytes([0], 'VP8L', le32(5), [0x2f, ...le32(99 | (49 << 14))])])
    expect(describeMedia(odd)).toMatchObject({ width: 100, height: 50 })
  })

  it('a thumbnail inside a segment is not the image', () => {
    expect(describeMedia(bytes([0xff, 0xd8], exif, sof(4000, 3000), scan))).toMatchObject({ width: 4000, height: 3000 })
  })

  it.each<[string, Uint8Array]>([
    ['a PNG that ends in its header', png(640, 480).subarray(0, 18)],
    ['a PNG whose chunk has a size of four gigabytes', bytes('\x89PNG\r\n\x1a\n', be32(0xffffffff), 'tEXt')],
    [
      'a JPEG whose segments have no size',
      bytes([0xff, 0xd8], ...Array.from({ length: 30_000 }, () => [0xff, 0xe1, 0, 0])),
    ],
    ['a TIFF whose pages are a circle', tiff(1, 1, 8)],
    ['a TIFF that points past its end', bytes('II*\0', le32(0xfffffff0))],
    [
      'an AVIF of boxes without a size',
      bytes(be32(16), 'ftypavif', be32(0), be32(0), 'meta', ...Array.from({ length: 9_000 }, () => be32(0))),
    ],
    ['an AVIF of very many boxes', Buffer.concat([still('avif'), ...Array.from({ length: 5_000 }, () => box('free'))])],
    [
      'a HEIC whose box is wider than any file',
      Buffer.concat([still('heic').subarray(0, 20), bytes(be32(1), 'meta', be32(0xffffffff), be32(0xffffffff))]),
    ],
  ])('a size that cannot be known is none: %s', (_title, given) => {
    expect(describeMedia(given)).toMatchObject({ width: 0, height: 0 })
  })

  it('says something about any bytes, and never throws', () => {
    const starts = [
      png(1, 1),
      gif(1, 1),
      bmp(1, 1),
      tiff(1, 1),
      still('avif', ispe(1, 1)),
      webp('VP8X', []),
      bytes([0xff, 0xd8], exif),
    ]
    fc.assert(
      fc.property(fc.constantFrom(...starts), fc.nat(64), fc.uint8Array({ maxLength: 200 }), (start, cut, rest) => {
        const { width, height } = describeMedia(Buffer.concat([start.subarray(0, cut), rest]))
        expect(Number.isSafeInteger(width) && width >= 0 && Number.isSafeInteger(height) && height >= 0).toBe(true)
      }),
    )
  })
})

describe('a URL as media', () => {
  const base64 = Buffer.from(png(640, 480)).toString('base64')

  it('of data is decoded and looked at', () => {
    expect(toMedia('image', `data:image/PNG;base64,${base64}`)).toEqual({
      name: 'image',
      type: 'image/png',
      sniffedType: 'image/png',
      bytes: png(640, 480).length,
      width: 640,
      height: 480,
      url: '',
    })
  })

  it('is told by its bytes, whatever it says it is', () => {
    expect(toMedia('image', `DATA:text/plain;charset=utf-8;base64,${base64}`)).toMatchObject({
      type: 'text/plain',
      sniffedType: 'image/png',
    })
  })

  it('of data without base64 is decoded as well, and its text is told', () => {
    expect(readMedia('note', 'data:,caf%C3%A9')).toEqual({
      facts: { name: 'note', type: '', sniffedType: '', bytes: 5, width: 0, height: 0, url: '' },
      text: 'café',
    })
  })

  it('of anything else is a link', () => {
    const url = 'https://example.com/a.png'
    expect(readMedia('image', url)).toEqual({
      facts: { name: 'image', type: '', sniffedType: '', bytes: 0, width: 0, height: 0, url },
      text: undefined,
    })
  })

  it.each([
    ['a blank before its scheme', ` data:image/png;base64,${base64}`],
    ['a tab in its scheme', `da\tta:image/png;base64,${base64}`],
    ['a line feed in its data', 'data:;base64,AA\nAA'],
    ['no comma', 'data:image/png;base64'],
    ['letters that are no base64', 'data:;base64,A*=='],
    ['base64 of the other alphabet', 'data:;base64,_-__'],
    ['an escape that is none', 'data:,%zz'],
  ])('is refused with %s', (_title, url) => {
    expect(() => toMedia('image', url)).toThrow(GatewayError)
  })
})
