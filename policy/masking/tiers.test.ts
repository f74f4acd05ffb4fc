import { describe, expect, it } from 'vitest'
import type { Detector } from './detector.ts'
import type { Engine, Finding, Label, Replace } from './masker.ts'
import { compileTiers } from './tiers.ts'

function makeDetector(name: string, pattern: string, more: Partial<Detector> = {}): Detector {
  return { name, class: 'PII', pattern, maxLength: 64, ...more }
}

function compile(...tiers: readonly (readonly Detector[])[]): Engine {
  const engine = compileTiers(tiers)
  if ('problems' in engine) throw new Error(engine.problems.map(({ message }) => message).join())
  return engine
}

const show: Replace = ({ detector, start, end }, value) => `[${detector} ${start}-${end} ${value}]`
const label: Label = (detector) => `[${detector}]`

function pushes(engine: Engine, pieces: readonly string[], labels?: Label): readonly string[] {
  const masker = engine.start(show, { label: labels })
  return [...pieces.map(masker.push), masker.end()]
}

/** All pieces of one, two and three units, and every two cuts. */
function* cuttings(text: string): Generator<readonly string[]> {
  for (let size = 1; size <= 3; size += 1) yield text.match(new RegExp(`.{1,${size}}`, 'gsu')) ?? []
  for (let i = 0; i <= text.length; i += 1)
    for (let j = i; j <= text.length; j += 1) yield [text.slice(0, i), text.slice(i, j), text.slice(j)]
}

function wrongCuttings(engine: Engine, text: string, labels?: Label): readonly (readonly string[])[] {
  const whole = engine.maskAll(text, show, { label: labels })
  return [...cuttings(text)].filter((pieces) => pushes(engine, pieces, labels).join('') !== whole)
}

const letters = makeDetector('letters', '[a-e]{3,}')
const mixed = makeDetector('mixed', '[d-h]{3,}')
const late = makeDetector('late', '[g-k]{3,}')

describe('tiers', () => {
  it.each([
    ['apart', 'x abc ghi x', 'x [letters 2-5 abc] [late 6-9 ghi] x'],
    ['side by side', 'abcghi', '[letters 0-3 abc][late 3-6 ghi]'],
    ['over each other', 'x abcdefg x', 'x [letters 2-9 abcdefg] x'],
    ['the strictest second', 'x efghij x', 'x [mixed 2-8 efghij] x'],
    ['one within another', 'x jghgj gdghk x', 'x [mixed 2-7 jghgj] [mixed 8-13 gdghk] x'],
    ['in a chain', 'x abcdefghijk x', 'x [letters 2-13 abcdefghijk] x'],
  ])('make one span of what overlaps: %s', (_, text, masked) => {
    const engine = compile([letters], [mixed], [late])
    expect(engine.maskAll(text, show)).toBe(masked)
    expect(wrongCuttings(engine, text)).toEqual([])
    expect(wrongCuttings(engine, text, label)).toEqual([])
  })

  it('let the first of equals own a span', () => {
    const engine = compile([makeDetector('one', 'ab'), makeDetector('two', 'cd')], [makeDetector('all', 'abcd')])
    expect(engine.maskAll('abcd', show)).toBe('[one 0-4 abcd]')
  })

  it('tell of all that each of them found, and count it', () => {
    const engine = compile([letters], [mixed], [late])
    const told: Finding[] = []
    const masker = engine.start(show, { found: (finding) => told.push(finding) })
    for (const unit of 'abcdefghi') masker.push(unit)
    masker.end()
    expect(told.map(({ detector }) => detector).toSorted()).toEqual(['late', 'letters', 'mixed'])
    expect(masker.counts()).toEqual({ late: 1, letters: 1, mixed: 1 })
    expect(engine.findAll('abcdefghi').map(({ detector, start, end }) => [detector, start, end])).toEqual([
      ['letters', 0, 5],
      ['mixed', 3, 8],
      ['late', 6, 9],
    ])
  })

  it('see the words before, each for itself', () => {
    const context = { words: ['id'], required: true }
    const engine = compile([makeDetector('number', '\\b\\d{4}\\b', { context })], [letters])
    expect(engine.maskAll('1234 abc', show, { before: 'id' })).toBe('[number 0-4 1234] [letters 5-8 abc]')
    expect(engine.maskAll('1234 abc', show)).toBe('1234 [letters 5-8 abc]')
  })

  it('hold no more than what one of them has not decided', () => {
    const engine = compile([letters], [late])
    expect(pushes(engine, ['x ab', ' gh', 'x abcg', 'hi '])).toEqual([
      'x ',
      'ab ',
      'ghx [letters 9-12 abc]',
      '[late 12-15 ghi] ',
      '',
    ])
  })

  it('never split a pair of surrogates', () => {
    const engine = compile([makeDetector('face', '[\u{1f600}-\u{1f64f}]')], [letters])
    expect(wrongCuttings(engine, 'abc\u{1f600}\u{1f601}\ud83d abc\ude00', label)).toEqual([])
  })
})

