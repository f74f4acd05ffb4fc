import { describe, expect, it } from 'vitest'
import type { Detector } from './detector.ts'
import { compileDetectors, compileEngine } from './engine.ts'
import { card } from './detectors/card.ts'
import { cardPlain } from './detectors/card-plain.ts'
import type { Engine, Finding, Replace } from './masker.ts'
import { Scan } from './scan.ts'

function makeDetector(detector: Partial<Detector>): Detector {
  return { name: 'it', class: 'PII', pattern: '\\b\\d{3}-\\d{2}\\b', maxLength: 64, ...detector }
}

function compile(...detectors: readonly Partial<Detector>[]): Engine {
  const engine = compileEngine(detectors.map(makeDetector))
  if ('problems' in engine) throw new Error(engine.problems.map(({ message }) => message).join())
  return engine
}

const label: Replace = ({ detector }) => `[${detector}]`

function mask(text: string, ...detectors: readonly Partial<Detector>[]): string {
  return compile(...detectors).maskAll(text, label)
}

/** What each push lets go, and the end. */
function pushes(engine: Engine, pieces: readonly string[], early = false): readonly string[] {
  const masker = engine.start(label, early ? { label: (detector) => `[${detector}]` } : {})
  return [...pieces.map(masker.push), masker.end()]
}

describe('what is masked', () => {
  it.each([
    ['a match', 'a 123-45 b', 'a [it] b'],
    ['every match', '123-45 123-45', '[it] [it]'],
    ['nothing that goes on', '123-456', '123-456'],
    ['nothing after a word character', 'x123-45', 'x123-45'],
    ['beside letters of other scripts', '号123-45号', '[it]'.replace(/^|$/g, '号')],
    ['beside look-alikes, which are no word characters there', '\u0430123-45\u0430', '\u0430[it]\u0430'],
    ['full-width digits', '１２３-４５', '[it]'],
    ['mathematical digits', '𝟏𝟐𝟑-𝟒𝟓', '[it]'],
    ['Unicode dashes', '123\u201345', '[it]'],
    ['characters nobody sees within', '1\u200b2\u00ad3-4\u20605', '[it]'],
    ['and not those around', '\u200b123-45\u200b!', '\u200b[it]\u200b!'],
    ['not across what only looks like nothing', 'x\u200b123-45', 'x\u200b123-45'],
  ])('%s', (_, text, masked) => {
    expect(mask(text, {})).toBe(masked)
  })

  it('takes the longest match, and the first detector of equals', () => {
    const short = { name: 'short', pattern: 'ab' }
    const long = { name: 'long', pattern: 'abc+' }
    const same = { name: 'same', pattern: '[a-c]+' }
    expect(mask('abccc', short, long, same)).toBe('[long]')
    expect(mask('abccc', short, same, long)).toBe('[same]')
    expect(mask('abx', long, short)).toBe('[short]x')
  })

  it('falls back to a shorter end, and to a later start, when a verifier refuses', () => {
    const even = { pattern: '\\d+', verify: (text: string) => text.length === 4 }
    expect(mask('a 12345 1234', even)).toBe('a [it]5 [it]')
    const starting = { pattern: '\\b\\d{4}(?: \\d{4})?\\b', verify: (text: string) => text.startsWith('41') }
    expect(mask('2026 4111 1111', starting)).toBe('2026 [it]')
  })

  it('shows verifiers the folded text', () => {
    expect(mask('４\u200b１', { pattern: '\\d\\d', verify: (text) => text === '41' })).toBe('[it]')
  })

  it('takes look-alikes for Latin only among Latin letters', () => {
    const word = { pattern: '\\b[a-z]{3,}\\b' }
    expect(mask('\u0441op \u0441\u043e\u0440', word)).toBe('[it] \u0441\u043e\u0440')
    expect(mask('\u0441\u043e\u0440', { pattern: '\u0441\u043e\u0440' })).toBe('[it]')
  })

  it('gives the original value and offsets to what replaces it', () => {
    const seen: unknown[] = []
    compile({}).maskAll('x １２３-45', (finding, value) => {
      seen.push(finding, value)
      return ''
    })
    expect(seen).toEqual([{ detector: 'it', class: 'PII', start: 2, end: 8 }, '１２３-45'])
  })

  it('never splits a pair of surrogates', () => {
    expect(mask('a\u{1f600}b', { pattern: '[^a]' })).toBe('a[it][it]')
    expect(pushes(compile({ pattern: '[^a]' }), ['a\ud83d', '\ude00b']).join('|')).toBe('a|[it][it]|')
  })

  it('folds the case where asked', () => {
    expect(mask('ToKen token', { pattern: '(?i:token)' })).toBe('[it] [it]')
    expect(mask('ToKen token', { pattern: 'token' })).toBe('ToKen [it]')
  })
})

