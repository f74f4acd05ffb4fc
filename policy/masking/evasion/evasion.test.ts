// The catalogue against the engine and the framing layers as a call meets them: every case as a whole text, in a chat body, in the
// arguments of a tool, and in a stream cut into small pieces.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { toContextText } from '../field-words.ts'
import { maskJson, nest, startJson } from '../framing/json-text.ts'
import { maskEverywhere, type Start } from '../framing/place.ts'
import type { Engine, Replace } from '../masker.ts'
import { allDetectors } from '../packs.ts'
import { compileTiers } from '../tiers.ts'
import { catalogue } from './catalogue.ts'
import type { EvasionClass } from './class.ts'

function compileAll(): Engine {
  const engine = compileTiers([allDetectors], { decodes: () => true })
  if ('problems' in engine) throw new Error(engine.problems.map(({ message }) => message).join())
  return engine
}

const engine = compileAll()
const star: Replace = () => '*'
const start: Start = (at) => engine.start(star, { before: toContextText(at.key) })
const place = maskEverywhere(nest(start))

function maskDocument(json: string): string {
  const { splices } = maskJson(json, place, nest(start))
  return splices
    .toReversed()
    .reduce((text, splice) => text.slice(0, splice.start) + splice.text + text.slice(splice.end), json)
}

function maskPieces(json: string): string {
  const masker = startJson(place, nest(start))
  return (json.match(/[^]{1,3}/g) ?? []).map(masker.push).join('') + masker.end()
}

/** All strings of a JSON document, names of fields among them. */
function textsOf(json: string): string {
  const texts: string[] = []
  JSON.parse(json, (key: string, value: unknown) => {
    texts.push(key)
    if (typeof value === 'string') texts.push(value)
    return value
  })
  return texts.join('\n')
}

/** The text in each place, and what can be read there afterwards. */
const carriers: Readonly<Record<EvasionClass['kind'], Readonly<Record<string, (text: string) => string>>>> = {
  Text: {
    'a text': (text) => engine.maskAll(text, star),
    'a chat body': (text) => textsOf(maskDocument(JSON.stringify({ messages: [{ content: text }] }))),
    'the arguments of a tool': (text) =>
      maskDocument(JSON.stringify({ arguments: JSON.stringify({ note: text }) })).replaceAll(/\\+/g, ''),
    'a stream': (text) => textsOf(maskPieces(JSON.stringify([text]))),
  },
  Json: { 'a document': maskDocument, 'a stream': maskPieces },
}

/** Nobody gets a value out of fewer characters than this. */
const readable = 5

function survives(value: string, out: string): boolean {
  for (let at = 0; at + readable <= value.length; at += 1) if (out.includes(value.slice(at, at + readable))) return true
  return false
}

describe.each(catalogue.map((one) => [one.name, one] as const))('%s', (_, { kind, cases, missed = {} }) => {
  describe.each(cases.length === 0 ? [] : Object.entries(carriers[kind]))('in %s', (__, mask) => {
    it.each(cases)('is masked: %j', (marked) => {
      const [before = '', value = '', after = ''] = marked.split(/[«»]/)
      expect(survives(value, before + value + after)).toBe(true)
      expect(survives(value, mask(before + value + after))).toBe(false)
    })
  })

  it.each(Object.entries(missed))('is known to be missed with %s', (__, text) => {
    expect(engine.maskAll(text, star)).toBe(text)
  })
})

it('is the same for every text of the catalogue, character by character', () => {
  const texts = catalogue.flatMap(({ cases, missed = {} }) => [...cases, ...Object.values(missed)])
  for (const text of texts.map((marked) => marked.replaceAll(/[«»]/g, ''))) {
    const masker = engine.start(star)
    const out =
      text
        .split('')
        .map((unit) => masker.push(unit))
        .join('') + masker.end()
    expect({ text, out }).toEqual({ text, out: engine.maskAll(text, star) })
  }
})

const page = readFileSync(new URL('../DETECTORS.md', import.meta.url), 'utf8')

describe('the catalogue', () => {
  const caught = catalogue.reduce((sum, { cases }) => sum + cases.length, 0)
  const missed = catalogue.flatMap(({ missed: names = {} }) => Object.keys(names))

  it('has three cases of every class, but of what no pattern can know', () => {
    const few = catalogue.filter(({ cases, missed: names = {} }) => cases.length < 3 && Object.keys(names).length === 0)
    expect(few).toEqual([])
    expect(catalogue.filter(({ cases }) => cases.length < 3).map(({ name }) => name)).toEqual(['not as digits at all'])
  })

  it('is caught to at least 92 of a hundred', () => {
    expect(caught / (caught + missed.length)).toBeGreaterThanOrEqual(0.92)
  })

  it('is counted in DETECTORS.md', () => {
    const share = ((100 * caught) / (caught + missed.length)).toFixed(1)
    expect(page).toContain(`${caught} of ${caught + missed.length} (${share} %)`)
  })

  it.each(missed)('tells in DETECTORS.md why it misses %s', (name) => {
    expect(page.split('\n').filter((line) => line.startsWith(`| ${name} |`))).toHaveLength(1)
  })
})
