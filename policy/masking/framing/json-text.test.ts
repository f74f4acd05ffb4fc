import { expect, it } from 'vitest'
import { maskWords, startWords } from '../../../test/helpers/word-masker.ts'
import type { Masker } from '../masker.ts'
import { maskJson, nest, startJson } from './json-text.ts'
import { fields, instead, items, keep, maskEverywhere, nowhere, type Place } from './place.ts'
import { applySplices } from './sink.ts'

const words = { '4111': '[CARD]', 'a@b': '[MAIL]', 'c@d': '[MAIL]' }
const start = (): Masker => startWords(words)
const everywhere = maskEverywhere(start)

function mask(text: string, place: Place = everywhere): string {
  return applySplices(text, maskJson(text, place, start).splices)
}

it.each([
  ['a string', '["x 4111"]', '["x [CARD]"]'],
  ['an escaped string', String.raw`["\u0034\u0031\u0031\u0031"]`, '["[CARD]"]'],
  ['a number, which becomes a string', '[ 4111 ,1]', '[ "[CARD]" ,1]'],
  ['a number with an exponent', '[4.111e3]', '["[CARD]"]'],
  ['a number with a fraction of zeros', '[41.1100e2, -4111.0]', '["[CARD]", "-[CARD].0"]'],
  ['a name', '{"a@b":1}', '{"[MAIL]":1}'],
  ['two names alike', '{"a@b":1,"c@d":2,"[MAIL]":3}', '{"[MAIL]":1,"[MAIL] 2":2,"[MAIL] 3":3}'],
  ['a name like one that was there', '{"[MAIL]":1,"a@b":2}', '{"[MAIL]":1,"[MAIL] 2":2}'],
  ['a string cut off', '{"x":"4111', '{"x":"[CARD]'],
  ['a number cut off', '{"x":4111', '{"x":"[CARD]"'],
])('masks %s', (_, text, expected) => {
  expect(mask(text)).toBe(expected)
})

it.each([
  ['numbers that only a text could be', '[4 111]', '[4 111]'],
  ['a word', '[Note] 4111', '[Note] [CARD]'],
  ['numbers in prose', '[1] see 4111 or a@b"', '[1] see [CARD] or [MAIL]"'],
  ['a number that is none', '[4111-22-33]', '[[CARD]-22-33]'],
  ['single quotes', "{'x': '4111'}", "{'x': '[CARD]'}"],
  ['an unknown escape', String.raw`["\4\1\1\1"]`, '["[CARD]"]'],
  ['an escape cut short', String.raw`["\u00 4111`, String.raw`["\u00 [CARD]`],
  ['signs too many', ']}],:,{"4111"}4111', ']}],:,{"[CARD]"}"[CARD]"'],
])('masks what is no JSON: %s', (_, text, expected) => {
  expect(mask(text)).toBe(expected)
  const masker = startJson(everywhere, start)
  expect(text.split('').map(masker.push).join('') + masker.end()).toBe(expected)
})

it('keeps the spelling of all but what changed', () => {
  const text = String.raw`{ "k" : "\u00e9\/ 4111 \/", "l":"\u003c\/" , "n":1.50E+3 }`
  expect(mask(text)).toBe(String.raw`{ "k" : "\u00e9\/ [CARD] /", "l":"\u003c\/" , "n":1.50E+3 }`)
})

const chosen = fields(
  {
    model: keep,
    messages: items((i) => (i === 0 ? keep : fields({ content: everywhere }, keep)), everywhere),
    logprobs: instead('null'),
    ids: instead('[]'),
  },
  everywhere,
)

it.each([
  [
    'what is kept',
    '{"model":"4111","messages":[{"content":"4111"}]}',
    '{"model":"4111","messages":[{"content":"4111"}]}',
  ],
  [
    'what is chosen',
    '{"messages":[0,{"role":"4111","content":["4111"]}]}',
    '{"messages":[0,{"role":"4111","content":["[CARD]"]}]}',
  ],
  ['what is not known', '{"new":{"x":["4111"]},"__proto__":"4111"}', '{"new":{"x":["[CARD]"]},"__proto__":"[CARD]"}'],
  ['another shape', '{"messages":{"content":"4111"}}', '{"messages":{"content":"[CARD]"}}'],
  ['a document of another shape', '["4111"]', '["[CARD]"]'],
  ['a list that is blanked', '{"ids":[1,[2,"4111"],{"x":3}],"x":"a@b"}', '{"ids":[],"x":"[MAIL]"}'],
  ['an object that is blanked', '{"logprobs":{"a":"]}\\""},"ids":"4111","y":1}', '{"logprobs":null,"ids":[],"y":1}'],
  ['numbers and words that are blanked', '{"logprobs":null,"ids":4111}', '{"logprobs":null,"ids":[]}'],
])('goes by place: %s', (_, text, expected) => {
  expect(mask(text, chosen)).toBe(expected)
  for (let cut = 0; cut <= text.length; cut += 1) {
    const masker = startJson(chosen, start)
    expect(masker.push(text.slice(0, cut)) + masker.push(text.slice(cut)) + masker.end()).toBe(expected)
  }
})

