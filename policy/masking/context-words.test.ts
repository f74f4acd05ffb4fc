import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ContextFinder, isInContext, toContextRule, type ContextRule } from './context-words.ts'
import { contextWindow } from './detector.ts'

function makeRule(words: readonly string[], against: readonly string[], required: boolean): ContextRule {
  const detector = { name: 'it', class: 'PII', pattern: 'x', maxLength: 1 }
  const rule = toContextRule({ ...detector, context: { words, required }, unless: { words: against } })
  if (rule === undefined) throw new Error('a detector with words has a rule')
  return rule
}

describe('what a detector asks of the words before', () => {
  const bare = { name: 'it', class: 'PII', pattern: 'x', maxLength: 1 }

  it.each([
    ['nothing', bare],
    ['nothing, of words that need not be there', { ...bare, context: { words: ['a'], required: false } }],
  ])('is %s', (_, detector) => {
    expect(toContextRule(detector)).toBeUndefined()
  })

  it.each([
    ['Card no. ', true],
    ['card order ', true],
    ['order ', false],
    ['re-order ', false],
    ['border ', true],
    ['', true],
  ])('lets words speak against it, but not beside its own: %j', (before, isIn) => {
    expect(isInContext(before, makeRule(['card'], ['order'], false))).toBe(isIn)
  })

  it.each([
    ['Card no. ', true],
    ['card order ', false],
    ['no. ', false],
    ['\uff23ard', true],
  ])('requires its own words: %j', (before, isIn) => {
    expect(isInContext(before, makeRule(['card'], ['order'], true))).toBe(isIn)
  })
})

describe('words found for many candidates at once', () => {
  const rules = [makeRule(['card', 'id no'], ['order'], false), makeRule(['card', 'id no'], ['order'], true)]
  const part = fc.constantFrom(
    'card',
    'Order',
    'id no',
    ' ',
    ' ',
    '_',
    'x',
    '7',
    '.',
    'é',
    'CÄRD',
    '\uff23ard',
    '\u0441ard',
    ' '.repeat(40),
    'y'.repeat(50),
  )

  it('are those found for each of them', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const text = ' '.repeat(contextWindow) + parts.join('')
        const finder = new ContextFinder()
        expect(finder.take(text, contextWindow)).toBe(true)
        for (let start = contextWindow; start <= text.length; start += 1) {
          expect(finder.covers(start)).toBe(true)
          const before = text.slice(start - contextWindow, start)
          for (const rule of rules)
            expect([text, start, finder.isInContext(start, rule)]).toEqual([text, start, isInContext(before, rule)])
        }
        expect(finder.covers(text.length + 1)).toBe(false)
        expect(finder.covers(contextWindow - 1)).toBe(false)
      }),
      { numRuns: 50, seed: 1 },
    )
  })

  it.each(['\u200b', '\u0130', '\u03a3', '\u{1f600}', '\ud800'])(
    'are left to each of them in text with %j',
    (character) => {
      const finder = new ContextFinder()
      expect(finder.take(`${' '.repeat(contextWindow)}${character}`, contextWindow)).toBe(false)
      expect(finder.covers(contextWindow)).toBe(false)
    },
  )
})
