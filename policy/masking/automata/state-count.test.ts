import { describe, expect, it } from 'vitest'
import { allDetectors } from '../packs.ts'
import { parsePattern, type PatternNode } from '../pattern.ts'
import { isTooLarge } from './state-count.ts'

function parse(pattern: string): PatternNode {
  const parsed = parsePattern(pattern)
  if ('error' in parsed) throw new Error(parsed.error.message)
  return parsed.node
}

describe('the automata of a pattern', () => {
  // compileEngine trusts these and measures only others.
  it.each(allDetectors.map(({ name, pattern }) => [name, pattern]))('stay small: %s', (_, pattern) => {
    expect(isTooLarge(parse(pattern))).toBe(false)
  })

  it.each(['[ab]*a[ab]{20}c', '(?:a|b)*a(?:a|b){13}', '\\w{1,900}x\\d{3}\\w{900}y'])('are too large: %s', (pattern) => {
    expect(isTooLarge(parse(pattern))).toBe(true)
  })

  it('are not built of lists of terms', () => {
    const terms = Array.from({ length: 5000 }, (_, i) => `term${i}`)
    expect(isTooLarge(parse(`\\b(?i:${terms.join('|')})\\b`))).toBe(false)
  })
})