it('says in which field a text stands', () => {
  const seen: (readonly [string | undefined, string])[] = []
  const watch = maskEverywhere(({ key, path }) => {
    seen.push([key, path()])
    return start()
  })
  maskJson('{"ssn":["1",{"x":"2"}],"n":3,"ann@example.com":"4"}', watch, start)
  expect(seen).toStrictEqual([
    [undefined, '/*'],
    ['ssn', '/ssn/0'],
    ['ssn', '/ssn/1/*'],
    ['x', '/ssn/1/x'],
    [undefined, '/*'],
    ['n', '/n'],
    [undefined, '/*'],
    ['ann@example.com', '/*'],
  ])
})

it('says where a text stands in JSON in a string', () => {
  const seen: (readonly [string | undefined, string])[] = []
  const watch = nest(({ key, path }) => {
    seen.push([key, path()])
    return start()
  })
  const text = JSON.stringify({ args: JSON.stringify({ list: ['1', JSON.stringify(['2', { x: '3' }])] }), n: 'x' })
  const at = { key: 'call', path: () => '/call' }
  const masker = watch(at)
  masker.push(text)
  masker.end()
  expect(seen).toStrictEqual([
    ['call', '/call/*'],
    ['args', '/call/args/*'],
    ['list', '/call/args/list/0'],
    ['list', '/call/args/list/1/0'],
    ['list', '/call/args/list/1/1/*'],
    ['x', '/call/args/list/1/1/x'],
    ['call', '/call/*'],
    ['n', '/call/n'],
  ])
})

function wrap(value: unknown, levels: number): string {
  return levels === 0 ? JSON.stringify(value) : JSON.stringify({ j: wrap(value, levels - 1) })
}

const escaped = String.raw`{"x":"\u0034111"}`

it.each([
  ['once', escaped, '{"x":"[CARD]"}'],
  ['twice', JSON.stringify({ j: escaped }), JSON.stringify({ j: '{"x":"[CARD]"}' })],
  ['three times', JSON.stringify([JSON.stringify([escaped])]), JSON.stringify([JSON.stringify(['{"x":"[CARD]"}'])])],
  ['too deep, as text', wrap(4111, 3), wrap('[CARD]', 3).replace(/\\+"\[CARD\]\\+"/u, '[CARD]')],
  ['after blanks', ` \n${escaped}`, ' \n{"x":"[CARD]"}'],
  ['not at all', String.raw`x "\u0034\u0031" 4111`, String.raw`x "\u0034\u0031" [CARD]`],
  ['blanks alone', '  ', '  '],
  ['after many blanks', `${' '.repeat(5_000)}${escaped}`, `${' '.repeat(5_000)}{"x":"[CARD]"}`],
  ['not at all after many blanks', `${' '.repeat(5_000)}4111`, `${' '.repeat(5_000)}[CARD]`],
  ['many blanks alone', ' '.repeat(5_000), ' '.repeat(5_000)],
  ['after a byte order mark', `\ufeff${escaped}`, '\ufeff{"x":"[CARD]"}'],
])('masks JSON in JSON: %s', (_, text, expected) => {
  const masker = nest(start)(nowhere)
  expect(text.split('').map(masker.push).join('') + masker.end()).toBe(expected)
})

it('counts what was found, also while it reads', () => {
  const masker = nest(start)(nowhere)
  masker.push('{"a@b":4111,"x":"4111 ')
  expect(masker.counts()).toStrictEqual({ 'a@b': 1, '4111': 2 })
  masker.end()
  expect(masker.counts()).toStrictEqual({ 'a@b': 1, '4111': 2 })
})

it.each([
  ['masked', '["4111 \ud83d', '["[CARD] 😀 😀"]', everywhere],
  ['kept', '["4111 \ud83d', '["4111 😀 😀"]', keep],
  ['no JSON', '[x 4111 \ud83d', '[x [CARD] 😀 😀"]', keep],
])('never cuts a surrogate pair in what is %s', (_, first, expected, place) => {
  const masker = startJson(place, start)
  const pieces = [first, '\ude00 \ud83d', '\ude00"]'].map(masker.push)
  expect([...pieces, masker.end()].every((piece) => piece.isWellFormed())).toBe(true)
  expect(pieces.join('')).toBe(expected)
})

it.each([
  ['nesting', (n: number) => '['.repeat(n)],
  ['nesting in objects', (n: number) => '{"a":'.repeat(n / 5)],
  ['escapes', (n: number) => `"${'\\u0041'.repeat(n / 6)}"`],
  ['digits', (n: number) => `[${'1'.repeat(n)}]`],
  ['blanks', (n: number) => ' '.repeat(n)],
  ['names alike', (n: number) => `{${'"a@b":1,'.repeat(n / 8)}"x":1}`],
])('takes hostile %s in pieces', (_, make) => {
  const text = make(20_000)
  const masker = nest(start)(nowhere)
  let out = ''
  for (let at = 0; at < text.length; at += 7) out += masker.push(text.slice(at, at + 7))
  out += masker.end()
  expect(maskWords(out, words)).toBe(out)
})
