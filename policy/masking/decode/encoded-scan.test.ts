import { describe, expect, it } from 'vitest'
import type { Detector } from '../detector.ts'
import { compileEngine } from '../engine.ts'
import type { Finding } from '../masker.ts'
import { EncodedScan, longestRun } from './encoded-scan.ts'

const detectors: readonly Detector[] = [
  { name: 'number', class: 'PII', pattern: '\\b\\d{3}-\\d{4}\\b', maxLength: 8 },
  { name: 'code', class: 'PII', pattern: '\\b\\d{6}\\b', context: { words: ['code'], required: true }, maxLength: 6 },
]

const compiled = compileEngine(detectors)
if ('problems' in compiled) throw new Error('the detectors of the test are wrong')
const { findAll } = compiled

function scan(
  pieces: readonly string[],
  before?: string,
): { readonly opened: readonly Finding[]; readonly found: readonly Finding[] } {
  const opened: Finding[] = []
  const found: Finding[] = []
  const scanned = new EncodedScan(
    { find: findAll, tooLong: { detector: 'number', class: 'PII' } },
    { opened: (finding) => opened.push(finding), found: (finding) => found.push(finding), before },
  )
  for (const piece of pieces) scanned.advance(piece, false)
  scanned.advance('', true)
  return { opened, found }
}

/** The parts of a text that are found. */
const find = (text: string, before?: string): readonly string[] =>
  scan([text], before).found.map(({ start, end }) => text.slice(start, end))

const base64 = (text: string): string => btoa(text)
const hex = (text: string): string =>
  [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
const percent = (text: string): string => hex(text).replaceAll(/../g, '%$&')

describe('what is encoded', () => {
  it.each([
    ['in base64', `see ${base64('call 555-0100 now')} there`, base64('call 555-0100 now')],
    [
      'in base64 without its padding',
      `${base64('it is 555-0100').replaceAll('=', '')}.`,
      base64('it is 555-0100').replaceAll('=', ''),
    ],
    [
      'in base64 for URLs',
      `x=${base64('??>> 555-0100 ??>>').replaceAll('+', '-').replaceAll('/', '_')}&y`,
      base64('??>> 555-0100 ??>>').replaceAll('+', '-').replaceAll('/', '_'),
    ],
    ['in base64 behind something glued to it', `v${base64('call 555-0100 now')}`, `v${base64('call 555-0100 now')}`],
    [
      'in base64 of UTF-16',
      base64('call 555-0100'.replaceAll(/./g, '$&\0')),
      base64('call 555-0100'.replaceAll(/./g, '$&\0')),
    ],
    ['in base64 of base64', base64(base64('call 555-0100 now')), base64(base64('call 555-0100 now'))],
    ['in hex', `0x${hex('call 555-0100')}`, `0x${hex('call 555-0100')}`],
    ['by percents', `a?q=555%2D0100&b`, '555%2D0100'],
    ['by percents throughout', `q=${percent('555-0100')}&b=1`, percent('555-0100')],
    ['by percents twice', 'q=555%252D0100', '555%252D0100'],
    ['by entities', 'tel:&#53;55&#x2d;0100;', '&#53;55&#x2d;0100'],
    ['by named entities', '555&hyphen;0100', '555&hyphen;0100'],
    ['by escapes', '\\u0035\\x355\\u{2d}0100', '\\u0035\\x355\\u{2d}0100'],
    ['by percents in base64', base64('see 555%2D0100 now'), base64('see 555%2D0100 now')],
  ])('is found %s', (_, text, value) => {
    expect(find(text)).toEqual([value])
  })

  it.each([
    ['what nobody encoded', '555-0100 and a/longer/path/to/nowhere'],
    ['what merely stands beside an escape', 'a%20b:555-0100:c%20d'],
    ['random bytes', 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA='],
    ['wrong escapes', '555%2G0100 &#9999999; &nothing; \\u{110000} %ff%fe'],
    ['three layers', base64(base64(base64('call 555-0100 now')))],
  ])('is nothing: %s', (_, text) => {
    expect(find(text)).toEqual([])
  })

  it('counts with the words before it, those of the field too', () => {
    const value = base64('number is 123456, ok')
    expect(find(`code: ${value}`)).toEqual([value])
    expect(find(value, 'code')).toEqual([value])
    expect(find(`other: ${value}`)).toEqual([])
    expect(find(`code ${'x'.repeat(96)} ${value}`)).toEqual([])
  })

  it('is the same for every cutting', () => {
    const text = `code ${base64('number is 123456, ok')}, tel:555%2D0100; ${base64('call 555-0100 now')} and ${percent('555-0100')}`
    const whole = scan([text])
    expect(whole.found).toHaveLength(4)
    for (let one = 0; one <= text.length; one += 1)
      for (let other = one; other <= text.length; other += 7)
        expect(scan([text.slice(0, one), text.slice(one, other), text.slice(other)])).toEqual(whole)
  })
})

describe('a run too long to be looked into', () => {
  const text = `x ${'A'.repeat(longestRun + 5)} y`

  it('is a finding, told of when it is certain and again when it ends', () => {
    const expected = {
      opened: [{ detector: 'number', class: 'PII', start: 2, end: longestRun + 2 }],
      found: [{ detector: 'number', class: 'PII', start: 2, end: longestRun + 7 }],
    }
    expect(scan([text])).toEqual(expected)
    expect(scan(text.match(/.{1,1000}/g) ?? [])).toEqual(expected)
  })

  it('is not held', () => {
    const scanned = new EncodedScan({ find: findAll, tooLong: { detector: 'number', class: 'PII' } }, {})
    scanned.advance('x AAAA', false)
    expect(scanned.decided).toBe(2)
    scanned.advance('A'.repeat(longestRun), false)
    expect(scanned.decided).toBe(longestRun + 6)
  })
})
