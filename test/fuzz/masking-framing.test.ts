// The framing layers of the mask, over a masker of literal words: whatever the cutting, masked JSON is the JSON of the masked
// value, and what was not masked is there byte for byte.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { compileEngine } from '../../policy/masking/engine.ts'
import { ChannelSet, type Channel } from '../../policy/masking/framing/channels.ts'
import { startBytes } from '../../policy/masking/framing/bytes.ts'
import { startJsonLines } from '../../policy/masking/framing/json-lines.ts'
import { maskJson, nest, startJson } from '../../policy/masking/framing/json-text.ts'
import { overlay } from '../../policy/masking/framing/overlay.ts'
import { fields, keep, maskEverywhere, nowhere, type Place } from '../../policy/masking/framing/place.ts'
import { applySplices } from '../../policy/masking/framing/sink.ts'
import { toBytes, toText } from '../../policy/masking/framing/surrogate-escape.ts'
import { startWhole } from '../../policy/masking/framing/whole-value.ts'
import type { Masker } from '../../policy/masking/masker.ts'
import { maskWords, startWords } from '../helpers/word-masker.ts'
import { numRuns, runs } from './runs.ts'

const words = { '4111': '[CARD]', 'a"b': '\\"', '😀!': '😁', xy: '', 'q\\': 'q\\q', é: 'é\n', cc: 'cc' } as const
const start = (): Masker => startWords(words)
const place = maskEverywhere(start)

const through = (): Masker => ({ push: (text) => text, end: () => '', counts: () => ({}) })

const fragment = fc.constantFrom(
  '4111',
  '41',
  '11',
  'a"b',
  'a',
  '"',
  'b',
  '😀!',
  '😀',
  '!',
  '\ud83d',
  '\ude00',
  'xy',
  'x',
)
const more = fc.constantFrom('q\\', 'q', '\\', 'é', 'c', '\n', '{', ' ', '[', 'u0041', '/', '\u2028')
const plainText = fc.array(fc.oneof(fragment, more), { maxLength: 8 }).map((all) => all.join(''))

/** A string as JSON, its units spelled in any of the ways there are. */
const spelled = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(text, fc.array(fc.nat(3), { minLength: 1, maxLength: 6 })).map(([units, ways]) => {
    const parts = [...Array(units.length).keys()].map((i) => spell(units.charAt(i), ways[i % ways.length] ?? 0))
    return `"${parts.join('')}"`
  })

function spell(unit: string, way: number): string {
  const code = unit.charCodeAt(0).toString(16).padStart(4, '0')
  if (way === 1) return `\\u${code}`
  if (way === 2) return `\\u${code.toUpperCase()}`
  return unit === '/' && way === 3
    ? '\\/'
    : JSON.stringify(unit)
        .slice(1, -1)
        .replace(/^\\ud.*/u, unit)
}

const number = fc.constantFrom(
  '4111',
  '-4111',
  '41110',
  '4.111e3',
  '41.11E+2',
  '4111.00',
  '41',
  '0',
  '1e999',
  '-0.5e-3',
)
const blanks = fc.constantFrom('', '', ' ', '\n\t')

function jsonOf(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.letrec<{ value: string; pair: [string, string] }>((tie) => ({
    pair: fc.tuple(spelled(text), tie('value')),
    value: fc
      .tuple(
        blanks,
        fc.oneof(
          { maxDepth: 4, withCrossShrink: true },
          fc.oneof(spelled(text), number, fc.constantFrom('true', 'false', 'null')),
          fc.array(tie('value'), { maxLength: 4 }).map((all) => `[${all.join(',')}]`),
          fc
            .array(tie('pair'), { maxLength: 4 })
            .map((all) => `{${all.map(([key, value], i) => ` "${i}#${key.slice(1)} :${value}`).join(',')}}`),
        ),
        blanks,
      )
      .map((all) => all.join('')),
  })).value
}

const json = jsonOf(plainText)
const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 6 })

function inPieces(masker: Masker, text: string, at: readonly number[]): string {
  const sorted = [...at, 0, text.length].filter((cut) => cut <= text.length).toSorted((a, b) => a - b)
  const pieces = sorted.map((cut, i) => text.slice(cut, sorted[i + 1] ?? cut))
  return pieces.map((piece) => masker.push(piece)).join('') + masker.end()
}

