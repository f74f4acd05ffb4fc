// The text engine's one promise: for every cutting, what the pieces give equals what the whole gives; and what the whole gives is what
// the definition says, here written down once more in the plainest way, with RegExp.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Detector } from '../../policy/masking/detector.ts'
import { compileEngine } from '../../policy/masking/engine.ts'
import { foldText } from '../../policy/masking/fold.ts'
import type { Engine, Finding, Replace, StartOptions } from '../../policy/masking/masker.ts'
import { compileTiers } from '../../policy/masking/tiers.ts'
import { numRuns, runs } from './runs.ts'

function luhn(text: string): boolean {
  const digits = Array.from(text)
    .filter((character) => character >= '0' && character <= '9')
    .map(Number)
  const sum = digits
    .toReversed()
    .map((digit, i) => (i % 2 === 0 ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit))
    .reduce((all, digit) => all + digit, 0)
  return sum > 0 && sum % 10 === 0
}

const detectors: readonly Detector[] = [
  { name: 'card', class: 'PCI', pattern: '\\b\\d(?:[ -]?\\d){12,18}\\b', verify: luhn, maxLength: 64 },
  { name: 'ssn', class: 'PII', pattern: '\\b\\d{3}-\\d{2}-\\d{4}\\b', maxLength: 32 },
  {
    name: 'email',
    class: 'PII',
    pattern: '[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\\.[A-Za-z0-9-]{1,63}){1,8}\\b',
    maxLength: 640,
  },
  { name: 'odd', class: 'PII', pattern: '\\b[A-C]{2,9}\\b', verify: (text) => text.length % 2 === 1, maxLength: 32 },
  { name: 'ip', class: 'PII', pattern: '\\b(?:\\d{1,3}\\.){3}\\d{1,3}\\b', maxLength: 32 },
  { name: 'key', class: 'Secret', pattern: '(?i:token|key)\\s{0,3}[:=]\\s{0,3}[^\\s"]{4,}', maxLength: 128 },
  { name: 'pem', class: 'Secret', pattern: '-----BEGIN KEY-----[A-Za-z\\s]*(?:-----END KEY-----)?', maxLength: 256 },
]

const contextual: Detector = {
  name: 'record',
  class: 'PHI',
  pattern: '\\b\\d{6}\\b',
  context: { words: ['record', 'patient id'], required: true },
  maxLength: 16,
}

function compile(...tiers: readonly (readonly Detector[])[]): Engine {
  const [first = [], ...rest] = tiers
  const engine = rest.length === 0 ? compileEngine(first) : compileTiers(tiers)
  if ('problems' in engine) throw new Error(JSON.stringify(engine.problems))
  return engine
}

const capped: Detector = { name: 'capped', class: 'PII', pattern: 'q[a-z]*(?:!|;[a-z ]*9)', maxLength: 8 }

const tight: Detector = { ...capped, name: 'tight', pattern: '\\bq9+\\b', maxLength: 3 }
const engine = compile([...detectors, contextual, capped, tight])
const plain = compile(detectors)

const named = (...names: readonly string[]): readonly Detector[] => detectors.filter(({ name }) => names.includes(name))
const wide: Detector = { name: 'wide', class: 'PII', pattern: '[0-9 -]{4,20}', maxLength: 20 }
const tiered = compile(
  [capped, ...named('email', 'odd')],
  [...named('key', 'pem', 'ip'), contextual],
  [wide, tight, ...named('card', 'ssn')],
)
/** The definition of merging below knows no caps. */
const plainTiers = [named('email', 'ssn', 'odd'), [wide, ...named('key')], named('card', 'pem', 'ip')].map((tier) =>
  tier.map((detector) => ({ ...detector, maxLength: 4096 })),
)
const tieredPlain = compile(...plainTiers)
const singles = plainTiers.map((tier) => compile(tier))
const replace: Replace = ({ detector, start, end }, value) => `<${detector} ${start}-${end} ${value.slice(-2)}>`
const label: Replace = ({ detector }) => `<${detector}>`

const early: StartOptions = { label: (detector) => `<${detector}>` }
/** As a policy has it: some detectors have a label, of others what stands for them depends on the value. */
const mixed: StartOptions = { label: (detector) => (/key|pem|odd|tight/.test(detector) ? `<${detector}>` : undefined) }

function maskPieces(pieces: readonly string[], options: StartOptions = {}, by = engine): string {
  const masker = by.start(options === early ? label : replace, options)
  return pieces.map(masker.push).join('') + masker.end()
}

