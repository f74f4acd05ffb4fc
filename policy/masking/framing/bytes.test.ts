import fc from 'fast-check'
import { expect, it } from 'vitest'
import { maskWords, startWords } from '../../../test/helpers/word-masker.ts'
import type { Masker } from '../masker.ts'
import { startBytes } from './bytes.ts'
import { startJsonLines } from './json-lines.ts'
import { maskEverywhere } from './place.ts'
import { toBytes, toText } from './surrogate-escape.ts'

const words = { '4111': '[CARD]', 'é!': 'e', '😀': '😁' }
const start = (): Masker => startWords(words)

function utf8(...parts: readonly (string | readonly number[])[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) => [...(typeof part === 'string' ? new TextEncoder().encode(part) : part)]),
  )
}

function inPieces(bytes: Uint8Array, cuts: readonly number[]): readonly number[] {
  const masker = startBytes(startWords(words))
  const at = [0, ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length]
  const pieces = at.slice(1).map((end, i) => masker.push(bytes.subarray(at[i], end)))
  return [...pieces, masker.end()].flatMap((piece) => [...piece])
}

it.each([
  ['text', utf8('a 4111 é! 😀'), utf8('a [CARD] e 😁')],
  ['text that breaks off in a character', utf8('4111', [0xf0, 0x9f, 0x98]), utf8('[CARD]', [0xf0, 0x9f, 0x98])],
  [
    'text beside bytes that are none',
    utf8([0xff], '4111', [0xc3], 'é!', [0x80]),
    utf8([0xff], '[CARD]', [0xc3], 'e', [0x80]),
  ],
  [
    'a character that is written too long',
    utf8([0xf0, 0x80, 0x80], 'é!', [0xe0, 0x9f]),
    utf8([0xf0, 0x80, 0x80], 'e', [0xe0, 0x9f]),
  ],
  [
    'halves of pairs',
    utf8([0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80], '😀'),
    utf8([0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80], '😁'),
  ],
  ['a byte order mark', utf8([0xef, 0xbb, 0xbf], '4111'), utf8([0xef, 0xbb, 0xbf], '[CARD]')],
  ['nothing', utf8(), utf8()],
])('masks %s, for every cutting', (_, bytes, expected) => {
  for (let i = 0; i <= bytes.length; i += 1) {
    for (let k = i; k <= bytes.length; k += 1) expect(inPieces(bytes, [i, k])).toStrictEqual([...expected])
  }
  expect(inPieces(bytes, [...bytes.keys()])).toStrictEqual([...expected])
})

it('masks any bytes as their text, cut anywhere', () => {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 4 }),
    fc.constantFrom('é', '!', '😀', '4', '1', '11').map((text) => new TextEncoder().encode(text)),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.array(fc.nat(30), { maxLength: 5 }), (parts, cuts) => {
      const bytes = utf8(...parts.map((each) => [...each]))
      expect(inPieces(bytes, cuts)).toStrictEqual([...toBytes(maskWords(toText(bytes), words))])
    }),
  )
})

it('gives bytes of lines of JSON', () => {
  const masker = startBytes(startJsonLines(maskEverywhere(start), start))
  const bytes = utf8('{"a":"4111 ü"}\n4111\n')
  const out = [...bytes].flatMap((byte) => [...masker.push(Uint8Array.of(byte))])
  expect([...out, ...masker.end()]).toStrictEqual([...utf8('{"a":"[CARD] ü"}\n"[CARD]"\n')])
  expect(masker.counts()).toStrictEqual({ '4111': 2 })
})

it('does not look at bytes again that were given', () => {
  const masker = startBytes(startWords(words))
  const bytes = utf8('é')
  expect(masker.push(bytes.subarray(0, 1))).toStrictEqual(utf8())
  bytes[0] = 0x41
  expect(masker.push(utf8([0xa9], 'x'))).toStrictEqual(utf8('éx'))
})
