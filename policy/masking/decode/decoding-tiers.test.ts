// Tiers that decode, as an engine: what is masked, what two tiers make of one run, and that pieces make no difference.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Detector } from '../detector.ts'
import type { Engine, Replace } from '../masker.ts'
import { compileTiers } from '../tiers.ts'
import { longestRun } from './encoded-scan.ts'

const number: Detector = { name: 'number', class: 'PII', pattern: '\\b\\d{3}-\\d{4}\\b', maxLength: 8 }
const word: Detector = { name: 'word', class: 'Secret', pattern: '(?i:opensesame)', maxLength: 10 }

function compile(...tiers: readonly (readonly Detector[])[]): Engine {
  const engine = compileTiers(tiers, { decodes: () => true })
  if ('problems' in engine) throw new Error('the detectors of the test are wrong')
  return engine
}

const show: Replace = ({ detector }) => `[${detector}]`
const encoded = btoa('call 555-0100 and say opensesame')

describe('an engine that decodes', () => {
  it.each([
    ['what stands there plain', '555-0100 and opensesame', '[number] and [word]'],
    ['a whole encoded run', `a ${btoa('call 555-0100 now')} b`, 'a [number] b'],
    ['only what is escaped of others', 'https://x.example/?q=555%2D0100&r=1', 'https://x.example/?q=[number]&r=1'],
    ['plain and escaped in one run', '555-0100;555%2D0100', '[number];[number]'],
    ['a run for the strictest tier that finds something in it', `x ${encoded} y`, 'x [word] y'],
    [
      'nothing else',
      'a/path/to/some/file and aGVsbG8gd29ybGQgYW5kIG1vcmU=',
      'a/path/to/some/file and aGVsbG8gd29ybGQgYW5kIG1vcmU=',
    ],
  ])('masks %s', (_, text, masked) => {
    expect(compile([word], [number]).maskAll(text, show)).toBe(masked)
  })

  it('finds what it masks', () => {
    const engine = compile([word], [number])
    expect(engine.findAll(`x ${encoded}`).map(({ detector }) => detector)).toEqual(['word', 'number'])
  })

  it('masks a run that is too long to be looked into, whatever is in it', () => {
    expect(compile([number]).maskAll(`x ${'AAAA'.repeat(longestRun / 4)}B y`, show)).toBe('x [number] y')
    expect(compile([number]).maskAll(`x ${'AAAA'.repeat(longestRun / 4)} y`, show)).not.toContain('[')
  })

  it('looks into what is encoded for those tiers alone that ask for it', () => {
    const some = compileTiers([[word], [number]], { decodes: ([first]) => first === number })
    expect('maskAll' in some && some.maskAll(`x ${encoded} opensesame`, show)).toBe('x [number] [word]')
    const none = compileTiers([[number]])
    expect('maskAll' in none && none.maskAll(encoded, show)).toBe(encoded)
  })

  it('gives the same for every cutting', () => {
    const engine = compile([word], [number])
    const parts = [
      encoded,
      '555%2D0100',
      '555-0100',
      ' ',
      'open',
      'sesame',
      '%',
      ',',
      '\u00e9',
      '&#45;',
      '555',
      '0100',
      '\ud83d\ude80',
      'NTU',
    ]
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...parts), { maxLength: 8 }),
        fc.array(fc.nat(60), { maxLength: 6 }),
        (texts, cuts) => {
          const text = texts.join('')
          const masker = engine.start(show, { label: (detector) => `[${detector}]` })
          let out = ''
          let at = 0
          for (const cut of cuts) {
            out += masker.push(text.slice(at, at + cut))
            at += cut
          }
          expect(out + masker.push(text.slice(at)) + masker.end()).toBe(engine.maskAll(text, show))
        },
      ),
      { numRuns: 300 },
    )
  })
})
