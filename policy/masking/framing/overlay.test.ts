import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { startWords } from '../../../test/helpers/word-masker.ts'
import type { Masker } from '../masker.ts'
import { maskJson } from './json-text.ts'
import { overlay, parsePointer } from './overlay.ts'
import { fields, instead, items, keep, maskEverywhere, type Place, type Start } from './place.ts'
import { applySplices } from './sink.ts'

const start = (): Masker => startWords({ '4111': '[CARD]' })
const everywhere = maskEverywhere(start)

/** Whatever the text is. */
const all =
  (label: string): Start =>
  () => ({ push: () => '', end: () => label, counts: () => ({}) })

function mask(text: string, pointers: Readonly<Record<string, Start>>, root: Place = everywhere): string {
  const laid = Object.entries(pointers).map(([pointer, each]) => ({
    segments: parsePointer(pointer) ?? [],
    start: each,
  }))
  return applySplices(text, maskJson(text, overlay(root, laid), start).splices)
}

describe('parsePointer', () => {
  it.each([
    ['', []],
    ['/', ['']],
    ['/a/b', ['a', 'b']],
    ['/a~1b/m~0n/~01', ['a/b', 'm~n', '~1']],
    ['/*/ü //0', ['*', 'ü ', '', '0']],
  ])('reads %j', (text, segments) => {
    expect(parsePointer(text)).toStrictEqual(segments)
  })

  it.each(['a', 'a/b', '#/a', '/a~', '/~2', '/a~b/c', ' /a'])('refuses %j', (text) => {
    expect(parsePointer(text)).toBeUndefined()
  })

  it('gives back any segments', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (segments) => {
        const escaped = segments.map((each) => `/${each.replaceAll('~', '~0').replaceAll('/', '~1')}`)
        expect(parsePointer(escaped.join(''))).toStrictEqual(segments)
      }),
    )
  })
})

const x = all('X')

describe('overlay', () => {
  it.each([
    ['a member', '/a', '{"a":"1","b":"4111"}', '{"a":"X","b":"[CARD]"}'],
    ['a member of a member', '/a/b', '{"b":"1","a":{"b":"2","c":"3"}}', '{"b":"1","a":{"b":"X","c":"3"}}'],
    ['an element', '/a/1', '{"a":["1","2","3"]}', '{"a":["1","X","3"]}'],
    ['a member named by digits', '/1', '{"0":"1","1":"2"}', '{"0":"1","1":"X"}'],
    ['no element with zeros before', '/01', '["1","2"]', '["1","2"]'],
    ['every element', '/*/n', '[{"n":"1"},{"n":"2","m":"3"}]', '[{"n":"X"},{"n":"X","m":"3"}]'],
    ['every member', '/*/n', '{"p":{"n":"1"},"q":{"n":"2"}}', '{"p":{"n":"X"},"q":{"n":"X"}}'],
    ['a name that is escaped', '/a~1b', String.raw`{"a\u002fb":"1"}`, String.raw`{"a\u002fb":"X"}`],
    ['a name written twice', '/a', '{"a":"1","a":"2"}', '{"a":"X","a":"X"}'],
    ['the document', '', '"1"', '"X"'],
    ['numbers and words, not null', '/a', '{"a":[1,-2.5e3,true,false,null]}', '{"a":["X","X","X","X",null]}'],
    ['names below', '/a', '{"a":{"b":{"c":"1"},"d":2}}', '{"a":{"X":{"X":"X"},"X 2":"X"}}'],
    ['nothing that is not there', '/a/b/c', '{"a":{"b":"1"}}', '{"a":{"b":"1"}}'],
    ['an empty name', '/', '{"":"1","a":"2"}', '{"":"X","a":"2"}'],
  ])('masks %s', (_, pointer, text, expected) => {
    expect(mask(text, { [pointer]: x })).toBe(expected)
  })

  it.each([
    ['keep', keep],
    ['fields', fields({ a: fields({ b: keep }, keep), c: keep }, keep)],
    ['items on the way', fields({ a: items(() => keep, keep), c: keep }, keep)],
    ['a string', fields({ a: { kind: 'String', start, otherwise: keep }, c: keep }, keep)],
    ['a mask', fields({ c: keep }, everywhere)],
  ])('goes before %s', (_, root) => {
    expect(mask('{"a":{"b":"1"},"c":"4111"}', { '/a/b': x }, root)).toBe('{"a":{"b":"X"},"c":"4111"}')
    expect(mask('{"a":"1","c":"4111"}', { '/a': x }, root)).toBe('{"a":"X","c":"4111"}')
  })

  it('leaves what is blanked blank', () => {
    const root = fields({ a: instead('null'), b: fields({ c: instead('[]') }, keep) }, keep)
    const text = '{"a":{"d":"1"},"b":{"c":["2"],"e":"3"}}'
    expect(mask(text, { '/a/d': x, '/b': x }, root)).toBe('{"a":null,"b":{"X":[],"X 2":"X"}}')
  })

  it('goes by the first of the pointers that lead to a value or above it', () => {
    const text = '{"a":{"b":"1","c":"2"}}'
    expect(mask(text, { '/a': x, '/a/b': all('Y') })).toBe('{"a":{"X":"X","X 2":"X"}}')
    expect(mask(text, { '/a/b': all('Y'), '/a': x })).toBe('{"a":{"X":"Y","X 2":"X"}}')
    expect(mask(text, { '/*/b': all('Z'), '/a/b': all('Y') })).toBe('{"a":{"b":"Z","c":"2"}}')
  })

  it('follows pointers that share their way', () => {
    const text = '{"a":{"b":"1","c":"2","d":"3"},"b":{"c":"4"}}'
    const pointers = { '/a/b': x, '/a/c': all('Y'), '/*/c': all('Z') }
    expect(mask(text, pointers)).toBe('{"a":{"b":"X","c":"Y","d":"3"},"b":{"c":"Z"}}')
  })

  it('leaves the bytes of all else', () => {
    const text = String.raw`{ "k" : "\u00e9\/", "a" :  "1", "n":1.50E+3 }`
    expect(mask(text, { '/a': x })).toBe(text.replace('"1"', '"X"'))
    expect(mask(text, { '/b': x })).toBe(text)
    expect(mask(text, {})).toBe(text)
  })

  it('says where each text stands', () => {
    const paths: string[] = []
    const watch: Start = (at) => {
      paths.push(`${at.key ?? ''} ${at.path()}`)
      return start()
    }
    mask('{"a":[{"b":"1"},{"b":2}]}', { '/a/*/b': watch })
    expect(paths).toStrictEqual(['b /a/0/b', 'b /a/1/b'])
  })

  it('goes on to the end where a value stops being JSON', () => {
    expect(mask('{"a":12-34-5678, "c":"2"}', { '/a': x }, keep)).toBe('{"a":X')
  })

  it.each([
    ['lists', '/*/*/*', '['.repeat(9_000)],
    ['objects', '/a/*/a', '{"a":'.repeat(9_000)],
  ])('walks deep %s', (_, pointer, text) => {
    expect(mask(`${text}"1"`, { [pointer]: start, '/b': x }) === `${text}"1"`).toBe(true)
  })
})
