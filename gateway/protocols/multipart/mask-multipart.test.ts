import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maskWords } from '../../../test/helpers/word-masker.ts'
import { GatewayError } from '../../errors.ts'
import { maskMultipart } from './mask-multipart.ts'
import { maskUrlEncoded } from './mask-url-encoded.ts'
import { readMultipart } from './multipart.ts'
import { readUrlEncoded } from './url-encoded.ts'

const boundary = 'XY'
const mask = (text: string): string => maskWords(text, { '4111': '[CARD]', bob: 'a"b/c', gone: '' })

function toForm(...parts: readonly (readonly [head: string, content: string])[]): Buffer {
  const written = parts.map(([head, content]) => `--${boundary}\r\n${head}\r\n\r\n${content}\r\n`)
  return Buffer.from(`${written.join('')}--${boundary}--\r\n`)
}

function maskForm(form: Uint8Array): Uint8Array {
  return maskMultipart(form, boundary, {
    name: mask,
    text: mask,
    content: ({ content }) => {
      const masked = Buffer.from(mask(Buffer.from(content).toString()))
      return Buffer.compare(masked, content) === 0 ? content : masked
    },
  })
}

const named = (more: string, name = 'x'): string => `Content-Disposition: form-data; name="${name}"${more}`

describe('a form', () => {
  it.each([
    ['content', [named(''), 'to 4111'], [named(''), 'to [CARD]']],
    [
      'content and its length',
      [`${named('')}\r\nContent-Length: 4`, '4111'],
      [`${named('')}\r\nContent-Length: 6`, '[CARD]'],
    ],
    ['the name of a file', [named('; filename="4111.png"'), 'z'], [named('; filename="[CARD].png"'), 'z']],
    ['what could not stand in quotes', [named('; filename="bob.png"'), 'z'], [named('; filename="a_b_c.png"'), 'z']],
    [
      'a name that is written twice',
      [named(`; filename="4111"; filename*=UTF-8''4111`), 'z'],
      [named('; filename="[CARD]"'), 'z'],
    ],
    ['the name of a part', [named('', '4111'), 'z'], [named('', '[CARD]'), 'z']],
    [
      'what a type says besides',
      [`${named('')}\r\nContent-Type: text/x; a="4111"`, 'z'],
      [`${named('')}\r\nContent-Type: application/octet-stream`, 'z'],
    ],
  ] as const)('has masked: %s', (_title, before, after) => {
    const other = [named('', 'other'), 'as\r\nit\r\nwas'] as const
    expect(Buffer.from(maskForm(toForm(other, before, other))).toString()).toBe(toForm(other, after, other).toString())
  })

  it('without a finding is the same bytes', () => {
    const form = toForm([`${named('; filename="a b"')}\r\nContent-Length: 2`, 'ab'], [named(''), ''])
    expect(maskForm(form)).toBe(form)
  })

  it.each([
    ['would have one more part', `a\r\n--XgoneY\r\n${named('', 'z')}\r\n\r\nhidden`],
    ['would end before its end', 'a\r\n--XgoneY--'],
    ['would have a boundary within a line', 'a --XgoneY b'],
  ])('is refused where masked it %s', (_title, content) => {
    const form = toForm([named(''), content])
    expect(readMultipart(form, boundary)).toHaveLength(1)
    expect(() => maskForm(form)).toThrow(GatewayError)
  })

  it('has the parts that it had, masked, whatever stands in them', () => {
    const content = fc
      .array(fc.constantFrom('4111', 'gone', 'bob', '\r\n', '--', '-', 'X', 'Y', ' ', 'é', 'a'), { maxLength: 12 })
      .map((all) => all.join(''))
    fc.assert(
      fc.property(fc.array(content, { minLength: 1, maxLength: 4 }), (contents) => {
        const form = toForm(...contents.map((each): [string, string] => [named(''), each]))
        const before = attempt(() => readMultipart(form, boundary))
        const after = before && attempt(() => readMultipart(maskForm(form), boundary))
        if (before === undefined || after === undefined) return
        expect(after.map((part) => Buffer.from(part.content).toString())).toStrictEqual(
          before.map((part) => mask(Buffer.from(part.content).toString())),
        )
      }),
    )
  })
})

/** Undefined: refused. */
function attempt<Result>(work: () => Result): Result | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof GatewayError) return undefined
    throw error
  }
}

function maskPairs(form: string): string {
  const masked = maskUrlEncoded(Buffer.from(form), ([name, value]) => [mask(name), mask(value)])
  return Buffer.from(masked).toString()
}

describe('a form in one line', () => {
  it.each([
    ['a value', 'a=x+4111%26&b=caf%c3%a9+2', 'a=x+%5BCARD%5D%26&b=caf%c3%a9+2'],
    ['a value in escapes', 'a=%341%311', 'a=%5BCARD%5D'],
    ['a name', '4111=1&b=', '%5BCARD%5D=1&b='],
    ['one of two alike', 'a=4111&a=1', 'a=%5BCARD%5D&a=1'],
  ])('has masked: %s', (_title, before, after) => {
    expect(maskPairs(before)).toBe(after)
  })

  it('without a finding is the same bytes', () => {
    const bytes = Buffer.from('a=b%2fc&d=')
    expect(maskUrlEncoded(bytes, (pair) => pair)).toBe(bytes)
  })

  it('is refused where a field would lose its name', () => {
    expect(() => maskPairs('gone=1')).toThrow(GatewayError)
  })

  it('is read as it was, masked', () => {
    const text = fc.string({ unit: fc.constantFrom('4', '1', 'bob', ' ', '&', '=', '%', '+', 'é', '\u{1f600}') })
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 4 }), (pairs) => {
        const prefixed = pairs.map(([name, value]): [string, string] => [`n${name}`, value])
        const form = new URLSearchParams(prefixed).toString()
        const read = attempt(() => readUrlEncoded(form))
        if (read === undefined) return
        expect(readUrlEncoded(maskPairs(form))).toStrictEqual(read.map((pair) => pair.map(mask)))
      }),
    )
  })
})
