import fc from 'fast-check'
import { expect, it } from 'vitest'
import { maskWords } from '../../../test/helpers/word-masker.ts'
import { maskByteTensor } from './byte-tensor.ts'
import { toBytes, toText } from './surrogate-escape.ts'

const mask = (text: string): string => maskWords(text, { '4111': '[CARD]', gone: '' })

function tensor(...values: readonly (string | readonly number[])[]): Uint8Array {
  return Uint8Array.from(
    values.flatMap((value) => {
      const bytes = typeof value === 'string' ? [...new TextEncoder().encode(value)] : value
      return [bytes.length & 255, bytes.length >> 8, 0, 0, ...bytes]
    }),
  )
}

it.each([
  ['a value, with its new length', ['ab', 'x 4111 y', 'ü'], ['ab', 'x [CARD] y', 'ü']],
  ['a value to nothing', ['gone', 'ab'], ['', 'ab']],
  [
    'text beside bytes that are no text',
    [[0xff, ...'4111'.split('').map((unit) => unit.charCodeAt(0)), 0x80, 0xc3]],
    [],
  ],
])('masks %s', (_, before, after) => {
  const expected =
    after.length > 0
      ? tensor(...after)
      : Uint8Array.of(9, 0, 0, 0, 0xff, ...new TextEncoder().encode('[CARD]'), 0x80, 0xc3)
  expect(maskByteTensor(tensor(...before), mask)).toStrictEqual(expected)
})

it('hands back the same bytes when nothing is found', () => {
  const bytes = tensor('ab', '', [0xff, 0xfe])
  expect(maskByteTensor(bytes, mask)).toBe(bytes)
})

it.each([
  ['a length beyond the end', [5, 0, 0, 0, 1]],
  ['half a length', [1, 0, 0]],
  ['a length of four gigabytes', [255, 255, 255, 255]],
])('gives nothing for %s', (_, bytes) => {
  expect(maskByteTensor(Uint8Array.from(bytes), mask)).toBeUndefined()
})

it('reads a tensor that stands inside of a larger buffer', () => {
  const all = Uint8Array.of(9, 9, ...tensor('4111'))
  expect(maskByteTensor(all.subarray(2), mask)).toStrictEqual(tensor('[CARD]'))
})

it('turns any bytes into text and back', () => {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 4 }),
    fc.constantFrom('é', '😀', '\u2028', 'a').map((text) => new TextEncoder().encode(text)),
    fc
      .constantFrom([0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xf0, 0x9f, 0x98])
      .map((all) => Uint8Array.from(all)),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const bytes = Uint8Array.from(parts.flatMap((each) => [...each]))
      expect(toBytes(toText(bytes))).toStrictEqual(bytes)
    }),
  )
})
