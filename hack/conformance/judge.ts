// Runs one test of the specification. An expected error counts only where the expression could be read and all its functions are
// there: a function that is missing fails its tests, it does not pass the ones that expect a failure.
import { Engine } from '../../policy/cel/engine.ts'
import type { Compiled } from '../../policy/cel/engine.ts'
import { Meter } from '../../policy/cel/failure.ts'
import { isEqual } from '../../policy/cel/values/compare.ts'
import { kindOf } from '../../policy/cel/values/kind.ts'
import type { Original, SpecTest } from './classify.ts'
import { toBindings, toEnvironment, toTypeText, toValue } from './environment.ts'

/** Undefined: passed. Otherwise what went wrong. */
export function findFailure({ original, section }: SpecTest): string | undefined {
  const { variables, library } = toEnvironment(original)
  const engine = new Engine({ libraries: [library] })
  const declarations = engine.declare({ variables, container: original.container ?? '' })
  const unchecked = original.disableCheck === true
  const compiled = engine.compile(original.expr, declarations, { unchecked })
  if (original.evalError !== undefined) return judgeError(compiled, original.bindings, section)
  return judgeType(compiled, original) ?? judgeValue(compiled, original)
}

function judgeType(compiled: Compiled, { typedResult }: Original): string | undefined {
  if ('problems' in compiled) return compiled.problems.map(({ message }) => message).join('; ')
  if (typedResult?.deducedType === undefined) return undefined
  const text = toTypeText(typedResult.deducedType)
  return compiled.program.type === text ? undefined : `type ${compiled.program.type}, expected ${text}`
}

/** Where the test is about a function or a name that does not exist, its absence is the error that is expected. */
const aboutMissing = new Set(['functions', 'variables', 'type'])

/** Errors of evaluation that this engine already tells when it compiles: wrong types, and constants that cannot be converted. */
const toldEarly = /^(?:no such overload|timestamp \(RFC 3339\):|duration:)/u

function judgeError(compiled: Compiled, bindings: Original['bindings'], section: string): string | undefined {
  if ('problems' in compiled) {
    const [first] = compiled.problems
    return first !== undefined && toldEarly.test(first.message) ? undefined : first?.message
  }
  const outcome = compiled.program.run(toBindings(bindings))
  if ('value' in outcome) return 'a value where an error is expected'
  if (outcome.failure === 'internal') return 'an internal error'
  const isVacuous = outcome.failure === 'undeclared_reference' && !aboutMissing.has(section)
  return isVacuous ? 'a function or name is missing' : undefined
}

function judgeValue(compiled: Compiled, original: Original): string | undefined {
  if ('problems' in compiled || original.checkOnly === true) return undefined
  const wanted = toValue(original.value ?? original.typedResult?.result ?? { boolValue: true })
  const outcome = compiled.program.run(toBindings(original.bindings))
  if ('failure' in outcome) return `failed with ${outcome.failure}`
  return isSame(outcome.value, wanted) ? undefined : `${describe(outcome.value)}, expected ${describe(wanted)}`
}

function isSame(value: unknown, wanted: unknown): boolean {
  const bothNaN = Number.isNaN(wanted) && Number.isNaN(value)
  return kindOf(value) === kindOf(wanted) && (bothNaN || isEqual(value, wanted, new Meter(Infinity)))
}

function describe(value: unknown): string {
  return `${kindOf(value)} ${JSON.stringify(value, stringify)}`
}

function stringify(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value instanceof Map ? [...value.values()] : value
}
