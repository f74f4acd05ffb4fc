import { describe, expect, it } from 'vitest'
import { makeFacts } from '../test/helpers/make.ts'
import { toActivation } from './activation.ts'
import type { CompiledPolicy } from './compiled.ts'
import type { Activation, Program } from './expression.ts'
import { EvaluationFailed, Meter } from './expression.ts'
import { noMasks } from './judgement.ts'
import type { Call } from './scope.ts'
import { Scope } from './scope.ts'
import { buildVariables } from './variables.ts'

/** A program that counts its runs. */
class Counting implements Program {
  readonly type = 'dyn'
  readonly reads = new Set<string>()
  readonly meters: (Meter | undefined)[] = []
  readonly #value: (activation: Activation) => unknown

  constructor(value: (activation: Activation) => unknown) {
    this.#value = value
  }

  readonly run = (activation: Activation, meter?: Meter): unknown => {
    this.meters.push(meter)
    return this.#value(activation)
  }
}

const failing = (): never => {
  throw new EvaluationFailed('it failed', true)
}

function makeCall(): Call {
  return { activation: toActivation(makeFacts()), meter: new Meter() }
}

function makeScope(parts: Partial<CompiledPolicy>, call = makeCall()): Scope {
  const policy = {
    id: 'a/b',
    invalid: false,
    variables: [],
    toVariables: buildVariables([], false),
    rules: [],
    limits: [],
    answerRules: [],
    classes: [],
    masks: noMasks,
    reads: new Set<string>(),
  }
  return new Scope({ ...policy, ...parts }, call)
}

const read = (activation: Activation, variable: string, field: string): unknown => {
  const value = activation[variable]
  return typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined
}

describe('Scope', () => {
  it('[EV8] works out nothing that nobody asks for', () => {
    const program = new Counting(failing)
    const risk = { scores: [{ name: 's', when: program, weight: 1, reason: 's' }] }
    const scope = makeScope({ variables: [{ name: 'v', program }], toVariables: buildVariables(['v'], false), risk })
    scope.withResponse({})
    expect(program.meters).toEqual([])
  })

  it('[EV8] gives a request and its answer the same value, worked out once', () => {
    const program = new Counting(() => ({}))
    const scope = makeScope({ variables: [{ name: 'v', program }], toVariables: buildVariables(['v'], false) })
    const value = read(scope.activation, 'variables', 'v')
    expect(read(scope.withResponse({ text: 'a' }), 'variables', 'v')).toBe(value)
    expect(read(scope.withResponse({ text: 'b' }), 'variables', 'v')).toBe(value)
    expect(program.meters).toHaveLength(1)
  })

  it('[EV8] gives the same failure to whoever asks again', () => {
    const program = new Counting(failing)
    const scope = makeScope({ variables: [{ name: 'v', program }], toVariables: buildVariables(['v'], false) })
    expect(() => read(scope.activation, 'variables', 'v')).toThrow(EvaluationFailed)
    expect(() => read(scope.withResponse({}), 'variables', 'v')).toThrow(EvaluationFailed)
    expect(program.meters).toHaveLength(1)
  })

  it('[EV8] shows a variable those before it, and no answer', () => {
    const first = new Counting(() => 1)
    const seen: unknown[] = []
    const second = new Counting((activation) => {
      seen.push(read(activation, 'variables', 'first'), activation['response'])
      return 2
    })
    const scope = makeScope({
      variables: [
        { name: 'first', program: first },
        { name: 'second', program: second },
      ],
      toVariables: buildVariables(['first', 'second'], false),
    })
    expect(read(scope.withResponse({ text: 'a' }), 'variables', 'second')).toBe(2)
    expect(seen).toEqual([1, undefined])
  })

  it('[RK4] weighs once, for rules of both phases and for the threshold', () => {
    const when = new Counting(() => true)
    const risk = { scores: [{ name: 's', when, weight: 3, reason: 'because' }] }
    const scope = makeScope({ risk })
    expect(scope.weigh(risk)).toEqual({ score: 3, reasons: ['because'] })
    expect(scope.activation['risk']).toEqual({ score: 3, reasons: ['because'] })
    expect(scope.withResponse({})['risk']).toEqual({ score: 3, reasons: ['because'] })
    expect(when.meters).toHaveLength(1)
  })

  it('[RK4] names the score that failed, and fails whoever asks for the sum', () => {
    const when = new Counting(failing)
    const risk = { scores: [{ name: 's', when, weight: 3, reason: 'because' }] }
    const scope = makeScope({ risk })
    expect(() => scope.activation['risk']).toThrow(EvaluationFailed)
    expect(scope.weigh(risk)).toMatchObject({ score: 's' })
    expect(when.meters).toHaveLength(1)
  })

  it('lets rise what is no failure of an expression', () => {
    const broken = new Counting(() => {
      throw new TypeError('a bug')
    })
    const scope = makeScope({ variables: [{ name: 'v', program: broken }], toVariables: buildVariables(['v'], false) })
    expect(() => read(scope.activation, 'variables', 'v')).toThrow(TypeError)
  })

  it('[EV9] spends from the meter of the call as it is now', () => {
    const program = new Counting(() => 1)
    const call = makeCall()
    const scope = makeScope({ variables: [{ name: 'v', program }], toVariables: buildVariables(['v'], false) }, call)
    const renewed = new Meter()
    call.meter = renewed
    read(scope.withResponse({}), 'variables', 'v')
    expect(program.meters).toEqual([renewed])
  })
})