function inUnits(masker: Masker, text: string): string {
  return text.split('').map(masker.push).join('') + masker.end()
}

interface Source {
  readonly source?: string
}

/** The value with its texts masked, by a way of its own. */
function maskValue(text: string, maskText: (text: string) => string): unknown {
  return JSON.parse(text, (_, value: unknown, context?: Source) => {
    if (typeof value === 'string') return maskText(value)
    if (typeof value === 'number') return maskNumber(value, context?.source ?? '')
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [maskWords(key, words), each]))
  })
}

function maskNumber(value: number, source: string): number | string {
  const masked = maskWords(source, words)
  if (masked !== source) return masked
  const digits = Number.isInteger(value) ? BigInt(Math.abs(value)).toString() : ''
  const other = maskWords(digits, words)
  return other === digits ? value : other
}

it('masks JSON as its value would be masked, for every cutting', () => {
  fc.assert(
    fc.property(json, cuts, (text, at) => {
      const { splices } = maskJson(text, place, start)
      const whole = applySplices(text, splices)
      expect(JSON.parse(whole)).toStrictEqual(maskValue(text, (each) => maskWords(each, words)))
      expect(inPieces(startJson(place, start), text, at)).toBe(whole)
      expect(inUnits(startJson(place, start), text)).toBe(whole)
    }),
    runs,
  )
})

it('touches nothing but the strings and numbers in which it found something', () => {
  fc.assert(
    fc.property(json, (text) => {
      const tokens = [...text.matchAll(/"(?:[^"\\]|\\.)*"|-?[0-9][-+.0-9eE]*/gu)]
      const touched = tokens.filter(([token]) => {
        const value: unknown = JSON.parse(token)
        return typeof value === 'string'
          ? maskWords(value, words) !== value
          : maskNumber(Number(token), token) !== value
      })
      for (const { start: from, end } of maskJson(text, place, start).splices) {
        expect(touched.some(({ index, 0: token }) => index <= from && end <= index + token.length)).toBe(true)
      }
    }),
    runs,
  )
})

const nested = (levels: number): fc.Arbitrary<string> =>
  levels === 0
    ? json
    : jsonOf(
        fc.oneof(
          plainText.map((text) => `w${text}`),
          nested(levels - 1),
        ),
      )

it('masks JSON in strings of JSON as its value', () => {
  const masker = nest(start)
  const maskText = (text: string, levels: number): string => {
    if (levels === 0 || !/^\s*["[{]/u.test(text)) return maskWords(text, words)
    return JSON.stringify(maskValue(text, (each) => maskText(each, levels - 1)))
  }
  const normal = (value: unknown): unknown => JSON.parse(JSON.stringify(value), (_, each: unknown) => plain(each))
  const plain = (each: unknown): unknown => {
    if (typeof each !== 'string' || !/^\s*["[{]/u.test(each)) return each
    try {
      return { nested: normal(JSON.parse(each)) }
    } catch {
      return each
    }
  }
  fc.assert(
    fc.property(
      nested(2).filter((text) => /^\s*["[{]/u.test(text)),
      cuts,
      (text, at) => {
        const whole = inPieces(masker(nowhere), text, [])
        expect(normal(JSON.parse(whole))).toStrictEqual(normal(JSON.parse(maskText(text, 3))))
        expect(inPieces(masker(nowhere), text, at)).toBe(whole)
      },
    ),
    // Shrinking strings in strings in strings takes longer than anybody waits.
    { ...runs, endOnFailure: true },
  )
})

const anything = fc
  .array(
    fc.oneof(
      fragment,
      more,
      fc.constantFrom('"', '\\u00', '\\', '{"', '":', ',', ']', '}', '1', 'e', 'true', 'NaN', ' '),
    ),
  )
  .map((all) => all.join(''))

it('gives the same for every cutting, JSON or not, whole or not', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        anything,
        json.map((text) => text.slice(0, text.length / 2)),
      ),
      cuts,
      (text, at) => {
        const whole = inPieces(nest(start)(nowhere), text, [])
        expect(inPieces(nest(start)(nowhere), text, at)).toBe(whole)
        expect(inUnits(nest(start)(nowhere), text)).toBe(whole)
      },
    ),
    runs,
  )
})

it('gives the same for every cutting of lines, JSON or not', () => {
  const line = fc.oneof(anything, json, spelled(plainText))
  fc.assert(
    fc.property(fc.array(line, { maxLength: 5 }), cuts, (lines, at) => {
      const text = lines.join('\n')
      const whole = inPieces(startJsonLines(place, start), text, [])
      expect(inPieces(startJsonLines(place, start), text, at)).toBe(whole)
      expect(inUnits(startJsonLines(place, start), text)).toBe(whole)
    }),
    runs,
  )
})

it('gives the same bytes for every cutting, text or not', () => {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 3 }),
    fragment.map((text) => new TextEncoder().encode(text)),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), cuts, (parts, at) => {
      const bytes = Uint8Array.from(parts.flatMap((each) => [...each]))
      const masker = startBytes(start())
      const ends = [...at, bytes.length].toSorted((a, b) => a - b)
      const pieces = ends.map((end, i) => masker.push(bytes.subarray(ends[i - 1] ?? 0, end)))
      const out = [...pieces, masker.end()].flatMap((each) => [...each])
      expect(out).toStrictEqual([...toBytes(maskWords(toText(bytes), words))])
    }),
    runs,
  )
})

