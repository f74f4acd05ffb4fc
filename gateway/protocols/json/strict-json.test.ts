import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findTopLevelString, maxValues, parseStrictJson, tensorBounds } from './strict-json.ts'

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

const many = (unit: string): string => `[${Array.from({ length: 300_000 }, () => unit).join(',')}]`

describe('parseStrictJson', () => {
  it('[RQ2] reads the name that stands there, whatever another request called a field before', () => {
    for (let i = 0; i < 10; i += 1) parseStrictJson('{"model":"m","max_token\\\\":1}')
    expect(parseStrictJson('{"model":"m","max_token\\u0073":9}')).toEqual({ value: { model: 'm', max_tokens: 9 } })
  })

  it.each([
    ['{"a":1,"a":2}'],
    ['{"a":1,"\\u0061":2}'],
    ['{"x":{"a":[{"b":1,"b":1}]}}'],
    ['{"":1,"":2}'],
    ['{"__proto__":1,"__proto__":2}'],
    ['[{"a":"b:c","a":":"}]'],
  ])('[RQ1] refuses the same key twice: %s', (text) => {
    expect(parseStrictJson(text)).toEqual({ refused: 'The body has the same key twice in one object.' })
  })

  it.each([['{"a":"x:\\"y\\":","b":{"a":1}}'], ['{"a":"\\\\","b":":"}'], ['{"__proto__":{"a":1}}'], ['"a:b"'], ['[]']])(
    'reads %s',
    (text) => {
      expect(parseStrictJson(text)).toEqual({ value: JSON.parse(text) })
    },
  )

  it('[RQ1] refuses what is nested too deeply, and what would exhaust the stack', () => {
    expect(parseStrictJson(nested(64))).toHaveProperty('value')
    expect(parseStrictJson(nested(65))).toHaveProperty('refused')
    expect(parseStrictJson(nested(1_000_000))).toHaveProperty('refused')
  })

  it('[RQ1] refuses more values than a conversation has, before it makes any of them', () => {
    expect(parseStrictJson(JSON.stringify(Array.from({ length: maxValues - 2 }, () => 1)))).toHaveProperty('value')
    for (const unit of ['1', '{}', '[]', '""', '{"a":1}']) {
      const text = `[${Array.from({ length: maxValues + 1 }, () => unit).join(',')}]`
      expect(parseStrictJson(text)).toEqual({ refused: `The body has more than ${maxValues} values.` })
    }
    expect(parseStrictJson('['.repeat(maxValues + 1))).toHaveProperty('refused')
  })

  it('takes what a tensor has where tensors may be, and no more lists or keys than that', () => {
    expect(parseStrictJson(many('0'), tensorBounds)).toHaveProperty('value')
    expect(parseStrictJson(many('[0]'), tensorBounds)).toHaveProperty('value')
    expect(parseStrictJson(many('{"a":1}'), tensorBounds)).toEqual({ refused: 'The body has more than 50000 keys.' })
    expect(parseStrictJson(many('{},[]'), tensorBounds)).toEqual({
      refused: 'The body has more than 400000 lists and objects.',
    })
  })

  it.each(['"', '"\\', '"\\"', '{"a', '["\\\\\\"'])('refuses a string that does not end: %s', (text) => {
    expect(parseStrictJson(text)).toEqual({ refused: 'The body is not valid JSON.' })
  })

  it('accepts whatever JSON.stringify writes, and gives it back', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value)
        expect(parseStrictJson(text)).toEqual({ value: JSON.parse(text) })
      }),
    )
  })

  it('[RQ1] refuses a doubled key wherever it stands', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.string(), fc.jsonValue({ maxDepth: 2 }), (value, key, other) => {
        const doubled = `{${JSON.stringify(key)}:${JSON.stringify(value)},${JSON.stringify(key)}:${JSON.stringify(other)}}`
        expect(parseStrictJson(`{"outer":[${doubled}]}`)).toHaveProperty('refused')
      }),
    )
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(Object.keys(parseStrictJson(text))).toHaveLength(1)
      }),
    )
  })
})

describe('findTopLevelString', () => {
  it.each([
    ['{"model":"m"}', '"m"'],
    ['{ "a" : {"model":"inner"} , "model" :\n "m\\"x" }', '"m\\"x"'],
    ['{"a":"model","model":"m"}', '"m"'],
    ['{"a":["model",{"model":"no"}],"mod\\u0065l":"m"}', '"m"'],
  ])('finds the value of %s', (text, value) => {
    const span = findTopLevelString(text, 'model')
    expect(span && text.slice(span.start, span.end)).toBe(value)
  })

  it.each(['{"model":7}', '{"a":{"model":"m"}}', '["model"]', '{}'])('finds none in %s', (text) => {
    expect(findTopLevelString(text, 'model')).toBeUndefined()
  })
})