describe('a long secret', () => {
  const key = makeDetector('key', 'BEGIN[A-Za-z ]*(?:END)?', { maxLength: 1000 })
  const name = makeDetector('name', '\\bbob\\b')

  it('has its label early in any tier when no other is pending, and what is within goes with it', () => {
    for (const tiers of [[[key], [name]] as const, [[name], [key]] as const]) {
      const engine = compile(...tiers)
      expect(pushes(engine, ['x BEGIN', 'abc', ' bob cEN', 'D. y'], label)).toEqual(['x ', '[key]', '', '. y', ''])
      expect(wrongCuttings(engine, 'x bob BEGIN abc bob bEND bob, bob.', label)).toEqual([])
    }
  })

  it('is of the strictest that overlaps where it becomes certain', () => {
    const begin = makeDetector('begin', '\\bNOBEGIN ab\\b')
    const engine = compile([begin], [key])
    expect(engine.maskAll('NOBEGIN ab c. x', show, { label })).toBe('[begin]. x')
    expect(wrongCuttings(engine, 'NOBEGIN ab c. x NOBEGIN abEND. x', label)).toEqual([])
  })

  it('is held where the replacement needs the value', () => {
    const engine = compile([name], [key])
    expect(pushes(engine, ['x BEGIN', 'abc', ' bob. y'])).toEqual(['x ', '', '[name 2-14 BEGINabc bob]. y', ''])
  })

  it('beyond its cap gives its first part, and what begins in the rest goes with it', () => {
    const capped = makeDetector('capped', 'k[a-z ]*!', { maxLength: 8 })
    const engine = compile([name], [capped])
    const text = 'q kabcdefghi bob kl! bob kab bob defghijklm. bob'
    expect(engine.maskAll(text, show)).toBe(
      'q [capped 2-10 kabcdefg] [name 21-24 bob] [name 25-33 kab bob ]. [name 45-48 bob]',
    )
    expect(wrongCuttings(engine, text)).toEqual([])
    expect(wrongCuttings(engine, text, label)).toEqual([])
  })
})

describe('what compileTiers makes', () => {
  it('of one tier, or of none, is an engine like any other', () => {
    expect(compile([letters], []).maskAll('abcdefgh', show)).toBe('[letters 0-5 abcde]fgh')
    expect(compile([]).maskAll('abc', show)).toBe('abc')
    expect(compile().maskAll('abc', show)).toBe('abc')
  })

  it('lists the mistakes of all tiers, each with its place', () => {
    const engine = compileTiers([[letters], [mixed, makeDetector('bad', 'a*')], [makeDetector('open', '(')]])
    expect('problems' in engine ? engine.problems.map(({ path }) => path) : []).toEqual([
      'tiers[1].detectors[1].pattern',
      'tiers[2].detectors[0].pattern',
    ])
  })
})