type Step = string | number

/** Of every value in a document, the document itself among them. */
function stepsOf(value: unknown, above: readonly Step[] = []): readonly (readonly Step[])[] {
  if (typeof value !== 'object' || value === null) return [above]
  const isList = Array.isArray(value)
  const below = Object.entries(value).flatMap(([step, each]) => stepsOf(each, [...above, isList ? Number(step) : step]))
  return [above, ...below]
}

/** The texts of a document by where they stand, its names left out. */
function leavesOf(value: unknown): ReadonlyMap<string, unknown> {
  const at = (steps: readonly Step[]): unknown =>
    steps.reduce<unknown>(
      (inner, step) => Object.entries(Object(inner)).find(([key]) => key === String(step))?.[1],
      value,
    )
  return new Map(stepsOf(value).map((steps) => [JSON.stringify(steps), at(steps)]))
}

it('masks what pointers lead to and nothing else', () => {
  const chosen = fc.array(fc.tuple(fc.nat(30), fc.nat(3)), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(json, chosen, cuts, (text, picks, at) => {
      const value: unknown = JSON.parse(text)
      const all = stepsOf(value)
      const pointed = picks.map(([pick, star]) => {
        const steps = all[pick % all.length] ?? []
        return steps.map((step, i) => (i === star ? '*' : String(step)))
      })
      const wholes = pointed.map((segments) => ({ segments, start: () => startWhole(() => 'X') }))
      const namesKept: Place = { kind: 'Mask', start: through, keys: false, numbers: false }
      const laid = overlay(namesKept, wholes)
      const masked = inPieces(startJson(laid, through), text, [])
      expect(inPieces(startJson(laid, through), text, at)).toBe(masked)
      const leads = (steps: readonly Step[]): boolean =>
        pointed.some(
          (segments) =>
            segments.length <= steps.length && segments.every((each, i) => each === '*' || each === String(steps[i])),
        )
      const after = leavesOf(JSON.parse(masked))
      const wrong = [...leavesOf(value)].filter(([key, leaf]) => {
        const steps: readonly Step[] = JSON.parse(key)
        if (typeof leaf === 'object' || isBelowName(pointed, steps)) return false
        return after.get(key) !== (leads(steps) ? 'X' : leaf)
      })
      expect(wrong).toStrictEqual([])
    }),
    runs,
  )
})

/** Names on the way to it are masked too, so that it stands elsewhere. */
function isBelowName(pointed: readonly (readonly string[])[], steps: readonly Step[]): boolean {
  return pointed.some(
    (segments) =>
      segments.every((each, i) => each === '*' || each === String(steps[i])) &&
      steps.slice(segments.length).some((step) => typeof step === 'string'),
  )
}

