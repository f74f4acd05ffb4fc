import fc from 'fast-check'
import { countTokens as countCl100k } from 'gpt-tokenizer/encoding/cl100k_base'
import { countTokens as countO200k } from 'gpt-tokenizer/encoding/o200k_base'
import { countTokens as countP50k } from 'gpt-tokenizer/encoding/p50k_base'
import { countTokens as countR50k } from 'gpt-tokenizer/encoding/r50k_base'
import { beforeAll, expect, it } from 'vitest'
import { anyText } from '../../test/helpers/any-text.ts'
import { tokenizers as declared } from '../../policy/unsupported.ts'
import { Tokenizers } from './tokenizers.ts'

const references = { o200k_base: countO200k, cl100k_base: countCl100k, p50k_base: countP50k, r50k_base: countR50k }
const names = Object.keys(references) as (keyof typeof references)[]
const options = { disallowedSpecial: new Set<string>() }
const tokenizers = new Tokenizers((name) => expect.unreachable(name))

function count(name: string, text: string): number {
  const found = tokenizers.find(name)
  if (found === undefined) throw new Error(`${name} is not loaded`)
  return found(text)
}

beforeAll(async () => tokenizers.load(names))

it('knows every tokenizer that a model may name', () => {
  expect(declared.filter((name) => tokenizers.find(name) === undefined)).toEqual([])
})

it('has none before it is asked for, and none of another name', async () => {
  const fresh = new Tokenizers((name) => expect.unreachable(name))
  expect(fresh.find('o200k_base')).toBeUndefined()
  await fresh.load(['constructor', '__proto__', 'gpt-9'])
  expect(fresh.find('constructor')).toBeUndefined()
})

const texts = [
  '',
  'The quick brown fox jumps over the lazy dog, 12345 times.\n\n  And  again… ',
  'Donaudampfschifffahrtsgesellschaftskapitän',
  '人工智能正在改变世界，我们需要制定规则。',
  'ภาษาไทยไม่มีช่องว่าง',
  '👩‍👩‍👧 emoji 😀😀',
  'function f(x) {\n    return x ** 2 // "quoted"\n}\n',
  "it's <|endoftext|> <|im_start|>system\n",
]

it.each(names)('counts languages, code and what looks like a special token exactly as %s does', (name) => {
  for (const text of texts) expect(count(name, text)).toBe(references[name](text, options))
})

it('never counts fewer tokens than there are, nor more than bytes', () => {
  const stretch = fc.tuple(anyText({ maxLength: 3 }), fc.nat(300)).map(([unit, n]) => unit.repeat(n))
  const text = fc.array(fc.oneof(stretch, fc.string({ unit: 'grapheme' }), fc.constantFrom(...texts)), { maxLength: 6 })
  fc.assert(
    fc.property(fc.constantFrom(...names), text, (name, parts) => {
      const whole = parts.join('')
      const counted = count(name, whole)
      expect(counted).toBeGreaterThanOrEqual(references[name](whole, options))
      expect(counted).toBeLessThanOrEqual(Buffer.byteLength(whole))
    }),
    { numRuns: 100 },
  )
})

let seed = 1
const random = (n: number): number => {
  seed = (seed * 48_271) % 2_147_483_647
  return seed % n
}
const letters = (n: number): string => Array.from({ length: n }, () => String.fromCharCode(97 + random(26))).join('')

const hostile: Readonly<Record<string, (bytes: number) => string>> = {
  'one letter': (bytes) => 'a'.repeat(bytes),
  'capitals and small letters': (bytes) => 'Aa'.repeat(bytes / 2),
  blanks: (bytes) => ' '.repeat(bytes),
  'blanks and line feeds': (bytes) => ' \n'.repeat(bytes / 2),
  faces: (bytes) => '😀'.repeat(bytes / 4),
  families: (bytes) => '👩‍👩‍👧'.repeat(bytes / 18),
  accents: (bytes) => '\u0301'.repeat(bytes / 2),
  'letters without blanks': (bytes) => letters(bytes),
  'words that are none': (bytes) => Array.from({ length: bytes / 33 }, () => letters(32)).join(' '),
  apostrophes: (bytes) => "'s".repeat(bytes / 2),
}

// How long it takes is a matter of `npm run bench -- policy`; here a count that grew with the square would not come to its end.
it.each(Object.entries(hostile))('counts a megabyte of %s, and no more tokens than bytes', (_, make) => {
  const text = make(1_000_000)
  expect(count('o200k_base', text)).toBeLessThanOrEqual(Buffer.byteLength(text))
})