describe('context words', () => {
  const detector = { pattern: '\\b\\d{6}\\b', context: { words: ['MRN', 'patient id'], required: true } }

  it.each([
    ['mrn 123456', 'mrn [it]'],
    ['Patient ID: 123456', 'Patient ID: [it]'],
    ['\u041cRN 123456', '\u041cRN [it]'],
    ['xmrn 123456', 'xmrn 123456'],
    ['123456 mrn', '123456 mrn'],
    [`mrn ${' '.repeat(100)}123456`, `mrn ${' '.repeat(100)}123456`],
  ])('%j', (text, masked) => {
    expect(mask(text, detector)).toBe(masked)
    expect(pushes(compile(detector), text.split('')).join('')).toBe(masked)
  })

  it('need not stand there when they are not required', () => {
    expect(mask('123456', { ...detector, context: { words: ['mrn'], required: false } })).toBe('[it]')
  })

  it.each([
    ['mrn', '[it]'],
    ['Patient ID', '[it]'],
    ['primermrn', '123456'],
    [`mrn${'x'.repeat(96)}`, '123456'],
  ])('may be the name of the field: %s', (before, masked) => {
    const engine = compile(detector)
    expect(engine.maskAll('123456', label, { before })).toBe(masked)
    expect(engine.findAll('123456', before)).toHaveLength(masked === '[it]' ? 1 : 0)
    const masker = engine.start(label, { before })
    expect(masker.push('123') + masker.push('456') + masker.end()).toBe(masked)
  })

  it('are not made of the name of the field and the text', () => {
    expect(compile(detector).maskAll('n 123456', label, { before: 'mr' })).toBe('n 123456')
  })
})

describe('words that speak against a finding', () => {
  const against = { pattern: '\\b\\d{6}\\b', unless: { words: ['order', 'ticket no'] } }
  const both = { ...against, context: { words: ['mrn'], required: false } }

  it.each([
    ['order 123456', against, 'order 123456'],
    ['Ticket No: 123456', against, 'Ticket No: 123456'],
    ['reorder 123456', against, 'reorder [it]'],
    ['123456 order', against, '[it] order'],
    [`order ${' '.repeat(100)}123456`, against, `order ${' '.repeat(100)}[it]`],
    ['order of mrn 123456', both, 'order of mrn [it]'],
    ['order mrn 123456', { ...both, context: { words: ['mrn'], required: true } }, 'order mrn 123456'],
  ])('%j', (text, one, masked) => {
    expect(mask(text, one)).toBe(masked)
    expect(pushes(compile(one), text.split('')).join('')).toBe(masked)
  })

  it('let all but few of random ids of sixteen digits pass', () => {
    const engine = compile(card, cardPlain)
    const words = ['order', 'Order ID:', 'id =', 'Invoice', 'tracking number', 'transaction id', 'ref', 'ticket']
    let state = 7
    const digit = (): number => (state = (state * 48_271) % 2_147_483_647) % 10
    const texts = Array.from({ length: 4000 }, (_, i) => {
      const id = Array.from({ length: 16 }, digit).join('')
      return `The ${words[i % words.length]} ${id} was sent.`
    })
    expect(texts.filter((text) => engine.findAll(text).length > 0).length).toBeLessThan(texts.length / 100)
    const cards = words.map((word) => `The ${word} card 4111111111111111 was sent.`)
    expect(cards.filter((text) => engine.findAll(text).length > 0)).toEqual(cards)
  })
})