const choices = ['0', '1', '2', '3'] as const
const names = ['content', 'arguments'] as const
const texts = fc.array(fc.tuple(plainText, json), { minLength: 4, maxLength: 4 })
const turns = fc.array(fc.tuple(fc.nat(3), fc.nat(1), fc.integer({ min: 1, max: 7 })), { maxLength: 60 })

const startChannel = ({ name }: Channel): Masker => (name === 'content' ? start() : nest(start)(nowhere))

it('masks interleaved channels of four choices as each of them alone, and agrees with the whole', () => {
  fc.assert(
    fc.property(texts, turns, (all, order) => {
      const set = new ChannelSet({ channel: startChannel, other: start })
      const out = new Map<string, string>()
      const take = ({ text }: { readonly text: string }): void => {
        const { key, piece }: { key: string; piece?: string } = JSON.parse(text)
        expect(text.isWellFormed() && !out.has(`${key} ended`)).toBe(true)
        out.set(key, (out.get(key) ?? '') + (piece ?? ''))
      }
      const send = (channel: Channel, piece: string | undefined, isLast: boolean): void => {
        const key = `${channel.choice} ${channel.name}`
        const places = fields({ piece: set.piece(channel) }, keep)
        const ends = isLast ? [channel] : []
        const { before, text } = set.mask({ text: JSON.stringify({ key, piece }), frame: '' }, { places, ends })
        for (const event of [...before, { text }]) take(event)
        if (isLast) out.set(`${key} ended`, '')
      }
      const left = new Map(
        choices.flatMap((choice, i) =>
          names.map((name, k) => [`${choice} ${name}`, { choice, name, text: all[i]?.[k] ?? '' }]),
        ),
      )
      const wholes = [...left.values()]
      for (const [i, k, length] of order) {
        const one = left.get(`${choices[i]} ${names[k]}`)
        if (one === undefined || one.text === '') continue
        send(one, one.text.slice(0, length), false)
        left.set(`${one.choice} ${one.name}`, { ...one, text: one.text.slice(length) })
      }
      for (const [i, one] of [...left.values()].entries()) {
        if (i % 2 === 0 && one.text !== '') send(one, one.text, false)
        send(one, i % 2 === 0 ? undefined : one.text, true)
      }
      expect(set.end()).toStrictEqual([])
      for (const { text, ...channel } of wholes) {
        const event = { text: JSON.stringify({ key: 'done', text }), frame: '' }
        const { text: done } = set.mask(event, { places: fields({ text: set.whole(channel) }, keep), ends: [] })
        expect(out.get(`${channel.choice} ${channel.name}`)).toBe(inPieces(startChannel(channel), text, []))
        expect(JSON.parse(done)).toStrictEqual({ key: 'done', text: out.get(`${channel.choice} ${channel.name}`) })
      }
    }),
    { ...runs, numRuns: Math.ceil(numRuns / 4) },
  )
})

/** Each takes well under 200 ms; what looks at all that came before once for each piece took more than ten seconds. */
it.each([
  ['lists', (n: number) => `${'['.repeat(10_000)}${']'.repeat(10_000)}`.repeat(n / 20_000)],
  ['objects', (n: number) => `[${`${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)},`.repeat(n / 54_000)}`],
  ['brackets that close nothing', (n: number) => `[${']'.repeat(n)}`],
  ['escapes', (n: number) => `"${'\\u0041'.repeat(n / 6)}"`],
  ['backslashes', (n: number) => `"${'\\'.repeat(n)}"`],
  ['halves of pairs', (n: number) => `"${'\ud83d'.repeat(n)}"`],
  ['numbers', (n: number) => `[${`${'1'.repeat(4_000)},`.repeat(n / 4_000)}`],
  ['zeros of fractions', (n: number) => `[${`1.${'0'.repeat(4_000)}1,`.repeat(n / 4_000)}`],
  ['minus signs', (n: number) => `[${'-'.repeat(4_000)}x${'-'.repeat(n)}`],
  ['blanks', (n: number) => ' '.repeat(n)],
  ['names', (n: number) => `{${'"ab":1,'.repeat(n / 7)}"x":1}`],
  ['quotes', (n: number) => '"'.repeat(n)],
  ['JSON in JSON in JSON', (n: number) => JSON.stringify(JSON.stringify(JSON.stringify(['a"'.repeat(n / 8)])))],
])('takes 400,000 units of %s in small pieces', { timeout: 4_000 }, (_, make) => {
  const text = make(400_000)
  const masker = nest(through)(nowhere)
  let out = ''
  for (let at = 0; at < text.length; at += 3) out += masker.push(text.slice(at, at + 3))
  expect(out + masker.end() === text).toBe(true)
})

