import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeFacts } from '../test/helpers/make.ts'
import { toActivation } from './activation.ts'
import { requestEnvironment, subjectEnvironment, withVariables } from './environment.ts'
import type { CompiledExpression } from './expression.ts'
import { EvaluationFailed, makeCompiler, Meter } from './expression.ts'

const compile = makeCompiler()
const openai = requestEnvironment('OpenAI', false) ?? subjectEnvironment

function evaluate(source: string, facts = makeFacts()): unknown {
  const compiled = compile(source, openai)
  if ('problem' in compiled) throw new Error(JSON.stringify(compiled.problem))
  return compiled.program.run(toActivation(facts))
}

/** Of `variables.a || true`, where `a` is the variable `b` and `b` is what is given. */
function runThroughVariables(inner: string): unknown {
  const scope = withVariables(openai, { a: 'bool', b: 'bool' })
  const programs = ['variables.b', inner, 'variables.a || true'].map((source) => compile(source, scope))
  const [a, b, rule] = programs.map((compiled) => ('program' in compiled ? compiled.program : undefined))
  const activation = { ...toActivation(makeFacts()), variables: {} }
  Object.defineProperty(activation.variables, 'a', { get: () => a?.run(activation) })
  Object.defineProperty(activation.variables, 'b', { get: () => b?.run(activation) })
  return rule?.run(activation)
}

function problemOf(compiled: CompiledExpression): object | undefined {
  return 'problem' in compiled ? compiled.problem : undefined
}

describe('compile problems', () => {
  it.each([
    ['[EX1] an unknown field', 'request.modle == "x"', 1, 9, 'unknown field "modle" of request; known here: method'],
    ['[EX1] an unknown field inside has()', 'has(request.modle)', 1, 13, 'unknown field "modle"'],
    ['[EX1] on its line', 'true &&\n  request.modle == "x"', 2, 11, 'unknown field "modle"'],
    ['an unknown variable', 'foo == 1', 1, 1, 'Unknown variable: foo'],
    ['a wrong type', 'request.model == 1', 1, 1, 'no such overload: string == int'],
    ['an unfinished expression', 'request.model ==', 1, 17, 'Unexpected token'],
    ['[EX3] a pattern that is not RE2', 'request.model.matches("(?=x)")', 1, 23, 'regular expression'],
    ['[EX3] a pattern that is computed', 'request.model.matches(request.prompt)', 1, 23, 'must be written out'],
    ['[EX3] the engine’s own name for matches', 'request.model.matchesRE2("x")', 1, 1, 'unknown function'],
    ['an integer beyond 64 bits', 'request.maxTokens < 9223372036854775808', 1, 21, 'integer is larger'],
    ['a key that maps cannot have', '{1.5: 1}.size() == 1', 1, 2, 'cannot be the key'],
    ['a timestamp that does not exist', 'now < timestamp("2026-02-30T00:00:00Z")', 1, 17, 'RFC 3339'],
    ['a duration that is none', 'now - now < duration("5 minutes")', 1, 22, 'duration'],
    ['a function nobody has', 'request.model.soundsLike("x")', 1, 1, 'unknown function "soundsLike"'],
  ])('%s', (_title, source, line, ...[column, message]) => {
    expect(problemOf(compile(source, openai, 'bool'))).toMatchObject({
      line,
      column,
      message: expect.stringContaining(message),
    })
  })

  it('[EX1] says every mistake there is, with what was expected and found', () => {
    const compiled = compile('request.modle == "x" && request.maxTokens > "9" &&\n nobody', openai, 'bool')
    expect(compiled).toMatchObject({
      problems: [
        { line: 1, column: 9, found: 'modle' },
        { line: 1, column: 25, found: 'int > string', expected: expect.stringContaining('int > int') },
        { line: 2, column: 2, message: 'Unknown variable: nobody' },
      ],
    })
  })

  it('wants the type that the place needs', () => {
    expect(problemOf(compile('"x"', openai, 'bool'))).toMatchObject({ message: 'must be bool, found string' })
    expect(problemOf(compile('true', openai, 'string'))).toMatchObject({ message: 'must be string, found bool' })
  })

  it('[EX1] declares fields per protocol', () => {
    const opaque = requestEnvironment('HTTP', true)
    if (opaque === undefined) throw new Error('opaque connections have facts')
    expect(problemOf(compile('request.model == "x"', opaque))).toMatchObject({
      message: expect.stringContaining('"model"'),
    })
    expect(problemOf(compile('request.method == "GET"', opaque))).toBeUndefined()
    expect(requestEnvironment('GRPC', false)).toBeUndefined()
  })

  it('[EX5] refuses long text and deep nesting', () => {
    expect(problemOf(compile(`"${'x'.repeat(4096)}" == ""`, openai))).toBeDefined()
    expect(problemOf(compile('('.repeat(1000) + 'true' + ')'.repeat(1000), openai))).toBeDefined()
  })

  it('types variables', () => {
    const scope = withVariables(openai, { names: 'list<string>' })
    expect(problemOf(compile('variables.names[0] == "x"', scope))).toBeUndefined()
    expect(problemOf(compile('variables.other == "x"', scope))).toMatchObject({
      message: expect.stringContaining('other'),
    })
  })

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), (source) => {
        const compiled = compile(source, openai, 'bool')
        expect('program' in compiled || compiled.problem.line > 0).toBe(true)
      }),
    )
  })
})

