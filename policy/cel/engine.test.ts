import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Compiled } from './engine.ts'
import { Engine } from './engine.ts'
import { HostFailure } from './failure.ts'
import { Double, Optional, Uint } from './values/box.ts'

const engine = new Engine()
const environment = engine.declare({
  variables: {
    request: 'Request',
    body: 'dyn',
    names: 'list<string>',
    labels: 'map<string, string>',
    ratio: 'double',
    size_limit: 'int',
  },
  structs: {
    Request: { model: 'string', maxTokens: 'int', temperature: 'double', messages: 'list<Message>' },
    Message: { role: 'string', content: 'string' },
  },
})

const variables = {
  request: { model: 'gpt', temperature: 1, messages: [{ role: 'user', content: 'hi 😀' }] },
  body: JSON.parse(
    '{"n": 2, "f": 1.5, "big": 1e20, "none": null, "list": [1, 2.5, "x"], "__proto__": {"a": 1}, "constructor": "c"}',
  ),
  names: ['a', 'b'],
  labels: { team: 'x' },
  ratio: 2,
  size_limit: 10,
}

function problemsOf(compiled: Compiled): readonly object[] {
  return 'problems' in compiled ? compiled.problems : []
}

function run(source: string, budget?: number): unknown {
  const compiled = engine.compile(source, environment)
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  const outcome = compiled.program.run(variables, budget)
  return 'failure' in outcome ? outcome.failure : outcome.value
}

describe('mistakes of the author', () => {
  it.each([
    ['an unknown variable', 'nobody == 1', 1, 1, 'Unknown variable: nobody'],
    ['an unknown field', 'request.modle == ""', 1, 9, 'unknown field "modle" of Request'],
    ['an unknown field inside has()', 'has(request.modle)', 1, 13, 'unknown field "modle"'],
    [
      'an unknown field of an element',
      'request.messages.all(m, m.rol == "")',
      1,
      27,
      'of Message; known here: role, content',
    ],
    ['an unknown field of an indexed element', 'request.messages[0].rol == ""', 1, 21, 'of Message'],
    ['a field of what has none', 'request.model.length == 1', 1, 15, 'string has no fields'],
    ['two types that never meet', 'request.model == 1', 1, 1, 'no such overload: string == int'],
    ['an int with a double', 'size_limit + 1.0 > 2.0', 1, 1, 'no such overload: int + double'],
    ['branches of two types', 'true ? 1 : "a"', 1, 1, 'no such overload: bool ? int : string'],
    ['a missing function', 'request.model.shout()', 1, 1, 'unknown function "shout"'],
    ['a wrong argument', 'request.model.startsWith(1)', 1, 1, 'string.startsWith(int)'],
    ['a loop over text', 'request.model.all(c, true)', 1, 1, 'needs a list or a map, found string'],
    ['a loop that is no question', 'names.all(n, n)', 1, 14, 'must be bool, found string'],
    ['an operand that is no bool', 'true && 1', 1, 9, 'found int'],
    ['a pattern that is not RE2', 'request.model.matches("(?=x)")', 1, 23, 'regular expression (RE2 syntax)'],
    ['a day that does not exist', 'timestamp("2026-02-30T00:00:00Z") == null', 1, 11, 'RFC 3339'],
    ['a duration without unit', 'duration("5") == null', 1, 10, 'duration'],
    ['a key that maps cannot have', '{null: 1} == {}', 1, 2, 'cannot be the key'],
    ['a message of protobuf', 'Foo{a: 1} == null', 1, 1, 'unknown type "Foo"'],
    ['a character that is none', '1 + $2', 1, 5, 'Unexpected character'],
    ['an open string', '"abc', 1, 1, 'closing quote'],
    ['an unfinished expression', '1 +\n  ', 2, 3, 'end of the expression'],
    ['a number beyond 64 bits', '9223372036854775808', 1, 1, 'integer is larger'],
    ['a reserved word', 'while', 1, 1, 'reserved'],
    ['a macro without a name', 'names.all(1, true)', 1, 11, 'simple name'],
    ['has() of a variable', 'has(request)', 1, 5, 'has() takes one argument'],
    ['one name for both variables', 'names.all(a, a, true)', 1, 1, 'different names'],
    ['? on what is no optional', '[?1]', 1, 3, 'needs an optional'],
    ['optMap on what is no optional', '"a".optMap(x, x)', 1, 1, 'needs an optional'],
  ])('%s', (_title, source, line, ...[column, message]) => {
    const [problem] = problemsOf(engine.compile(source, environment))
    expect(problem).toMatchObject({ line, column, message: expect.stringContaining(message) })
  })

  it('are told all at once, in order, with what was expected and found', () => {
    const source = 'request.modle == "x" &&\n  nobody &&\n  request.maxTokens < "9"'
    expect(problemsOf(engine.compile(source, environment))).toMatchObject([
      { line: 1, column: 9, found: 'modle' },
      { line: 2, column: 3 },
      { line: 3, column: 3, found: 'int < string', expected: expect.stringContaining('int < int') },
    ])
  })

  it('include a result of the wrong type', () => {
    expect(problemsOf(engine.compile('1 + 1', environment, { expected: 'bool' }))).toMatchObject([
      { message: 'must be bool, found int', expected: 'bool', found: 'int' },
    ])
    expect(problemsOf(engine.compile('body.n', environment, { expected: 'bool' }))).toEqual([])
  })

  it('never make the compiler throw', () => {
    const words = fc.constantFrom(
      'a',
      '.',
      '(',
      ')',
      '[',
      ']',
      '{',
      '}',
      '"',
      '1',
      '?',
      ':',
      ',',
      ' ',
      '&&',
      '`',
      '\\x',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 60 }),
          fc.array(words, { maxLength: 40 }).map((w) => w.join('')),
        ),
        (text) => {
          const compiled = engine.compile(text, environment)
          const outcome = 'program' in compiled ? compiled.program.run(variables) : undefined
          expect(outcome !== undefined && 'failure' in outcome && outcome.failure).not.toBe('internal')
        },
      ),
    )
  })
})

