import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePattern } from './pattern.ts'

function refusal(source: string): string {
  const parsed = parsePattern(source)
  return 'error' in parsed ? `${parsed.error.position}: ${parsed.error.message}` : 'accepted'
}

describe('parsePattern', () => {
  it.each([
    ['look-ahead', 'a(?=b)', /^1: .*no look-around/],
    ['look-behind', '(?<!a)b', /^0: .*no look-around/],
    ['named groups', '(?<a>b)', /^0: .*names/],
    ['back-references', '(a)\\1', /^\d: back-references are not available/],
    ['anchors', 'ab$', /^2: \^ and \$ are not available/],
    ['lazy repeats', 'a+?b', /^2: lazy/],
    ['stacked repeats', 'a{2}{3}', /^4: lazy, possessive and stacked/],
    ['a repeat of nothing', '*a', /^0: \* has a meaning/],
    ['a repeated boundary', '\\b+a', /^2: a boundary cannot be repeated/],
    ['a brace that is no repeat', 'a{x}', /^1: a repeat is written/],
    ['bounds the wrong way round', 'a{5,2}', /^1: a repeat whose greatest/],
    ['huge repeats', 'a{1,5000}', /^1: a repeat of more than 1000/],
    ['an open group', 'a(b', /^1: this parenthesis is not closed/],
    ['an extra parenthesis', 'a)b', /^1: a closing parenthesis/],
    ['an open bracket', 'a[b', /^1: this bracket is not closed/],
    ['an empty bracket', 'a[]b', /^1: an empty bracket/],
    ['a range the wrong way round', '[z-a]', /^1: a range whose end/],
    ['a range to a class', '[a-\\d]', /^\d: a range ends in one character/],
    ['unknown escapes', '\\q', /^0: an unknown escape/],
    ['half an escape', 'a\\', /ends too early/],
    ['a bad code point', '\\u{110000}', /^0: written/],
    ['deep nesting', '('.repeat(60), /nested deeper than 50/],
    ['endless patterns', 'a'.repeat(2_000_001), /longer than 2000000/],
  ])('refuses %s with its position', (_, source, message) => {
    expect(refusal(source)).toMatch(message)
  })

  it('never repeats what it refuses', () => {
    expect(refusal('hunter2(?=geheim)')).not.toMatch(/hunter2|geheim/)
  })

  it.each([
    'a',
    '(?:a|b)+',
    '(?i:Token)',
    '[^\\s"\\]-]{4,}',
    '\\u{1F600}\\x41\\u0042',
    '[\\w.-]+@',
    'a|',
    '\\B-\\b',
    '.',
    '[-a]',
    '[a-]',
  ])('reads %j', (source) => {
    expect(refusal(source)).toBe('accepted')
  })

  it('answers for every text', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...'ab\\()[]{}?:*+|^-,1dbi.'.split(''))), (parts) => {
        expect(() => parsePattern(parts.join(''))).not.toThrow()
      }),
    )
  })
})
