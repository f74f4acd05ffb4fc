// Faults that others had and reported, as far as they are about detection and the text engine: each by the place where it was told.
// Those about protocols, histories and records are tested where calls are.
import { describe, expect, it } from 'vitest'
import { toCustomDetector } from '../custom.ts'
import { compileDetectors } from '../engine.ts'
import { maskJson } from '../framing/json-text.ts'
import { maskEverywhere, type Start } from '../framing/place.ts'
import type { Engine, Replace } from '../masker.ts'
import { allDetectors } from '../packs.ts'
import { Scan } from '../scan.ts'
import { compileTiers } from '../tiers.ts'

function compileAll(): Engine {
  const engine = compileTiers([allDetectors], { decodes: () => true })
  if ('problems' in engine) throw new Error('the packs do not compile')
  return engine
}

const engine = compileAll()
const label: Replace = ({ detector }) => `[${detector}]`
const mask = (text: string): string => engine.maskAll(text, label)

function maskPieces(...pieces: readonly string[]): string {
  const masker = engine.start(label)
  return pieces.map(masker.push).join('') + masker.end()
}

const start: Start = () => engine.start(label)
/** Puts in place what would end a string and an object. */
const quoting: Start = () => engine.start(() => '"},\\')

/** What the engine reads of a text so long, in characters per character. */
function effort(pattern: string, text: string): number {
  const detector = toCustomDetector({ name: 'it', class: 'PII', pattern })
  if ('problems' in detector) return 0
  const compiled = compileDetectors([detector])
  if ('problems' in compiled) return 0
  const scan = new Scan(compiled, { replace: () => '' })
  scan.advance(text, true)
  return scan.steps / text.length
}

function maskDocument(value: unknown): unknown {
  const json = JSON.stringify(value)
  const { splices } = maskJson(json, maskEverywhere(start), start)
  let out = json
  for (const splice of splices.toReversed()) out = out.slice(0, splice.start) + splice.text + out.slice(splice.end)
  const parsed: unknown = JSON.parse(out)
  return parsed
}

describe('streams', () => {
  it('[BerriAI litellm #41611] a mail address in two pieces is one', () => {
    expect(maskPieces('write to user@exa', 'mple.com now')).toBe('write to [email] now')
  })

  it('[BerriAI litellm #31503] what a piece ends with is not let go while it may go on', () => {
    expect(maskPieces('ask jane.', 'doe@example.com')).toBe('ask [email]')
    expect(maskPieces('ask jane. ', 'Or not.')).toBe('ask jane. Or not.')
  })

  it('[BerriAI litellm #29134] a value longer than any window of text is one', () => {
    const local = 'a'.repeat(60)
    const pieces = Array.from(`to ${local}@${'sub-domain.'.repeat(9)}example.com.`)
    expect(maskPieces(...pieces)).toBe('to [email].')
  })

  it('[BerriAI litellm #20027] no piece is left out, and none is emptied', () => {
    const text = 'Nothing in here is anybody’s business: 12 pieces, 3 of them short. '.repeat(20)
    expect(maskPieces(...Array.from(text))).toBe(text)
  })
})

describe('candidates', () => {
  it('[vectorize hindsight #4333] one that is refused does not take the beginning of the next with it', () => {
    expect(mask('2026 4111 1111 1111 1111')).toBe('2026 [card]')
    expect(mask('1 2 4111-1111-1111-1111')).toBe('1 2 [card]')
  })

  it('[gstack #2366] zeros pass Luhn and are no card', () => {
    expect(mask('matrix(0000000000000000)')).toBe('matrix(0000000000000000)')
    expect(mask('0000 0000 0000 0000')).toBe('0000 0000 0000 0000')
  })

  it('[thesongzhu Friday #1618] digits in circles make no card', () => {
    const list = '④①①①①①①①①①①①①①①①'
    expect(mask(list)).toBe(list)
  })
})

describe('disguises', () => {
  it.each([
    [
      '#9: Cyrillic and full-width letters',
      'jоhn@exаmple.com and ｊｏｈｎ＠ｅｘａｍｐｌｅ．ｃｏｍ',
      '[email] and [email]',
    ],
    ['#10: dashes of Unicode', '536–22–1234 and 536—22—1234', '[us-ssn] and [us-ssn]'],
    ['#11: percent-encoding', 'john%40example.com and 536%2D22%2D1234', '[email] and [us-ssn]'],
    ['#11: base64', `see ${btoa('my ssn is 536-22-1234')}`, 'see [us-ssn]'],
    ['#12: characters of no width', '5\u200b36-22-1\u200b234', '[us-ssn]'],
  ])('[RPBLC DAM %s] do not help', (_, text, masked) => {
    expect(mask(text)).toBe(masked)
  })

  it.each([
    ['john%40example%2Ecom', '[email]'],
    ['%6a%6f%68%6e%40%65%78%61%6d%70%6c%65%2e%63%6f%6d', '[email]'],
    ['ssn=536%2d22%2d1234', 'ssn=[us-ssn]'],
    ['4111%201111%201111%201111', '[card]'],
    ['%34111111111111111', '[card-plain]'],
    ['john%2540example.com', '[email]'],
  ])('[presidio-hardened-x402 #110] percent-encoding is no way around: %s', (text, masked) => {
    expect(mask(text)).toBe(masked)
  })
})

describe('documents', () => {
  it('[clio #1372] an escaped quote before a mail address stays a quote', () => {
    expect(maskDocument({ a: 'say "john@example.com"' })).toEqual({ a: 'say "[email]"' })
  })

  it('[hivemind #360] a backslash before a value stays, and the document whole', () => {
    expect(maskDocument({ path: 'C:\\john@example.com\\', n: '\n536-22-1234\n' })).toEqual({
      path: 'C:\\[email]\\',
      n: '\n[us-ssn]\n',
    })
  })

  it('[EDDI #702] what is put in place cannot end the string it stands in', () => {
    const { splices } = maskJson('{"a":"536-22-1234"}', maskEverywhere(quoting), quoting)
    expect(splices.map(({ text }) => text)).toEqual([String.raw`\"},\\`])
  })
})

describe('patterns of policies', () => {
  it.each([
    ['(?:a+)+b', 'a'.repeat(20_000)],
    ['(?:\\d+[ -]?)+X', '1 '.repeat(10_000)],
    ['(?:a|a)*c', 'a'.repeat(20_000)],
    ['\\s+password', ' '.repeat(20_000)],
    ['[\\w.%+-]+@[\\w.-]+\\.[a-z]{2,}', 'a'.repeat(20_000)],
  ])('[NeMo Guardrails #2271] no pattern is slow on any text: %s', (pattern, text) => {
    expect(effort(pattern, text)).toBeGreaterThan(0)
    expect(effort(pattern, text)).toBeLessThan(8)
  })

  it('[NeMo Guardrails #2271] one that would need too many states is refused with the reason', () => {
    const refused = toCustomDetector({ name: 'it', class: 'PII', pattern: '[ab]*a[ab]{20}c' })
    expect(refused).toHaveProperty('problems.0.message', expect.stringMatching(/too many states/))
  })
})