describe('a stream', () => {
  it('holds from the first start that may match, and lets the rest go', () => {
    expect(pushes(compile({}), ['see 12', '3-', '45', '6 a', ' 123-45', ' z'])).toEqual([
      'see ',
      '',
      '',
      '123-456 a',
      ' ',
      '[it] z',
      '',
    ])
  })

  it('decides what is held when it ends', () => {
    expect(pushes(compile({}), ['123-45'])).toEqual(['', '[it]'])
    expect(pushes(compile({}), ['123-4'])).toEqual(['', '123-4'])
  })

  it('counts what it replaced', () => {
    const masker = compile({}).start(label)
    masker.push('123-45 123-45 ')
    expect(masker.counts()).toEqual({ it: 2 })
  })

  it('tells of every finding, with its place in the whole', () => {
    const told: Finding[] = []
    const masker = compile({}).start(label, { found: (finding) => told.push(finding) })
    masker.push('a 123-4')
    expect(told).toEqual([])
    masker.push('5 123-45')
    masker.end()
    expect(told.map(({ start, end }) => [start, end])).toEqual([
      [2, 8],
      [9, 15],
    ])
  })

  const secret = { name: 'key', pattern: 'BEGIN[a-z]*(?:END)?', maxLength: 1000 }

  it('gives the label early and drops the rest', () => {
    expect(pushes(compile(secret), ['x BEGIN', 'abc', 'defEN', 'D y'], true)).toEqual(['x ', '[key]', '', ' y', ''])
    expect(pushes(compile(secret), ['x BEGIN', 'abcEN', 'x'], true)).toEqual(['x ', '[key]', 'ENx', ''])
  })

  it('holds it all where the replacement needs the value', () => {
    expect(pushes(compile(secret), ['x BEGIN', 'abc', ' y'])).toEqual(['x ', '', '[key] y', ''])
  })

  it('gives no early label while another detector may win', () => {
    const other = { name: 'other', pattern: 'BEGINab9' }
    expect(pushes(compile(secret, other), ['BEGIN', 'a', 'b9 '], true)).toEqual(['', '', '[other] ', ''])
  })
})

describe('beyond its cap', () => {
  const capped = { pattern: 'k[a-z]*!', maxLength: 8 }

  it('is masked the same for every cutting, and whether or not an end comes', () => {
    const text = 'q kabcdefghijkl k! kabcdefghijklmnop! kab'
    const whole = mask(text, capped)
    expect(whole).toBe('q [it] [it] [it] kab')
    for (let size = 1; size < text.length; size += 1) {
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
        text.slice(i * size, (i + 1) * size),
      )
      expect(pushes(compile(capped), pieces).join('')).toBe(whole)
    }
  })

  it('is masked as far as it may still match', () => {
    expect(mask('kabcdefg!', { ...capped })).toBe('[it]')
    expect(mask('kabcdef!', { ...capped })).toBe('[it]')
    expect(mask('x kabcdefghijkl z', capped)).toBe('x [it] z')
    expect(compile(capped).findAll('x kabcdefghijkl z')).toEqual([{ detector: 'it', class: 'PII', start: 2, end: 15 }])
  })

  it('is masked as well when all text ends there', () => {
    expect(mask('kabcdefg', capped)).toBe('kabcdefg')
    expect(mask('kabcdefgh', capped)).toBe('[it]')
    expect(mask('k\u{1f600}', { pattern: 'k[^!]*!', maxLength: 2 })).toBe('[it]')
    expect(mask('\u{1f600}', { pattern: '[^!]+!', maxLength: 1 })).toBe('[it]')
  })

  it('leaves in a stream at once, and no more is held', () => {
    const scan = new Scan(compiled(capped), { replace: (_, value) => `[${value}]` })
    expect(scan.advance('kabcdefgh', false)).toBe('[kabcdefg]')
    expect(scan.advance('ijkl', false)).toBe('')
    expect(scan.held).toBe(0)
    expect(scan.advance('m z', true)).toBe(' z')
  })

  it('covers floods of characters nobody sees', () => {
    const scan = new Scan(compiled({}), { replace: label })
    expect(scan.advance(`1${'\u200b'.repeat(300)}`, false)).toBe('[it]')
    expect(scan.advance('\u200b'.repeat(1000), false)).toBe('')
    expect(scan.held).toBe(0)
    expect(scan.advance('23-45 z', true)).toBe(' z')
  })
})

