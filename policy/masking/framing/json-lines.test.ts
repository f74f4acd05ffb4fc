import fc from 'fast-check'
import { expect, it } from 'vitest'
import { startWords } from '../../../test/helpers/word-masker.ts'
import type { Masker } from '../masker.ts'
import { startJsonLines } from './json-lines.ts'
import { maskJson } from './json-text.ts'
import { fields, keep, maskEverywhere } from './place.ts'
import { applySplices } from './sink.ts'

const start = (): Masker => startWords({ '4111': '[CARD]', 'KEY\nab\ncd': '[KEY]' })
const everywhere = maskEverywhere(start)
const lines = (): Masker => startJsonLines(everywhere, start)

it.each([
  ['each line as a document', '{"a":4111}\n["4111"]\n', '{"a":"[CARD]"}\n["[CARD]"]\n'],
  ['a last line without its end', '1\n"4111', '1\n"[CARD]'],
  ['blank lines and carriage returns', '\r\n{"a":"4111"}\r\n\n \n4111\r\n', '\r\n{"a":"[CARD]"}\r\n\n \n"[CARD]"\r\n'],
  ['escapes', String.raw`"\u0034111"` + '\n', '"[CARD]"\n'],
  ['nothing over two documents', '{"a":"41"}\n11\n"41"\n"11"', '{"a":"41"}\n11\n"41"\n"11"'],
  ['a text over its lines', 'log KEY\nab\ncd 4111\n', 'log [KEY] [CARD]\n'],
  ['JSON after a text', 'log 41\n {"a":"\\u0034111"}\nx', 'log 41\n {"a":"[CARD]"}\nx'],
  ['a line that is not whole', '{"a":"41\n{"b":"4111"}\n', '{"a":"41\n{"b":"[CARD]"}\n'],
  ['a line that becomes text', '{"a":1} 41 4111\nKEY\nab\ncd\n4111', '{"a":1} 41 [CARD]\n[KEY]\n[CARD]'],
  ['a byte order mark', '\ufeff{"a":"\\u0034111"}\n', '\ufeff{"a":"[CARD]"}\n'],
  ['nothing', '', ''],
])('masks %s, for every cutting', (_, text, expected) => {
  for (let i = 0; i <= text.length; i += 1) {
    for (let k = i; k <= text.length; k += 1) {
      const masker = lines()
      const out = [text.slice(0, i), text.slice(i, k), text.slice(k)].map(masker.push).join('') + masker.end()
      expect(out).toBe(expected)
    }
  }
  const masker = lines()
  expect(text.split('').map(masker.push).join('') + masker.end()).toBe(expected)
})

it('goes by place in every line', () => {
  const place = fields({ id: keep }, everywhere)
  const masker = startJsonLines(place, start)
  const text = '{"id":"4111","t":"4111"}\n{"t":{"id":"4111"},"id":4111}'
  expect(masker.push(text) + masker.end()).toBe('{"id":"4111","t":"[CARD]"}\n{"t":{"id":"[CARD]"},"id":4111}')
})

it('lets a line go as far as it is certain', () => {
  const masker = lines()
  expect(masker.push('{"a":"x 41')).toBe('{"a":"x ')
  expect(masker.push('2"}\n')).toBe('412"}\n')
})

it('counts what was found, once', () => {
  const masker = lines()
  masker.push('"4111"\n"4111 ')
  expect(masker.counts()).toStrictEqual({ '4111': 2 })
  masker.end()
  expect(masker.counts()).toStrictEqual({ '4111': 2 })
})

it('masks JSON lines as each of them alone', () => {
  const one = fc.json().map((text) => text.replaceAll('1', '4111'))
  fc.assert(
    fc.property(fc.array(one, { maxLength: 4 }), fc.nat(40), (all, cut) => {
      const text = all.join('\n')
      const masker = lines()
      const out = masker.push(text.slice(0, cut)) + masker.push(text.slice(cut)) + masker.end()
      expect(out.split('\n')).toStrictEqual(
        all.length === 0 ? [''] : all.map((each) => applySplices(each, maskJson(each, everywhere, start).splices)),
      )
    }),
    { numRuns: 50 },
  )
})
