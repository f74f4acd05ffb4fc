import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isClean } from './clean-json.ts'
import type { Detector } from './detector.ts'
import { maskJson, nest } from './framing/json-text.ts'
import { maskEverywhere, type Start } from './framing/place.ts'
import { toContextText } from './field-words.ts'
import { toKnownWords } from './known-words.ts'
import { allDetectors } from './packs.ts'
import { compileTiers, type TieredEngine } from './tiers.ts'

function compile(...tiers: readonly (readonly Detector[])[]): TieredEngine {
  const engine = compileTiers(tiers, { decodes: () => true })
  if ('problems' in engine) throw new Error(JSON.stringify(engine.problems))
  return engine
}

/** What masking the document, text by text, does: how many findings, and what changes. */
function walk(engine: TieredEngine, source: string, knows?: Start['isClean']) {
  let found = 0
  const start = Object.assign(
    nest((at) => engine.start(() => '[X]', { before: toContextText(at.key), found: () => void (found += 1) })),
    knows === undefined ? {} : { isClean: knows },
  )
  const { splices } = maskJson(source, maskEverywhere(start), start)
  return { found, splices }
}

function detector(name: string, pattern: string, more: Partial<Detector> = {}): Detector {
  return { name, class: 'X', pattern, maxLength: 64, ...more }
}

/** Such as go far beyond a text, and whose verifiers hold for some ends and not for others. */
const hostile = compile(
  [
    detector('far', String.raw`[x-z]["',:{}\[\] x-z0-9]{1,60}[0-9]`, { verify: (folded) => folded.length % 5 === 0 }),
    detector('sum', String.raw`\b\d[\d ,]{2,40}\d\b`, { verify: (folded) => digitSum(folded) % 7 === 0 }),
    detector('context', String.raw`\b\d{3}\b`, { context: { words: ['ssn', 'date of birth'], required: true } }),
  ],
  [
    detector('unless', String.raw`\b[A-Z]{3}\b`, { unless: { words: ['order id'] } }),
    detector('endless', 'qq[^w]*w', { maxLength: 12 }),
    detector('letters', '[a-c]{3}@[a-c]{3}'),
    detector('whole', String.raw`\b4100\b`),
  ],
)

const real = compile(allDetectors.slice(0, 20), allDetectors.slice(20))

function digitSum(text: string): number {
  return text.split('').reduce((sum, unit) => sum + (/[0-9]/.test(unit) ? Number(unit) : 0), 0)
}

const pieces: readonly string[] = [
  'x|yz|q|qq|w|abc|@|abc@abc|ABC|AB|order id |ssn |date of birth |of birth| ',
  '1|12|123|4100|41|5|.0|e2|-|--|,|:|{|[|]|}|"|\'|\\|\n|/',
  'YWJjQGFiYyBhYmNAYWJj|abc%40abc|%31%32%33|&#64;|\\u0040|616263406162634061626340|\u200b|Σ|а',
  '\ud83d|\ude00|\ufeff|“|１|078-05-1120|4111 1111 1111 1111|jane@mail.example.org|token|=',
].flatMap((list) => list.split('|'))

const text = fc.array(fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...pieces) }, fc.string({ maxLength: 4 })), {
  maxLength: 5,
})

const number = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.constantFrom('0', '1', '12', '123', '41', '410', '4100', '4111111111111111', '78051120'),
    fc.constantFrom('', '', '.0', '.00', '.1', '.5', '.123'),
    fc.constantFrom('', '', 'e2', 'E1', 'e+0', 'e-2'),
  )
  .map((parts) => parts.join(''))

const name = fc.oneof(
  text.map((parts) => parts.join('')),
  fc.constantFrom('ssn', 'patientSSN', 'dateOfBirth', 'order_id', 'content', 'a"b', 'order id', 'token'),
)

/** The source of any JSON: every spelling of strings and numbers, fields twice, JSON in strings. */
const { source } = fc.letrec<{ source: string; string: string }>((tie) => ({
  string: fc
    .tuple(
      fc.oneof(
        { weight: 5, arbitrary: text.map((parts) => parts.join('')) },
        { weight: 1, arbitrary: tie('source') },
        { weight: 1, arbitrary: fc.tuple(text, tie('source')).map(([before, inner]) => `${inner}${before.join('')}`) },
      ),
      fc.boolean(),
    )
    .map(([value, isEscaped]) => spell(value, isEscaped)),
  source: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { weight: 3, arbitrary: tie('string') },
    { weight: 1, arbitrary: number },
    { weight: 1, arbitrary: fc.constantFrom('true', 'null') },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.array(tie('source'), { maxLength: 4 }), fc.constantFrom(',', ' , ')).map(toList),
    },
    {
      weight: 3,
      arbitrary: fc
        .array(fc.tuple(name, tie('source')), { maxLength: 3 })
        .map((fields) => `{${fields.map(([key, value]) => `${spell(key, false)}: ${value}`).join(',')}}`),
    },
  ),
}))

function toList([values, between]: readonly [readonly string[], string]): string {
  return `[${values.join(between)}]`
}