describe('types', () => {
  it.each([
    ['[1, 2]', 'list<int>'],
    ['[1, "a"]', 'list<dyn>'],
    ['[]', 'list<dyn>'],
    ['{"a": [1u]}', 'map<string, list<uint>>'],
    ['names.map(n, size(n))', 'list<int>'],
    ['labels.transformMap(k, v, size(v))', 'map<string, int>'],
    ['request.messages', 'list<Message>'],
    ['request.?model', 'optional<string>'],
    ['optional.none().orValue(1)', 'int'],
    ['type(1)', 'type<int>'],
    ['now_is_missing.x', undefined],
    ['timestamp(0) - timestamp(0)', 'duration'],
    ['body.anything[0].more', 'dyn'],
  ])('of %s', (source, type) => {
    const compiled = engine.compile(source, environment)
    expect('program' in compiled ? compiled.program.type : undefined).toBe(type)
  })

  it('say which facts a program reads', () => {
    const compiled = engine.compile(
      'request.model == "x" && names.all(request, request != "") && body.n > 1',
      environment,
    )
    expect('program' in compiled && [...compiled.program.reads].toSorted()).toEqual(['body', 'names', 'request.model'])
  })
})

describe('values of the host', () => {
  it.each([
    ['whole numbers of JSON are int', 'body.n + 1', 3],
    ['other numbers are double', 'body.f * 2.0 == 3.0', true],
    ['numbers that integers cannot hold are double', 'body.big > 1.0 && type(body.big) == double', true],
    ['a whole number is a double where one is declared', 'type(ratio) == double && ratio / 4.0 == 0.5', true],
    ['also in a struct', 'type(request.temperature) == double', true],
    ['null is there', 'has(body.none) && body.none == null && "none" in body', true],
    ['what is absent is absent', 'has(body.nothing)', false],
    ['a field that is declared and absent', 'has(request.maxTokens)', false],
    ['reading it fails', 'request.maxTokens > 1', 'no_such_field'],
    ['and || absorbs that', 'request.maxTokens > 1 || true', true],
    ['a key that is missing', 'body.nothing == 1', 'no_such_key'],
    ['what objects inherit is not theirs', 'has(body.toString) || has(body.hasOwnProperty)', false],
    ['own properties of such names are', 'body.constructor == "c" && body["__proto__"].a == 1', true],
    ['an index beyond the end', 'body.list[3]', 'index_out_of_range'],
    ['an index below zero', 'body.list[-1]', 'index_out_of_range'],
    ['code points are counted', 'size(request.messages[0].content)', 4],
    ['a text has no fields', 'body.list[2].x', 'no_such_overload'],
    ['lists have elements, not fields', 'body.list.length', 'no_such_overload'],
  ])('%s', (_title, source, expected) => {
    expect(run(source)).toEqual(expected)
  })

  it('are classes of their own where JavaScript has none', () => {
    expect(run('7u')).toEqual(new Uint(7n))
    expect(run('2.0')).toEqual(new Double(2))
    expect(run('optional.of(1)')).toEqual(new Optional(true, 1))
    expect(run('9223372036854775807')).toBe(9_223_372_036_854_775_807n)
  })
})

function wrap(value: bigint): unknown {
  return BigInt.asIntN(64, value) === value ? value : 'overflow'
}

