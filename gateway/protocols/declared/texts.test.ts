import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyText } from '../../../test/helpers/any-text.ts'
import { toTexts } from './texts.ts'

describe('text as every reader would see it', () => {
  it.each<[string, readonly string[]]>([
    ['hello \\u0077', ['hello \\u0077']],
    ['{"a": "b"}', ['{"a": "b"}']],
    ['{"a": "\\u0062"}', ['{"a": "\\u0062"}', '{"a": "b"}']],
    [' ["\\n\\t\\"\\\\"]', [' ["\\n\\t\\"\\\\"]', ' ["\n\t"\\"]']],
    ['"\\ud83d\\ude00"', ['"\\ud83d\\ude00"', '"😀"']],
    ['"\\u00"', ['"\\u00"', '"u00"']],
    ['"\\', ['"\\', '"\\']],
  ])('%j', (text, texts) => {
    expect(toTexts(text)).toEqual(texts)
  })

  it('has every string that a reader of JSON would find', () => {
    const string = anyText({ maxLength: 12 })
    fc.assert(
      fc.property(string, fc.nat(12), (text, at) => {
        const escaped = Array.from(text, (letter, i) =>
          i === at && letter.length === 1
            ? `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`
            : JSON.stringify(letter).slice(1, -1),
        )
        expect(toTexts(`["${escaped.join('')}"]`).some((one) => one.includes(text))).toBe(true)
      }),
    )
  })

  it('takes no longer for a body of escapes alone', () => {
    expect(toTexts(`"${'\\"'.repeat(100_000)}`)[1]).toHaveLength(100_001)
  })
})
