// Values of CEL, shown: what has a form in JSON keeps it, and nothing crashes that has none.
import { describe, expect, it } from 'vitest'
import { Engine } from '../../policy/cel/engine.ts'
import { kubernetesLibraries } from '../../policy/cel/kubernetes/libraries.ts'
import { toPlainValue } from './value.ts'

const engine = new Engine({ libraries: kubernetesLibraries })
const declarations = engine.declare({ variables: { json: 'dyn' } })

function valueOf(source: string): unknown {
  const compiled = engine.compile(source, declarations)
  if ('problems' in compiled) throw new Error(compiled.problems[0]?.message)
  const outcome = compiled.program.run({ json: { a: [1, { b: null }], constructor: 'c' } })
  if ('failure' in outcome) throw new Error(outcome.failure)
  return toPlainValue(outcome.value)
}

describe('toPlainValue', () => {
  it.each([
    ['json', { a: [1, { b: null }], constructor: 'c' }],
    ['1.0', 1],
    ['7u', '7'],
    ['9223372036854775807', '9223372036854775807'],
    ['{1: "a", "b": [2u]}', { '1': 'a', b: ['2'] }],
    ['[optional.of("x"), optional.none()]', ['x', null]],
    ['duration("90s")', '(duration)'],
    ['timestamp("2026-01-01T00:00:00Z")', '(timestamp)'],
    ['quantity("1Gi")', expect.stringMatching(/^\(\w+\)$/)],
  ])('%s', (source, plain) => {
    const value = valueOf(source)
    expect(value).toEqual(plain)
    expect(() => JSON.stringify(value)).not.toThrow()
  })
})