/** The definition: from each start on, the longest end whose verifier passes, ties by priority; then on behind it. */
function findNaively(text: string): readonly Finding[] {
  const found: Finding[] = []
  for (let start = 0; start < text.length;) {
    const match = matchNaively(text, start)
    if (match !== undefined) found.push(match)
    start = match?.end ?? start + 1
  }
  return found
}

function matchNaively(text: string, start: number): Finding | undefined {
  for (let end = Math.min(text.length, start + 250); end > start; end -= 1)
    for (const { name, class: dataClass, verify } of detectors) {
      const from = Math.max(0, start - 1)
      // One unit of context on both sides for \\b; the lookbehind holds the end in its place.
      const held = new RegExp(`(?:${toNative(name)})(?<=^[^]{${end - from}})`, 'y')
      held.lastIndex = start - from
      const window = text.slice(from, end + 1)
      const value = text.slice(start, end)
      if (held.test(window) && (verify?.(foldText(value)) ?? true))
        return { detector: name, class: dataClass, start, end }
    }
  return undefined
}

function toNative(name: string): string {
  const pattern = detectors.find((detector) => detector.name === name)?.pattern ?? ''
  return pattern.replace('(?i:token|key)', '(?:[tT][oO][kK][eE][nN]|[kK][eE][yY])')
}

const fixtures = [
  'pay 4111111111111111 now',
  '41111111111111111 4111 1111 1111 1111',
  '2026 4111 1111 1111 1111, 078-05-1120.',
  'mail john.doe@example.com. or a@b.c-d.e',
  'ABC ABCA AAB key= abcd"efgh" 10.0.0.1.2',
  'x -----BEGIN KEY-----\nabc\nabc-----END KEY----- y',
  '-----BEGIN KEY-----abc -----EN 4111111111111111',
  'record 123456, no 123456 PATIENT ID: 654321',
  '４１１１\u00a01111\u20111111\u200b1111 ok',
  'ј\u043ehn@ex\u0430mple.com 𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏 😀078-05-1120😀',
  'qabcdefghijk qabc;defghi 9 qab! q9999 q99 qabc!!',
  `4${'\u200b'.repeat(40)}1`,
  'key: 😀😀😀😀 \ud83d key:\udc00\udc00\udc00\udc00',
]

function* twoCuts(text: string): Generator<readonly string[]> {
  for (let i = 0; i <= text.length; i += 1)
    for (let j = i; j <= text.length; j += 1) yield [text.slice(0, i), text.slice(i, j), text.slice(j)]
}

it.each(fixtures)('masks %j the same for every one and two cuts', (text) => {
  const whole = engine.maskAll(text, replace)
  const labelled = engine.maskAll(text, label)
  const wrong: (readonly string[])[] = []
  for (const pieces of twoCuts(text))
    if (maskPieces(pieces) !== whole || maskPieces(pieces, early) !== labelled) wrong.push(pieces)
  expect(wrong).toEqual([])
  expect(maskPieces(text.split(''))).toBe(whole)
})

it.each(fixtures)('masks %j in tiers the same for every one and two cuts', (text) => {
  const wrong: unknown[] = []
  for (const options of [{}, early, mixed]) {
    const whole = tiered.maskAll(text, options === early ? label : replace, options)
    for (const pieces of [text.split(''), ...twoCuts(text)]) {
      const masked = maskPieces(pieces, options, tiered)
      if (masked !== whole) wrong.push({ pieces, masked, whole })
    }
  }
  expect(wrong).toEqual([])
})

const secret = fc.constantFrom(
  '4111111111111111',
  '4111 1111 1111 1111',
  '378282246310005',
  '078-05-1120',
  'john.doe@example.com',
  'ABC',
  'AABBC',
  'token = hunter2222',
  '-----BEGIN KEY-----\nabc',
  '-----END KEY-----',
  '10.20.30.40',
  'record 123456',
)
const piece = fc.oneof(
  secret,
  fc.constantFrom(
    ...' -.@:="\nabCAB019'.split(''),
    'key',
    'patient id ',
    '1.',
    '11-',
    '4111 ',
    'q',
    'qabc;',
    'qabcdefghij',
    '!',
    '99',
  ),
  secret.map((text) => text.slice(0, -1)),
  secret.map((text) => text.slice(1)),
)
const exotic = fc.constantFrom(
  '\u200b',
  '\u00ad',
  '\u00a0',
  '\u2011',
  '４',
  '＠',
  '\u0430',
  '\u0451',
  '😀',
  '\ud83d',
  '\ude00',
  '𝟒',
  'é',
)
const ascii = fc.array(piece, { maxLength: 14 }).map((parts) => parts.join(''))
const wild = fc
  .array(fc.oneof({ weight: 4, arbitrary: piece }, { weight: 1, arbitrary: exotic }), { maxLength: 14 })
  .map((parts) => parts.join(''))