describe('arithmetic', () => {
  it.each([
    ['9223372036854775807 + 1', 'overflow'],
    ['-9223372036854775808 - 1', 'overflow'],
    ['-(-9223372036854775808)', 'overflow'],
    ['-9223372036854775808 / -1', 'overflow'],
    ['9007199254740991 + 2 == 9007199254740993', true],
    ['9007199254740993 * 3 == 27021597764222979', true],
    ['5 / 0', 'divide_by_zero'],
    ['5 % 0', 'modulus_by_zero'],
    ['-7 / 2', -3],
    ['-7 % 2', -1],
    ['0 * -1', 0],
    ['0u - 1u', 'overflow'],
    ['int(1e99)', 'range'],
    ['1 == 1u && 1 == 1.0 && 1u in [1.0]', undefined],
    ['dyn(1) == 1u && dyn(1) == 1.0 && dyn(1u) in [dyn(1.0)]', true],
    ['{1: "a"}[dyn(1.0)] == "a"', true],
    ['double("NaN") == double("NaN")', false],
    ['"\\ue000" < "\\U0001F600"', true],
  ])('%s', (source, expected) => {
    const compiled = engine.compile(source, environment)
    expect('problems' in compiled ? undefined : run(source)).toEqual(expected)
  })

  const int = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  it('agrees with big integers everywhere', () => {
    fc.assert(
      fc.property(int, int, (a, b) => {
        const values: Record<string, bigint> = { '+': a + b, '-': a - b, '*': a * b }
        for (const [sign, value] of Object.entries(values)) {
          const found = run(`${a} ${sign} (${b})`)
          expect(typeof found === 'number' ? BigInt(found) : found).toBe(wrap(value))
        }
      }),
    )
  })
})

describe('the end of the budget', () => {
  it.each([
    ['||', 'names.all(a, names.all(b, a != b + "x")) || true'],
    ['exists', 'names.exists(x, names.all(a, names.all(b, a != b + "x")) || true)'],
    ['cel.bind', 'cel.bind(x, names.all(a, names.all(b, a + b != "")), true || x)'],
    ['optional access', 'body.?nothing.orValue(names.all(a, names.all(b, a + b != "")))'],
  ])('is not absorbed by %s', (_title, source) => {
    expect(run(source, 8)).toBe('budget_exhausted')
    expect(run(source)).toBe(true)
  })
})

function runWith(source: string, error: Error): unknown {
  const compiled = engine.compile(source, environment)
  if ('problems' in compiled) throw new Error('does not compile')
  const request = {}
  Object.defineProperty(request, 'model', {
    get: () => {
      throw error
    },
  })
  return compiled.program.run({ request })
}

describe('failures of the host', () => {
  class Broken extends HostFailure {
    readonly absorbable: boolean
    constructor(absorbable: boolean) {
      super('broken')
      this.absorbable = absorbable
    }
  }

  it('are absorbed where they may be, and told as what they are', () => {
    expect(runWith('request.model == "" || true', new Broken(true))).toMatchObject({ value: true })
    expect(runWith('request.model == "" || true', new Broken(false))).toMatchObject({ failure: 'host_final' })
    expect(runWith('request.model == ""', new Broken(true))).toMatchObject({ failure: 'host' })
    expect(runWith('request.model == "" || true', new TypeError('bug'))).toMatchObject({ failure: 'internal' })
  })
})

describe('loops and bindings', () => {
  it.each([
    ['[1, 2, 3].exists(x, x / 0 > 1) || true', true],
    ['[1, 2, 3].all(x, x > 1 || 1 / 0 > 1)', 'divide_by_zero'],
    ['[0, 1].exists(x, 1 / x == 1)', true],
    ['[1, 2].existsOne(x, x > 1) && ![1, 2].exists_one(x, x > 0)', true],
    ['{"a": 1, "b": 2}.exists(k, v, k == "b" && v == 2)', true],
    ['[3, 4].transformMap(i, v, v * 2) == {0: 6, 1: 8}', true],
    ['{"a": 1}.transformMapEntry(k, v, {v: k}) == {1: "a"}', true],
    ['[1, 2].transformMapEntry(i, v, {"same": v})', 'duplicate_key'],
    ['labels.map(k, k) == ["team"]', true],
    ['cel.bind(x, 1 / 0, true)', true],
    ['cel.bind(x, 1 / 0, x == 1)', 'divide_by_zero'],
    ['cel.bind(x, 2, [1, x].map(y, cel.bind(x, y, x * 2))) == [2, 4]', true],
    ['[1, 2, 3].map(x, x > 1, x * 2) == [4, 6]', true],
    ['[[1, 2], [3]].map(x, x.map(y, y + size(x))) == [[3, 4], [4]]', true],
    ['[?body.?n, ?body.?nothing] == [2]', true],
    ['{?"a": body.?nothing} == {}', true],
    ['body.?list[?0].orValue(9)', 1],
    ['optional.of(2).optMap(x, x + 1).value()', 3],
    ['optional.none().value()', 'optional_none'],
    ['{"a b": 1}.`a b`', 1],
  ])('%s', (source, expected) => {
    expect(run(source)).toEqual(expected)
  })
})