/** The texts that leave, for events that bring a text cut in three. */
function throughEvents(name: (typeof names)[number], startText: () => Masker, pieces: readonly string[]): string {
  const channel = { choice: '0', name }
  const set = new ChannelSet({
    channel: () => (name === 'content' ? startText() : nest(startText)(nowhere)),
    other: startText,
  })
  const events = pieces.flatMap((piece, i) => {
    const places = fields({ piece: set.piece(channel) }, keep)
    const { before, text } = set.mask(
      { text: JSON.stringify({ piece }), frame: '' },
      { places, ends: i === pieces.length - 1 ? 'All' : [] },
    )
    return [...before.map((held) => held.text), text]
  })
  return events.map((text): string => JSON.parse(text).piece).join('')
}

function startEngine(): () => Masker {
  const engine = compileEngine([
    { name: 'ssn', class: 'PII', pattern: String.raw`\b\d{3}-\d{2}-\d{4}\b`, maxLength: 11 },
    { name: 'email', class: 'PII', pattern: String.raw`\b[a-z0-9._]{1,64}@[a-z0-9]{1,64}\.com\b`, maxLength: 140 },
  ])
  assert(!('problems' in engine))
  return () => engine.start(({ detector }) => `<${detector}>`)
}

it.each([
  [
    'strings, names and numbers',
    String.raw`{"jo@x.com":["\u006ao\u0040x.com, 123-45-6789\n\"jo@x.com\"",1.50e1,null],"n" : "\ud83d\ude00jo@x.com\/"}`,
    String.raw`{"<email>":["<email>, <ssn>\n\"<email>\"",1.50e1,null],"n" : "\ud83d\ude00<email>/"}`,
  ],
  [
    'JSON in a string',
    String.raw`{"arguments":"{\"to\":\"jo\\u0040x.com\",\"ids\":[\"123-45-6789\",\"123-45-67890\"]}"}`,
    String.raw`{"arguments":"{\"to\":\"<email>\",\"ids\":[\"<ssn>\",\"123-45-67890\"]}"}`,
  ],
  [
    'JSON that breaks off into prose',
    '{"a":1} mail jo@x.com, "ssn": 123-45-6789',
    '{"a":1} mail <email>, "ssn": <ssn>',
  ],
])('masks %s with the text engine for every two cuts', (_, text, expected) => {
  const startText = nest(startEngine())
  const wrong: unknown[] = []
  for (let i = 0; i <= text.length; i += 1) {
    for (let k = i; k <= text.length; k += 1) {
      const out = inPieces(startText(nowhere), text, [i, k])
      if (out !== expected) wrong.push({ i, k, out })
    }
  }
  expect(wrong).toStrictEqual([])
  expect(inUnits(startText(nowhere), text)).toBe(expected)
})

it.each([
  [
    'content',
    'mail \ud83d\ude00jo@x.com, "123-45-6789"\n jo@x.co 123-45-67890',
    'mail \ud83d\ude00<email>, "<ssn>"\n jo@x.co 123-45-67890',
  ],
  [
    'arguments',
    String.raw`{"to":"jo\u0040x.com","jo@x.com":[1.5e1,"\"123-45-6789\""]}`,
    String.raw`{"to":"<email>","<email>":[1.5e1,"\"<ssn>\""]}`,
  ],
] as const)('masks %s in three events, cut anywhere, as the whole', (name, text, expected) => {
  const startText = startEngine()
  const wrong: unknown[] = []
  for (let i = 0; i <= text.length; i += 1) {
    for (let k = i; k <= text.length; k += 1) {
      const out = throughEvents(name, startText, [text.slice(0, i), text.slice(i, k), text.slice(k)])
      if (out !== expected) wrong.push({ i, k, out })
    }
  }
  expect(wrong).toStrictEqual([])
})
