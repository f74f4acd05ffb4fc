import { describe, expect, test } from 'vitest'
import { VerifiedTokens } from './verified-tokens.ts'

describe('VerifiedTokens', () => {
  test('gives back what was set, and nothing else', () => {
    const tokens = new VerifiedTokens<number>({ maxEntries: 2, maxBytes: 10_000 })
    tokens.set('a', 1)
    expect([tokens.get('a'), tokens.get('b')]).toEqual([1, undefined])
  })

  test('lets the least recently used go first', () => {
    const tokens = new VerifiedTokens<number>({ maxEntries: 2, maxBytes: 10_000 })
    tokens.set('a', 1)
    tokens.set('b', 2)
    tokens.get('a')
    tokens.set('c', 3)
    expect([tokens.get('a'), tokens.get('b'), tokens.get('c')]).toEqual([1, undefined, 3])
  })

  test('lets as many go as the bytes of the newest need', () => {
    const tokens = new VerifiedTokens<number>({ maxEntries: 100, maxBytes: 4_000 })
    for (const name of ['a', 'b', 'c']) tokens.set(name.repeat(100), 1)
    expect(tokens.size).toBe(3)
    tokens.set('d'.repeat(1_000), 2)
    expect(tokens.size).toBe(1)
    expect(tokens.bytes).toBeLessThanOrEqual(4_000)
  })

  test('does not keep a token that alone is beyond the bound', () => {
    const tokens = new VerifiedTokens<number>({ maxEntries: 100, maxBytes: 1_000 })
    tokens.set('a'.repeat(1_000), 1)
    expect([tokens.size, tokens.bytes]).toEqual([0, 0])
  })

  test('counts a token that is set again once', () => {
    const tokens = new VerifiedTokens<number>({ maxEntries: 2, maxBytes: 10_000 })
    tokens.set('a', 1)
    const { bytes } = tokens
    tokens.set('a', 2)
    expect([tokens.get('a'), tokens.size, tokens.bytes]).toEqual([2, 1, bytes])
    tokens.delete('a')
    tokens.delete('a')
    expect([tokens.size, tokens.bytes]).toEqual([0, 0])
  })
})
