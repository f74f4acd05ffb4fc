import { describe, expect, it } from 'vitest'
import { countStates } from './automata/nfa.ts'
import { toDictionaryDetector } from './dictionary.ts'
import { compileEngine } from './engine.ts'
import type { Engine } from './masker.ts'
import { parsePattern } from './pattern.ts'

function compile(terms: readonly string[]): Engine {
  const detector = toDictionaryDetector({ name: 'projects', class: 'Internal', terms })
  if ('problem' in detector) throw new Error(detector.problem)
  const engine = compileEngine([detector])
  if ('problems' in engine) throw new Error(engine.problems.map(({ message }) => message).join())
  return engine
}

/** Text with « and » around each term that is found. */
function mark(text: string, ...terms: readonly string[]): string {
  return compile(terms).maskAll(text, (_, value) => `«${value}»`)
}

describe('a term', () => {
  it.each([
    ['in any case', 'ACME, acme and aCmE', '«ACME», «acme» and «aCmE»', ['Acme']],
    ['as a whole word', 'acmes, hacme, acme2 and acme.', 'acmes, hacme, acme2 and «acme».', ['Acme']],
    ['beside underscores and hyphens', 'my_acme_key and x-acme-y', 'my_«acme»_key and x-«acme»-y', ['acme']],
    ['joined to another by one', 'acme_zeus', '«acme»_«zeus»', ['acme', 'zeus']],
    [
      'of words with anything between',
      'x ray, X-Ray, X -- ray, x_ray, xray',
      '«x ray», «X-Ray», «X -- ray», «x_ray», xray',
      ['X-ray'],
    ],
    ['of words over line ends', 'Blue\r\n  Falcon', '«Blue\r\n  Falcon»', ['blue falcon']],
    ['the longest that fits', 'blue falcon two', '«blue falcon two»', ['blue', 'blue falcon', 'blue falcon two']],
    ['a shorter one where the longer does not go on', 'blue falcons', '«blue» falcons', ['blue', 'blue falcon']],
    ['with accents', 'MÜLLER & Söhne, andrÉ', '«MÜLLER & Söhne», «andrÉ»', ['Müller Söhne', 'André']],
    ['that begins with an accent', 'Ärger, xärger', '«Ärger», xärger', ['ärger']],
    ['of other scripts', 'Это Москва, МОСКВА!', 'Это «Москва», «МОСКВА»!', ['москва']],
    ['of scripts without spaces', '在东京都办公', '在«东京都»办公', ['东京都']],
    ['with digits', 'R2-D2 and r2d2', '«R2-D2» and r2d2', ['R2 D2']],
    ['with signs that have a meaning in patterns', 'a (b|c)* [x] c++', '«a (b|c»)* [x] «c»++', ['a (b|c)*', 'c++']],
    ['written in full width', 'ＡＣＭＥ', '«ＡＣＭＥ»', ['acme']],
    ['with characters that nobody sees', 'ac\u200bme', '«ac\u200bme»', ['acme']],
    ['with look-alikes', 'аcme', '«аcme»', ['acme']],
    ['with a picture between its words', 'blue 🚀 falcon', '«blue 🚀 falcon»', ['blue falcon']],
    ['of one letter', 'plan b, bb', 'plan «b», bb', ['B']],
  ])('is found %s', (_, text, marked, terms) => {
    expect(mark(text, ...terms)).toBe(marked)
  })

  it('is the same for every cutting', () => {
    const engine = compile(['blue', 'blue falcon', 'falcon two', 'acme'])
    const text = 'a blue  falcon_two, acme-blue falcon; falcon\ntwo bluefalcon'
    const whole = engine.maskAll(text, () => '*')
    for (let cut = 0; cut <= text.length; cut += 1) {
      const masker = engine.start(() => '*')
      expect(masker.push(text.slice(0, cut)) + masker.push(text.slice(cut)) + masker.end()).toBe(whole)
    }
  })

  it('may begin as many others do', () => {
    const terms = Array.from({ length: 120 }, (_, index) => 'a'.repeat(index + 1))
    expect(mark(`${'a'.repeat(119)} ${'a'.repeat(121)}`, ...terms)).toBe(`«${'a'.repeat(119)}» ${'a'.repeat(121)}`)
  })
})

/** Pronounceable, and none like the next. */
function makeTerms(count: number): readonly string[] {
  const syllables =
    'an bel cor dra el fon gar hil is jo kar lum mor nes or pra qui ros sta tel un ver wes xi yor'.split(' ')
  return Array.from({ length: count }, (_, index) => {
    const digits = Array.from(((index + 1) * 7919).toString(25), (digit) => syllables[Number.parseInt(digit, 25)])
    return `${digits.join('')} x`
  })
}

describe('a list', () => {
  it('of five thousand terms is taken', () => {
    expect(toDictionaryDetector({ name: 'projects', class: 'Internal', terms: makeTerms(5000) })).toHaveProperty(
      'terms',
      true,
    )
  })

  it('of many terms finds them all', () => {
    const terms = makeTerms(1000)
    const engine = compile(terms)
    const text = terms.filter((_, index) => index % 10 === 0).join(' is not ')
    expect(engine.findAll(text)).toHaveLength(100)
  })

  it.each([
    ['no terms', [], /no terms/],
    ['too many terms', Array.from({ length: 5001 }, (_, index) => `t${index}`), /more than 5000 terms/],
    ['a term of signs alone', ['acme', '—!'], /^term 2 has neither/],
    ['a term too long', ['acme', 'x'.repeat(257)], /^term 2 is longer than 256/],
    [
      'terms too long together',
      Array.from({ length: 2500 }, (_, index) => `${index}${'x'.repeat(200)}`),
      /^the terms are too long together, from term 12\d\d on/,
    ],
  ])('with %s is refused', (_, terms, problem) => {
    const refused = toDictionaryDetector({ name: 'projects', class: 'Internal', terms })
    expect('problem' in refused ? refused.problem : '').toMatch(problem)
  })

  it('takes no more of the engine than it is counted as, with the room that is left for the ends of terms', () => {
    const terms = Array.from({ length: 400 }, (_, index) => `${String(index * 7919).padStart(7, '0')} é b c d`)
    const detector = toDictionaryDetector({ name: 'projects', class: 'Internal', terms })
    const parsed = parsePattern('pattern' in detector ? detector.pattern : '(')
    const states = 'node' in parsed ? countStates(parsed.node) : Infinity
    const counted = terms.reduce((sum, term) => sum + term.length + 3 * (term.split(' ').length - 1), 0)
    expect(states).toBeLessThan(1.2 * counted)
  })
})
