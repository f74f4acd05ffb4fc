// The proof that patterns may run on JavaScript's engine: whatever policy/cel/library/pattern.ts translates must answer as RE2 does,
// on texts made to tell the two apart. Seeded; a failing seed becomes a case.
import fc from 'fast-check'
import { RE2JS } from 're2js'
import { expect, it } from 'vitest'
import { translatePattern } from '../../policy/cel/library/pattern.ts'

const letters = [
  'a',
  'b',
  's',
  'k',
  'S',
  'K',
  '1',
  ' ',
  '_',
  '-',
  '\n',
  '\r',
  '\t',
  '\v',
  'ſ',
  'K',
  'é',
  '😀',
  '\uD800',
  '\u2028',
  '\u00A0',
]
const text = fc.oneof(
  fc.array(fc.constantFrom(...letters), { maxLength: 14 }).map((all) => all.join('')),
  fc.array(fc.constantFrom('a', 'b', 's', 'k'), { maxLength: 10 }).map((all) => all.join('')),
)

const pattern = fc
  .letrec<{ alternatives: string; sequence: string; part: string; atom: string }>((tie) => ({
    alternatives: fc.array(tie('sequence'), { minLength: 1, maxLength: 3 }).map((all) => all.join('|')),
    sequence: fc.array(tie('part'), { maxLength: 4 }).map((all) => all.join('')),
    part: fc
      .tuple(tie('atom'), fc.constantFrom(...Array<string>(20).fill(''), '?', '?', '?', '{2}', '{0,2}', '{1,3}', '+'))
      .map((both) => both.join('')),
    atom: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom('a', 'b', 's', 'k', 'S', '1', ' ', '_', '-', '\\.', '\\-', '\\n', '\\t'),
      fc.constantFrom('\\d', '\\w', '\\s', '\\b', '^', '$', '[a-k]', '[sS1]', '[A-Z_]'),
      tie('alternatives').map((inner) => `(${inner})`),
      tie('alternatives').map((inner) => `(?:${inner})`),
    ),
  }))
  .alternatives.chain((source) => fc.constantFrom(source, `(?i)${source}`))

function isPattern(source: string): boolean {
  try {
    RE2JS.compile(source)
    return true
  } catch {
    return false
  }
}

it('translated patterns answer as RE2 does', () => {
  let translations = 0
  fc.assert(
    fc.property(pattern, fc.array(text, { minLength: 8, maxLength: 8 }), (source, texts) => {
      const translated = isPattern(source) ? translatePattern(source) : undefined
      if (translated === undefined) return
      translations += 1
      const linear = RE2JS.compile(source)
      const judged = texts.filter((one) => translated.askLinearWhen?.test(one) !== true)
      expect(judged.map((one) => translated.regExp.test(one))).toEqual(judged.map((one) => linear.test(one)))
    }),
    { seed: 20_260_102, numRuns: 10_000 },
  )
  // A fuzz that translates nothing proves nothing.
  expect(translations).toBeGreaterThan(2000)
})

it.each([
  'a*',
  '(a|b)+',
  'a??',
  '(?s).',
  '[^a]',
  '\\pL',
  '(?:a?){30}',
  '(a|aa|aaa){9}',
  '(?P<x>a)',
  '\\z',
  '\\x41',
  '(?-i)a',
  '.',
])('%s stays on the linear engine', (source) => {
  expect(translatePattern(source)).toBeUndefined()
})
