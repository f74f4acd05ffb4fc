// What nobody sends in good faith: it is not held, and nothing of it goes on where it might have been masked.
import { describe, expect, it } from 'vitest'
import { startWords } from '../../../test/helpers/word-masker.ts'
import type { Masker } from '../masker.ts'
import { ChannelSet } from './channels.ts'
import { maskJson, startJson } from './json-text.ts'
import { fields, instead, keep, maskEverywhere, type Place } from './place.ts'
import { applySplices } from './sink.ts'

const start = (): Masker => startWords({ '4111': '[CARD]' })
const everywhere = maskEverywhere(start)

/** Whole, in pieces of one size, and around the limit unit by unit: always the same. */
function mask(text: string, place: Place, limit: number): string {
  const whole = applySplices(text, maskJson(text, place, start).splices)
  for (const size of [97, 1_000]) {
    const masker = startJson(place, start)
    let out = ''
    for (let at = 0; at < text.length; at += size) out += masker.push(text.slice(at, at + size))
    expect(out + masker.end() === whole).toBe(true)
  }
  for (let at = limit - 4; at < limit + 4; at += 1) {
    const masker = startJson(place, start)
    expect(masker.push(text.slice(0, at)) + masker.push(text.slice(at)) + masker.end() === whole).toBe(true)
  }
  return whole
}

const digits = '4111'.repeat(1_025)

describe('a number of 4,097 units and more', () => {
  it.each([
    ['is null', `[${digits}, 1]`, '[null, 1]'],
    ['is null at the end of the text', `[${digits}`, '[null'],
    ['is null with what follows it at once', `[${digits}e-5.5 ,"4111"]`, '[null ,"[CARD]"]'],
    ['is no JSON when it is none', `[${digits}x4111`, '[nullx[CARD]'],
  ])('%s', (_, text, expected) => {
    expect(mask(text, everywhere, 4_098)).toBe(expected)
  })

  it('goes on where numbers are kept', () => {
    expect(mask(`{"a":${digits},"b":4111}`, fields({ a: keep }, everywhere), 4_102)).toBe(
      `{"a":${digits},"b":"[CARD]"}`,
    )
  })

  it('has something else instead where that is said', () => {
    const place = fields({ a: instead('[]'), b: instead('0') }, everywhere)
    expect(mask(`{"a":${digits},"b":{"c":${digits}},"d":4111}`, place, 4_102)).toBe('{"a":[],"b":0,"d":"[CARD]"}')
  })
})

it('holds a number that is shorter', () => {
  const text = `[${digits.slice(0, 4_096)}]`
  expect(mask(text, everywhere, 4_097)).toBe(`["${'[CARD]'.repeat(1_024)}"]`)
})

it.each([
  ['before a value', `[${' '.repeat(9_000)}4111]`, `[${' '.repeat(9_000)}"[CARD]"]`],
  ['behind a number', `[4111${' '.repeat(9_000)},1]`, `["[CARD]"${' '.repeat(9_000)},1]`],
  ['between two numbers', `[4111${' '.repeat(9_000)}4111]`, `["[CARD]"${' '.repeat(9_000)}"[CARD]"]`],
])('does not hold many blanks %s', (_, text, expected) => {
  expect(mask(text, everywhere, 4_102)).toBe(expected)
})

describe('a name of 65,537 units and more', () => {
  const name = '4111 '.repeat(13_110)

  it('is empty, and numbered', () => {
    const text = `{"${name}":1,"${name}x":"4111","${name}":{"a":2}}`
    expect(mask(text, everywhere, 65_538)).toBe('{"":1," 2":"[CARD]"," 3":{"a":2}}')
  })

  it('goes on where names are kept, and no place knows it', () => {
    const place = fields({ [name.slice(0, 65_536)]: everywhere }, keep)
    expect(mask(`{"${name}":"4111"}`, place, 65_538)).toBe(`{"${name}":"4111"}`)
  })
})

it('masks a name that is shorter', () => {
  const name = '4111'.repeat(16_384)
  expect(mask(`{"${name}":1}`, everywhere, 65_538)).toBe(`{"${'[CARD]'.repeat(16_384)}":1}`)
})

describe('nesting', () => {
  it('is followed to ten thousand levels', () => {
    const text = `${'['.repeat(10_000)}4111${']'.repeat(10_000)}`
    expect(mask(text, everywhere, 10_004) === text.replace('4111', '"[CARD]"')).toBe(true)
  })

  it.each([
    ['masked', everywhere],
    ['kept', keep],
  ])('ends the text beyond that, also where it is %s', (_, place) => {
    const text = `${'['.repeat(10_001)}"4111"${']'.repeat(10_001)}`
    expect(mask(text, place, 10_001) === '['.repeat(10_000)).toBe(true)
  })

  it('that is blanked ends the text too', () => {
    const text = `{"a":${'['.repeat(10_001)}4111${']'.repeat(10_001)},"b":1}`
    expect(mask(text, fields({ a: instead('null') }, keep), 10_004)).toBe('{"a":null')
  })
})

it('drops the spelling of a text of which a masker gives nothing for long', () => {
  let units = 0
  const silent = (): Masker => ({
    push: (text) => {
      units += text.length
      return ''
    },
    end: () => 'AX',
    counts: () => ({}),
  })
  const masker = startJson(maskEverywhere(silent), silent)
  expect(masker.push('["')).toBe('["')
  for (let i = 0; i < 100; i += 1) expect(masker.push('\\u0041'.repeat(1_000))).toBe('')
  expect(masker.push('",1]') + masker.end()).toBe('AX","AX"]')
  expect(units).toBe(100_001)
})

const pad = 'x'.repeat(1_000_000)

/** One event for each piece, of a channel each. */
function run(events: readonly { readonly choice: string; readonly piece: string; readonly pad?: string }[]): {
  readonly pieces: readonly string[]
  readonly held: readonly string[]
} {
  const set = new ChannelSet({ channel: start, other: start })
  const pieces = events.map((event) => {
    const channel = { choice: event.choice, name: 'content' }
    const places = fields({ piece: set.piece(channel) }, keep)
    const { text } = set.mask({ text: JSON.stringify(event), frame: '' }, { places, ends: [] })
    return String(JSON.parse(text).piece)
  })
  return { pieces, held: set.end().map(({ text }) => text) }
}

describe('events that channels keep for what they hold', () => {
  it('are the small ones', () => {
    const { held } = run([
      { choice: '0', piece: 'x 4' },
      { choice: '0', piece: '1', pad },
    ])
    expect(held).toStrictEqual(['{"choice":"0","piece":"41"}'])
  })

  it('are large where there is no other', () => {
    const { held } = run([{ choice: '0', piece: 'x 41', pad }])
    expect(held.map((text): unknown => JSON.parse(text))).toStrictEqual([{ choice: '0', piece: '41', pad }])
  })

  it('are no more than can be kept, and nothing goes on of other channels', () => {
    const { pieces, held } = run([...Array(20).keys()].map((i) => ({ choice: String(i), piece: 'x 41', pad })))
    expect(pieces).toStrictEqual([...Array(17).fill('x '), '', '', ''])
    expect(held).toHaveLength(17)
  })
})
