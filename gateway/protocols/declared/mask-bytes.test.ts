import { expect, it } from 'vitest'
import { makeTextMasks } from '../../../test/helpers/word-masks.ts'
import { nowhere } from '../../../policy/masking/framing/place.ts'
import { toText } from '../../../policy/masking/framing/surrogate-escape.ts'
import { maskBase64, maskBytes, maskByteText } from './mask-bytes.ts'

const { start } = makeTextMasks({ '4111': '[CARD]', bob: 'é' })
const png = Uint8Array.fromBase64(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==',
)
const bytesOf = (...parts: readonly (string | number)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Uint8Array.of(part))))

it.each([
  ['text', bytesOf('pay 4111'), bytesOf('pay [CARD]')],
  ['text that begins like an image', bytesOf('GIF89a 4111'), bytesOf('GIF89a [CARD]')],
  ['text between bytes of no known kind', bytesOf(0xfe, 'bob', 0x80), bytesOf(0xfe, 'é', 0x80)],
  ['text of another encoding, which looks like a sound', bytesOf(0xff, 0xfe, '4111'), bytesOf(0xff, 0xfe, '[CARD]')],
])('masks %s', (_title, before, after) => {
  expect(Buffer.from(maskBytes(before, start))).toStrictEqual(Buffer.from(after))
  expect(maskByteText(toText(before), start, nowhere)).toBe(toText(after))
})

it.each([
  ['an image, whatever stands in it', bytesOf(...png, 'bob')],
  ['bytes in which nothing is found', bytesOf(0xff, 'bo', 0xfe, 'b')],
  ['nothing', bytesOf()],
])('leaves %s the same bytes', (_title, bytes) => {
  expect(maskBytes(bytes, start)).toBe(bytes)
  expect(maskByteText(toText(bytes), start, nowhere)).toBe(toText(bytes))
})

const base64 = (text: string): string => Buffer.from(text).toString('base64')

it.each([
  ['text in base64, inside', base64('pay 4111'), base64('pay [CARD]')],
  ['text in base64 without padding', base64('to 4111').replace(/=+$/u, ''), base64('to [CARD]').replace(/=+$/u, '')],
  ['what is no base64', 'call bob!', 'call é!'],
  ['what may be base64 and says something as it is', '4111', '[CARD]'],
  ['what is base64 of nothing, and too short to be no word', 'AAAA4111', 'AAAA[CARD]'],
])('masks %s', (_title, before, after) => {
  expect(maskBase64(before, start, nowhere)).toBe(after)
})

it.each([
  ['of an image', Buffer.from(png).toString('base64')],
  ['of bytes in which nothing is found, long enough to be nothing else', '4111/+8A'.repeat(12)],
  ['of text in which nothing is found', base64('hello')],
  ['empty', ''],
])('leaves base64 as it is: %s', (_title, value) => {
  expect(maskBase64(value, start, nowhere)).toBe(value)
})