function compiled(
  ...detectors: readonly Partial<Detector>[]
): Exclude<ReturnType<typeof compileDetectors>, { problems: unknown }> {
  const made = compileDetectors(detectors.map(makeDetector))
  if ('problems' in made) throw new Error(made.problems.map(({ message }) => message).join())
  return made
}

describe('hostile text', () => {
  const email = {
    name: 'email',
    pattern: '[A-Za-z0-9._-]{1,64}@[A-Za-z0-9-]{1,63}(?:\\.[A-Za-z0-9-]{1,63}){1,8}\\b',
    maxLength: 640,
  }
  const digits = { name: 'card', pattern: '\\b\\d(?:[ -]?\\d){12,18}\\b', maxLength: 64, verify: () => false }
  const key = { name: 'key', pattern: '(?i:key)\\s{0,4}[:=]\\s{0,4}[^\\s]{8,}', maxLength: 128 }

  it.each(['a', 'a@', 'a@a.', 'a-', '1 ', '1', 'key', 'key=', ' ', '4111 ', '\u200b4', '\u0430'])(
    'costs steps in proportion: %j',
    (unit) => {
      const engine = compiled(email, digits, key)
      const steps = (length: number): number => {
        const scan = new Scan(engine, { replace: label })
        const text = unit.repeat(Math.ceil(length / unit.length)).slice(0, length)
        for (let i = 0; i < length; i += 50) scan.advance(text.slice(i, i + 50), false)
        scan.advance('', true)
        return scan.steps
      }
      const once = steps(2000)
      expect(steps(4000)).toBeLessThanOrEqual(once * 2.3)
      expect(once).toBeLessThan(2000 * 150)
    },
  )
})

function problems(...detectors: readonly Partial<Detector>[]): readonly unknown[] {
  const engine = compileEngine(detectors.map(makeDetector))
  return 'problems' in engine
    ? engine.problems.map(({ path, column, message }) => `${path}:${column ?? ''} ${message}`)
    : []
}

describe('what compileEngine refuses', () => {
  it('lists all mistakes, each with its place', () => {
    expect(
      problems({ name: 'a', pattern: 'x(?=y)' }, { name: 'b' }, { name: 'b', pattern: 'x*', maxLength: 0 }),
    ).toEqual([
      expect.stringMatching(/^detectors\[0\]\.pattern:2 only/),
      expect.stringMatching(/^detectors\[2\]\.pattern: matches the empty text/),
      expect.stringMatching(/^detectors\[2\]\.maxLength: must be from 1/),
      expect.stringMatching(/^detectors\[2\]\.name: another/),
    ])
  })

  it.each([
    ['unrolls too far', '(?:(?:a{900}){900}){900}', /unrolls to more than/],
    ['has too many states', '[ab]*a[ab]{20}c', /too many states/],
  ])('refuses a pattern that %s', (_, pattern, message) => {
    expect(problems({ pattern })).toEqual([expect.stringMatching(message)])
  })

  it('takes long lists of terms', () => {
    const terms = Array.from({ length: 500 }, (_, i) => `term${i}x`)
    expect(mask('a term42x b', { pattern: `\\b(?:${terms.join('|')})\\b` })).toBe('a [it] b')
  })
})