describe('evaluation', () => {
  it.each([
    ['[EX3] RE2 flags', 'request.messages[0].content.matches("(?i)HELLO")', true],
    ['[EX3] RE2 classes', 'request.model.matches("^[[:alpha:]]+$")', true],
    ['[EX2] integers of untyped JSON are int', 'request.body.n + 1 == 3', true],
    ['[EX2] integers of claims are int', 'identity.claims.level % 2 == 1', true],
    ['a comparison of int fields', 'request.maxTokens <= 100 && request.bytes > 1', true],
    ['has() on present data', 'has(request.body.n) && !has(request.body.m)', true],
    ['optional access', 'request.body.?m.orValue(7) == 7', true],
    [
      'a loop over a written list inside a loop',
      'request.messages.exists(m, ["x", "hello"].exists(w, m.content.contains(w)))',
      true,
    ],
    ['[EX4] a loop over the request inside another', 'request.messages.all(m, request.messages.all(n, true))', true],
    [
      'a key like what every object inherits',
      '{"constructor": 1}.size() == 1 && !("toString" in request.headers)',
      true,
    ],
    ['a loop over nothing', '[].all(x, x > 0)', true],
    [
      'a library of Kubernetes',
      'cidr("10.0.0.0/8").containsIP("10.1.2.3") && quantity("1Gi").isGreaterThan(quantity("1G"))',
      true,
    ],
    ['time', 'now.getHours() == 12 && now < timestamp("2027-01-01T00:00:00Z")', true],
    ['headers', 'request.headers["x-team"] == "a"', true],
  ])('%s', (_title, source, expected) => {
    expect(evaluate(source)).toBe(expected)
  })

  it('[EX4] the end of the budget is a failure that nothing absorbs', () => {
    const nested = 'lists.range(200).all(a, lists.range(200).all(b, lists.range(200).all(c, a + b + c >= 0)))'
    expect(() => evaluate(`${nested} || true`)).toThrow(/budget_exhausted/u)
  })

  it('[EX4] the expressions of a call share a budget, however many they are', () => {
    const compiled = compile('lists.range(2000).all(x, lists.range(20).all(y, x + y >= 0))', openai)
    if ('problem' in compiled) throw new Error(compiled.problem.message)
    const { program } = compiled
    const activation = toActivation(makeFacts())
    const meter = new Meter()
    const runOften = (): void => {
      for (let i = 0; i < 1_000; i += 1) program.run(activation, meter)
    }
    expect(program.run(activation)).toBe(true)
    expect(runOften).toThrow(EvaluationFailed)
    expect(program.run(activation)).toBe(true)
  })

  it('[EX4] also not where it ends a variable of a variable', () => {
    expect(runThroughVariables('request.body.nothing == 1')).toBe(true)
    expect(() => runThroughVariables('lists.range(2000).all(x, lists.range(2000).all(y, x + y >= 0))')).toThrow(
      EvaluationFailed,
    )
  })

  it('[EX6] a failure says its kind and never a value', () => {
    const facts = makeFacts({ request: { body: { secret: 'hunter2' } } })
    expect(() => evaluate('request.body[request.body.secret] == 1', facts)).toThrow(EvaluationFailed)
    expect(() => evaluate('request.body[request.body.secret] == 1', facts)).not.toThrow(/hunter2/u)
  })

  it('[EX3] hostile text against a hostile pattern ends soon', () => {
    const facts = makeFacts({ request: { prompt: `${'a'.repeat(50_000)}!` } })
    expect(evaluate('request.prompt.matches("^(a+)+$")', facts)).toBe(false)
  })
})
