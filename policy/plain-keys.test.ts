import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseJson } from './plain-keys.ts'

it('reads a name as it is, whatever names the engine has met before', () => {
  for (let i = 0; i < 10; i += 1) JSON.parse('{"model":1,"max_token\\\\":1}')
  expect(parseJson('{"model":1,"max_token\\u0073":5}')).toEqual({ model: 1, max_tokens: 5 })
})

it('does so for names that need their escapes', () => {
  for (let i = 0; i < 10; i += 1) JSON.parse('{"n":1,"a\\\\":1}')
  expect(Object.keys(Object(parseJson('{"n":1,"a\\"":5}')))).toEqual(['n', 'a"'])
  expect(Object.keys(Object(parseJson('{"n":1,"a\\u000a":5}')))).toEqual(['n', 'a\n'])
})

it.each(['{"\\x":1}', '{"a\\u":1}', '{"a\\":1}', '"\\', '{"a":\\u0031}'])('takes no %s', (text) => {
  expect(() => parseJson(text)).toThrow(SyntaxError)
})

it('gives what JSON.parse gives, for names that need no escapes', () => {
  const name = fc.stringMatching(/^[a-c\u00e9\u{1f600}:,{} ]{0,4}$/u)
  const escaped = name.map((text) => text.replace(/^[a-c]/u, (unit) => `\\u00${unit.charCodeAt(0).toString(16)}`))
  const value = fc.constantFrom('"\\""', '"\\\\"', '1', '"a\\u0062:"', '[{"a":"\\n"}]', 'null')
  const pair = fc.tuple(escaped, value).map(([key, one]) => `"${key}":${one}`)
  fc.assert(
    fc.property(fc.uniqueArray(pair, { maxLength: 5, selector: (text) => text.slice(0, 12) }), (pairs) => {
      const text = `{${pairs.join(' , ')}}`
      const keys = pairs.map((one) => String(JSON.parse(one.slice(0, one.indexOf('"', 1) + 1))))
      expect(new Set(Object.keys(Object(parseJson(text))))).toEqual(new Set(keys))
    }),
  )
})