const cuts = fc.array(fc.oneof(fc.nat({ max: 60 }), fc.nat({ max: 1000 })), { maxLength: 12 })

function cut(text: string, at: readonly number[]): readonly string[] {
  const places = [0, ...at.map((place) => Math.min(place, text.length)).toSorted((a, b) => a - b), text.length]
  return places.slice(1).map((place, i) => text.slice(places[i], place))
}

const many = { ...runs, numRuns: numRuns * 5 }

it('masks pieces as it masks the whole', () => {
  fc.assert(
    fc.property(wild, cuts, (text, at) => {
      expect(maskPieces(cut(text, at))).toBe(engine.maskAll(text, replace))
    }),
    many,
  )
})

it('gives labels early as it gives them late', () => {
  fc.assert(
    fc.property(wild, cuts, (text, at) => {
      expect(maskPieces(cut(text, at), early)).toBe(engine.maskAll(text, label))
    }),
    many,
  )
})

/** Any units: halves of pairs alone, in a row and the wrong way round, between parts of what is looked for. */
const unit = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0xd800, max: 0xdfff }).map((code) => String.fromCharCode(code)) },
  { weight: 1, arbitrary: fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code)) },
  { weight: 3, arbitrary: piece },
)
const units = fc.array(unit, { maxLength: 20 }).map((parts) => parts.join(''))

it('masks any units in pieces as it masks the whole, and breaks no pair', () => {
  fc.assert(
    fc.property(units, cuts, fc.constantFrom(engine, tiered), (text, at, by) => {
      const whole = by.maskAll(text, replace)
      expect(maskPieces(cut(text, at), {}, by)).toBe(whole)
      expect(by.maskAll(text.toWellFormed(), label).isWellFormed()).toBe(true)
      const masker = by.start(label)
      const pushed = [...cut(text.toWellFormed(), at).map(masker.push), masker.end()]
      expect(pushed.every((released) => released.isWellFormed())).toBe(true)
    }),
    many,
  )
})

it('masks pieces in tiers as it masks the whole', () => {
  fc.assert(
    fc.property(wild, cuts, fc.constantFrom({}, early, mixed), (text, at, options) => {
      const whole = tiered.maskAll(text, options === early ? label : replace, options)
      expect(maskPieces(cut(text, at), options, tiered)).toBe(whole)
    }),
    many,
  )
})

/** The definition: findings that overlap are one span, of the first of the strictest tier among them. */
function mergeNaively(text: string): string {
  const found = singles.flatMap((single, tier) => single.findAll(text).map((finding) => ({ tier, ...finding })))
  const spans: { readonly start: number; end: number; owner: (typeof found)[number] }[] = []
  for (const one of found.toSorted((a, b) => a.start - b.start || a.tier - b.tier)) {
    const span = spans.at(-1)
    if (span === undefined || one.start >= span.end) spans.push({ start: one.start, end: one.end, owner: one })
    else {
      span.end = Math.max(span.end, one.end)
      if (one.tier < span.owner.tier) span.owner = one
    }
  }
  let masked = ''
  let at = 0
  for (const { start, end, owner } of spans) {
    masked += text.slice(at, start) + replace({ ...owner, start, end }, text.slice(start, end))
    at = end
  }
  return masked + text.slice(at)
}

it('merges tiers as the definition says', () => {
  fc.assert(
    fc.property(ascii, (text) => {
      expect(tieredPlain.maskAll(text, replace)).toBe(mergeNaively(text))
      expect(tieredPlain.findAll(text)).toHaveLength(singles.flatMap((single) => single.findAll(text)).length)
    }),
    many,
  )
})

it('finds what the definition says', () => {
  fc.assert(
    fc.property(ascii, (text) => {
      expect(plain.findAll(text)).toEqual(findNaively(text))
    }),
    runs,
  )
})

// Where findings touch other text a label may move the boundary of that text; so they stand apart here.
const apart = fc.array(fc.oneof(secret, exotic, fc.constantFrom('4111', 'a.b@', 'CAB1')), { maxLength: 10 })

it('leaves nothing to find, where labels hold nothing', () => {
  fc.assert(
    fc.property(apart, (parts) => {
      const once = engine.maskAll(parts.join(' ; '), () => '#')
      expect(engine.maskAll(once, () => '#')).toBe(once)
    }),
    runs,
  )
})
