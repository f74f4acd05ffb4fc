import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toCustomDetector, type CustomPattern } from './custom.ts'
import { compileEngine } from './engine.ts'

const make = (custom: Partial<CustomPattern>): CustomPattern => ({
  name: 'case-number',
  class: 'Internal',
  pattern: 'CASE-[0-9]{8}',
  ...custom,
})

function refusals(custom: Partial<CustomPattern>): readonly string[] {
  const made = toCustomDetector(make(custom))
  if (!('problems' in made)) return []
  return made.problems.map(({ path, column, message }) => `${path}:${column ?? ''}: ${message}`)
}

/** The texts that are found. */
function find(text: string, custom: Partial<CustomPattern>): readonly string[] {
  const detector = toCustomDetector(make(custom))
  if ('problems' in detector) throw new Error(detector.problems.map(({ message }) => message).join())
  const engine = compileEngine([detector])
  if ('problems' in engine) throw new Error(engine.problems.map(({ message }) => message).join())
  return engine.findAll(text).map(({ start, end }) => text.slice(start, end))
}

describe('a pattern of a policy', () => {
  it('finds what it says', () => {
    expect(find('see CASE-12345678.', {})).toEqual(['CASE-12345678'])
    expect(find('see case-12345678.', {})).toEqual([])
  })

  it('matches either case where it says so, alternatives and all', () => {
    expect(find('a Case-1 and a REF-2', { pattern: 'case-1|ref-2', caseMatching: 'Insensitive' })).toEqual([
      'Case-1',
      'REF-2',
    ])
  })

  it.each([
    ['Luhn', 'ids 79927398713 and 79927398714', '[0-9]{11}', ['79927398713']],
    ['Luhn', 'zeros 00000000000', '[0-9]{11}', []],
    ['Mod97', 'creditor RF18539007547034, not RF19539007547034', 'RF[0-9]{14}', ['RF18539007547034']],
    ['Mod97', 'LEI 5493001KJTIIGC8Y1R12, not 5493001KJTIIGC8Y1R13', '[0-9A-Z]{18}[0-9]{2}', ['5493001KJTIIGC8Y1R12']],
  ] as const)('holds matches to %s: %s', (verifier, text, pattern, found) => {
    expect(find(text, { pattern: `\\b${pattern}\\b`, verifier })).toEqual(found)
  })

  it('asks for one of its words before', () => {
    const custom = { pattern: '\\b[0-9]{6}\\b', context: ['account', 'Konto Nr'] }
    expect(find('account 123456, konto nr. 654321', custom)).toEqual(['123456', '654321'])
    expect(find('order 123456', custom)).toEqual([])
  })

  it('knows how long its matches get', () => {
    expect(toCustomDetector(make({}))).toHaveProperty('maxLength', 26)
    expect(toCustomDetector(make({ pattern: 'CASE-[0-9]+' }))).toHaveProperty('maxLength', 1024)
  })
})

describe('a pattern that is refused', () => {
  it.each([
    ['look-ahead', { pattern: 'a(?=b)' }, /^pattern:2: .*no look-around/],
    ['anchors', { pattern: '^a' }, /^pattern:1: \^ and \$ are not available/],
    [
      'a parenthesis that would end the wrapping',
      { pattern: 'a)(b', caseMatching: 'Insensitive' },
      /^pattern:2: a closing/,
    ],
    ['nothing', { pattern: '' }, /^pattern:: matches the empty text/],
    ['what matches nothing', { pattern: '[0-9]*' }, /^pattern:: matches the empty text/],
    ['too long', { pattern: 'a'.repeat(1025) }, /^pattern:: longer than 1024 characters/],
    ['too many states', { pattern: '[ab]*a[ab]{20}c' }, /^pattern:: needs too many states/],
    ['too many states, written out', { pattern: `a${'(?:a|b)'.repeat(20)}c` }, /^pattern:: needs too many states/],
    ['repeats within repeats', { pattern: '(?:(?:a{500}){500}b)' }, /^pattern:: unrolls to more/],
    ['a context word of signs alone', { context: ['id', '--', ''] }, /^context\[1\]:: a context word needs/],
  ] as const)('for %s', (_, custom, message) => {
    expect(refusals(custom)[0]).toMatch(message)
  })

  it('names all that is wrong', () => {
    expect(refusals({ pattern: 'a(', context: ['-', '.'] }).length).toBe(3)
  })

  it('is not repeated in what is said', () => {
    expect(refusals({ pattern: 'hunter2(?=geheim)', context: ['§'] }).join()).not.toMatch(/hunter2|geheim|§/)
  })

  it('is answered for whatever it is', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...'ab\\()[]{}?:*+|-,1di.'.split('')), { maxLength: 12 }), (parts) => {
        expect(() => toCustomDetector(make({ pattern: parts.join('') }))).not.toThrow()
      }),
      { numRuns: 30 },
    )
  })
})
