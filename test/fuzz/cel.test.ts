// Differential fuzz of the CEL engine against @marcbachmann/cel-js, on the part of the language where that one is right: integers that
// stay in range, doubles, text without surrogates, lists and maps of JSON, loops and absorption. Seeded; a failing seed is printed.
import { Environment } from '@marcbachmann/cel-js'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Engine } from '../../policy/cel/engine.ts'
import { Double, Uint } from '../../policy/cel/values/box.ts'
import { CelMap, getEntry, mapKeys } from '../../policy/cel/values/map.ts'

const types = ['int', 'double', 'string', 'bool', 'ints', 'strings'] as const
type Type = (typeof types)[number]

const variables: Record<string, { readonly cel: string; readonly value: unknown; readonly other: unknown }> = {
  i: { cel: 'int', value: 7, other: 7n },
  j: { cel: 'int', value: -3, other: -3n },
  d: { cel: 'double', value: 2.5, other: 2.5 },
  s: { cel: 'string', value: 'hello', other: 'hello' },
  t: { cel: 'string', value: '', other: '' },
  b: { cel: 'bool', value: true, other: true },
  li: { cel: 'list<int>', value: [1, 2, 3], other: [1n, 2n, 3n] },
  ls: { cel: 'list<string>', value: ['a', 'hello'], other: ['a', 'hello'] },
  m: { cel: 'map<string, int>', value: { a: 1, b: 2 }, other: { a: 1n, b: 2n } },
}

// A type, not an interface: fast-check wants an index signature.
type Grammar = {
  readonly int: string
  readonly double: string
  readonly string: string
  readonly bool: string
  readonly ints: string
  readonly strings: string
}

function join(...parts: readonly (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> {
  return fc
    .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
    .map((all) => all.join(''))
}

function binary(operators: readonly string[], side: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return join('(', side, ' ', fc.constantFrom(...operators), ' ', side, ')')
}

const expressions = fc.letrec<Grammar>((tie) => {
  const small = fc.integer({ min: -20, max: 20 }).map((n) => (n < 0 ? `(${n})` : String(n)))
  const text = fc.constantFrom('""', '"a"', '"hello"', '"l"', '"B"', 'r"\\d"')
  const order = ['<', '<=', '>', '>=', '==', '!=']
  return {
    int: fc.oneof(
      { maxDepth: 4 },
      small,
      fc.constantFrom('i', 'j', 'm.a', 'm["b"]', 'm.missing', 'li[0]', 'li[5]'),
      binary(['+', '-', '*', '/', '%'], tie('int')),
      join('size(', tie('string'), ')'),
      join('size(', tie('ints'), ')'),
      join('(', tie('bool'), ' ? ', tie('int'), ' : ', tie('int'), ')'),
    ),
    double: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom('0.5', '2.0', 'd', '-1.5', '1e3'),
      binary(['+', '-', '*', '/'], tie('double')),
      join('double(', tie('int'), ')'),
    ),
    string: fc.oneof(
      { maxDepth: 3 },
      text,
      fc.constantFrom('s', 't', 'ls[1]', 'ls[9]'),
      binary(['+'], tie('string')),
      join('string(', tie('int'), ')'),
    ),
    bool: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom('true', 'false', 'b', 'has(m.a)', 'has(m.zzz)'),
      binary(['&&', '||'], tie('bool')),
      join('!', tie('bool')),
      binary(order, tie('int')),
      binary(order, tie('double')),
      binary(order, tie('string')),
      binary(['==', '!='], tie('ints')),
      join('(', tie('int'), ' in ', tie('ints'), ')'),
      join('(', tie('string'), ' in ', tie('strings'), ')'),
      join('(', tie('string'), ' in m)'),
      join(tie('string'), '.', fc.constantFrom('contains', 'startsWith', 'endsWith'), '(', tie('string'), ')'),
      join(tie('ints'), '.', fc.constantFrom('all', 'exists', 'exists_one'), '(x, x > ', tie('int'), ')'),
      join(tie('strings'), '.', fc.constantFrom('all', 'exists'), '(y, y == ', tie('string'), ' || ', tie('bool'), ')'),
      join('m.all(k, m[k] < ', tie('int'), ')'),
    ),
    ints: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom('li', '[1, 2]'),
      join('[', tie('int'), ', ', tie('int'), ']'),
      join(tie('ints'), '.map(x, x + ', tie('int'), ')'),
      join(tie('ints'), '.filter(x, x != ', tie('int'), ')'),
      binary(['+'], tie('ints')),
    ),
    strings: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom('ls', '["a", "b"]'),
      join('[', tie('string'), ']'),
      join(tie('strings'), '.filter(y, y != ', tie('string'), ')'),
    ),
  }
})

const engine = new Engine()
const environment = engine.declare({
  variables: Object.fromEntries(Object.entries(variables).map(([name, { cel }]) => [name, cel])),
})
const other = new Environment({ limits: { maxDepth: 250, maxAstNodes: 100_000 } })
for (const [name, { cel }] of Object.entries(variables)) other.registerVariable(name, cel)

function valuesOf(key: 'value' | 'other'): Record<string, unknown> {
  return Object.fromEntries(Object.entries(variables).map(([name, both]) => [name, both[key]]))
}

/** Values of both engines in one form; every error is the same error. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return `int ${value}`
  if (value instanceof Double) return `double ${value.value}`
  if (value instanceof Uint) return `uint ${value.value}`
  if (Array.isArray(value)) return value.map(plain)
  return value instanceof CelMap ? mapKeys(value).map((key) => [plain(key), plain(getEntry(value, key))]) : value
}

function mine(source: string, type: Type): unknown {
  const compiled = engine.compile(source, environment)
  if ('problems' in compiled) throw new Error(`${source}: ${JSON.stringify(compiled.problems)}`)
  const outcome = compiled.program.run(valuesOf('value'))
  if ('failure' in outcome) return `error ${outcome.failure === 'internal' ? 'internal' : ''}`
  const { value } = outcome
  if (typeof value === 'number') return type === 'double' ? `double ${value}` : `int ${value}`
  return Array.isArray(value)
    ? value.map((item: unknown) => (typeof item === 'number' ? `int ${item}` : plain(item)))
    : plain(value)
}

function theirs(source: string): unknown {
  try {
    const value: unknown = other.evaluate(source, valuesOf('other'))
    return typeof value === 'number' ? `double ${value}` : plain(value)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.name === 'EvaluationError') return 'error '
    throw error
  }
}

it.each(types)('agrees with cel-js on every %s', (type) => {
  fc.assert(
    fc.property(expressions[type], (source) => {
      expect(mine(source, type)).toEqual(theirs(source))
    }),
    { seed: 20_260_101, numRuns: 1000 },
  )
})