function spell(value: string, isEscaped: boolean): string {
  const spelled = JSON.stringify(value)
  if (!isEscaped) return spelled
  return spelled.replaceAll(/[a-c4Σ]/gu, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

describe('a document that is called clean', () => {
  it.each([
    ['hostile detectors', hostile],
    ['all packs', real],
  ] as const)('has no finding in any of its texts, with %s', (_name, engine) => {
    let clean = 0
    fc.assert(
      fc.property(source, (json) => {
        if (!isClean(engine, json, [])) return
        clean += 1
        expect({ json, ...walk(engine, json) }).toEqual({ json, found: 0, splices: [] })
      }),
      { numRuns: 4_000 },
    )
    expect(clean).toBeGreaterThan(400)
  })
})

function chat(content: string): string {
  return JSON.stringify({ model: 'small', messages: [{ role: 'user', content }], temperature: 0.7, max_tokens: 400 })
}

describe('words that are known to hold nothing', () => {
  it.each([
    ['hostile detectors', hostile],
    ['all packs', real],
  ] as const)('change nothing of what is masked, with %s', (_name, engine) => {
    fc.assert(
      fc.property(source, (json) => {
        expect(walk(engine, json, engine.knows)).toEqual(walk(engine, json))
      }),
      { numRuns: 1_000 },
    )
  })

  it('are names alone, and not those that a detector finds', () => {
    const engine = compile([detector('name', 'anna')], [detector('digits', '[0-9]')])
    const words = ['role', 'max_tokens', 'anna', 'hello world', '', 'a1', '[a]', 'n'.repeat(25)]
    expect(words.filter(engine.knows)).toEqual(['role', 'max_tokens'])
    expect(words.filter(engine.knows)).toEqual(['role', 'max_tokens'])
  })

  it('are forgotten when there are too many', () => {
    let searched = 0
    const knows = toKnownWords(() => ((searched += 1), false))
    const words = Array.from({ length: 1_001 }, (_, i) => `w${i.toString(2).replaceAll('0', 'o').replaceAll('1', 'i')}`)
    for (const word of [...words, ...words.slice(0, 1)]) expect(knows(word)).toBe(true)
    expect(searched).toBe(1_002)
    expect(knows(words[0] ?? '')).toBe(true)
    expect(searched).toBe(1_002)
  })
})

describe('isClean', () => {
  it.each([
    ['prose', chat('Version 2.0 is out, he said: "see C:\\docs".\n')],
    ['JSON in a string', chat('{"a": [1, 2.50, "b"], "c": null}')],
    ['no object', '17'],
    ['nothing', '""'],
  ])('is true of %s', (_name, json) => {
    expect(isClean(real, json, [])).toBe(true)
    expect(walk(real, json)).toEqual({ found: 0, splices: [] })
  })

  it.each([
    ['a text', chat('call jane@mail.example.org')],
    ['a text in escapes', chat('call jane@mail.example.org').replace('@', '\\u0040')],
    ['a name', JSON.stringify({ 'jane@mail.example.org': 1 })],
    ['a number', '[4111111111111111]'],
    ['a number that is written otherwise', '{"n":4.111111111111111e15}'],
    ['a number in JSON in a string', chat('{"n":411111111111111100e-2}')],
    ['base64 in a text', chat('amFuZUBtYWlsLmV4YW1wbGUub3Jn')],
    ['the last piece of a long text', chat(`${'a '.repeat(9_000)}jane@mail.example.org`)],
  ])('is false with a value in %s', (_name, json) => {
    expect(isClean(real, json, [])).toBe(false)
    expect(walk(real, json).found).toBeGreaterThan(0)
  })

  it.each([
    ['a number too long to be held', chat(`[${'1'.repeat(5_000)}]`)],
    ['signs that may become a number too long', chat(`[${'-'.repeat(5_000)}]`)],
    ['a name too long', JSON.stringify({ ['n'.repeat(70_000)]: '' })],
    ['more brackets than are followed', `${'['.repeat(10_001)}${']'.repeat(10_001)}`],
    ['escapes in a string in a string', chat(JSON.stringify({ a: 'say "hello"' }))],
    ['an unfinished string', '"a'],
  ])('is false of %s', (_name, json) => {
    expect(isClean(real, json, [])).toBe(false)
  })

  it('is false where a candidate goes on behind its text and has too many ends to be tried', () => {
    const engine = compile([detector('first', '[a-c]{3}["0-9,]{1,60}', { verify: (folded) => folded === 'abc1' })])
    const json = `["abc1",${'1'.repeat(50)}]`
    expect(walk(engine, json).found).toBe(1)
    expect(isClean(engine, json, [])).toBe(false)
  })

  it('is false where a field has one of the names, however it is spelled', () => {
    const json = chat('hello')
    expect(isClean(real, json, ['logprobs'])).toBe(true)
    expect(isClean(real, json, ['logprobs', 'role'])).toBe(false)
    expect(isClean(real, json.replace('role', String.raw`r\u006fle`), ['role'])).toBe(false)
  })
})
