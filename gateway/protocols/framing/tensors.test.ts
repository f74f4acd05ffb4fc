import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64, toText } from './byte-text.ts'
import { BinaryTail, countElements, datatypes, readByteValues, readLeaves } from './tensors.ts'

class Wrong extends Error {}
const fail = (message: string): Error => new Wrong(message)
const typeOf = (name: string): NonNullable<ReturnType<typeof datatypes.get>> => {
  const found = datatypes.get(name)
  if (found === undefined) throw new Error(`no datatype ${name}`)
  return found
}

describe('a shape', () => {
  it.each([
    ['of a scalar', [], 1],
    ['of a row', [3], 3],
    ['of rows', [2, 3], 6],
    ['with an empty dimension, however large the others', [2 ** 40, 0], 0],
  ])('%s has its product of values', (_title, shape, elements) => {
    expect(countElements(shape, fail)).toBe(elements)
  })

  it.each([
    ['below zero', [-1]],
    ['below zero twice, whose product would be above', [-2, -2]],
    ['of a fraction', [1.5]],
    ['beyond what numbers count exactly', [2 ** 53]],
    ['that is not a number', [NaN]],
    ['whose product overflows', [2 ** 32, 2 ** 32]],
    ['whose product would come round to a small one', Array.from({ length: 8 }, () => 2 ** 8)],
    ['of too many dimensions', Array.from({ length: 33 }, () => 1)],
  ])('%s is refused', (_title, shape) => {
    expect(() => countElements(shape, fail)).toThrow(Wrong)
  })
})

describe('JSON data', () => {
  it.each([
    ['BOOL', [true, [false]], 2],
    ['INT64', [2 ** 63, [-1]], 2],
    ['FP32', [0.5, [1, [2]], null], 4],
    ['BYTES', ['a', ['', 'b']], 3],
  ])('of %s counts flat or nested', (name, data, count) => {
    expect(readLeaves(data, typeOf(name), fail).count).toBe(count)
  })

  it.each([
    ['BOOL', [1]],
    ['UINT8', [1.5]],
    ['INT32', ['1']],
    ['INT32', [null]],
    ['INT32', [Infinity]],
    ['FP64', ['NaN']],
    ['BYTES', [1]],
    ['BYTES', [null]],
    ['BYTES', [{ b64: 'aGk=' }]],
    ['BYTES', 'text'],
  ])('of %s does not take %j', (name, data) => {
    expect(() => readLeaves(data, typeOf(name), fail)).toThrow(Wrong)
  })
})

/** Undefined: refused. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof Wrong) return undefined
    throw error
  }
}

function toWire(values: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    values.flatMap((value) => {
      const length = Buffer.alloc(4)
      length.writeUInt32LE(value.length)
      return [length, value]
    }),
  )
}

describe('BYTES on the wire', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (values) => {
        const read = readByteValues(toWire(values), fail)
        expect(read.map((one) => Buffer.from(one))).toEqual(values.map((one) => Buffer.from(one)))
      }),
    )
  })

  it('of any other form are refused, and nothing else is thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const read = attempt(() => readByteValues(bytes, fail))
        expect(read === undefined ? bytes : new Uint8Array(toWire(read))).toEqual(bytes)
      }),
    )
  })

  it.each([
    ['a length cut short', [1, 0, 0]],
    ['one byte too few', [2, 0, 0, 0, 97]],
    ['a length of 4 GiB', [255, 255, 255, 255, 97]],
  ])('with %s are refused', (_title, bytes) => {
    expect(() => readByteValues(new Uint8Array(bytes), fail)).toThrow('longer than what follows')
  })
})

describe('what follows the head', () => {
  it('is taken piece by piece, and must be used up', () => {
    const tail = new BinaryTail(new Uint8Array([1, 2, 3]), fail)
    expect([...tail.take(2)]).toEqual([1, 2])
    expect(() => tail.assertTaken()).toThrow('More bytes follow')
    expect([...tail.take(1)]).toEqual([3])
    expect([...tail.take(0)]).toEqual([])
    tail.assertTaken()
  })

  it.each([[-1], [1.5], [4], [2 ** 53], ['3'], [null], [undefined], [NaN]])('is not %j bytes long', (size) => {
    expect(() => new BinaryTail(new Uint8Array(3), fail).take(size)).toThrow(Wrong)
  })
})

describe('bytes as text', () => {
  it('are UTF-8 where they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(toText(Buffer.from(text))).toBe(Buffer.from(text).toString())
      }),
    )
  })

  it('keep every valid sequence around a broken byte, and the byte as Latin-1', () => {
    const fc1 = fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text).toString())
    fc.assert(
      fc.property(fc1, fc.constantFrom(0xff, 0xfe, 0xc0, 0xc1, 0xf5), fc1, (before, broken, after) => {
        const bytes = Buffer.concat([Buffer.from(before), Buffer.from([broken]), Buffer.from(after)])
        expect(toText(bytes)).toBe(before + String.fromCharCode(broken) + after)
      }),
    )
  })

  it.each([
    ['Latin-1', [0x66, 0xfc, 0x72], 'für'],
    ['a surrogate', [0xed, 0xa0, 0x80], '\u00ed\u00a0\u0080'],
    ['a slash written in two bytes', [0xc0, 0xaf], '\u00c0\u00af'],
    ['a slash written in three', [0xe0, 0x80, 0xaf], '\u00e0\u0080\u00af'],
    ['a point beyond Unicode', [0xf4, 0x90, 0x80, 0x80], '\u00f4\u0090\u0080\u0080'],
    ['a sequence cut short', [0x61, 0xe2, 0x82], 'a\u00e2\u0082'],
  ])('%s', (_title, bytes, text) => {
    expect(toText(new Uint8Array(bytes))).toBe(text)
  })

  it('of some megabytes take no stack', () => {
    expect(toText(new Uint8Array(3_000_000).fill(0xff)).length).toBe(3_000_000)
  })

  it.each([
    ['aGk=', 'hi'],
    ['aGk', 'hi'],
    ['aG\nk=', 'hi'],
    ['', ''],
    ['a*Gk=', undefined],
    ['_-8=', undefined],
  ])('base64 %j is %j', (written, text) => {
    const bytes = decodeBase64(written)
    expect(bytes && toText(bytes)).toBe(text)
  })
})
