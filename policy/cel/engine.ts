// A CEL engine: source text and an environment in, a program or all of the author's mistakes out. Knows nothing of policies,
// Kubernetes or HTTP; imports nothing but the regular expression engine.
import type { Declarations } from './check/declarations.ts'
import { check } from './check/check.ts'
import type { FunctionTable, Library } from './check/signature.ts'
import { buildFunctions } from './check/signature.ts'
import type { Type } from './check/type.ts'
import { isDyn, parseType, typeText } from './check/type.ts'
import type { FailureCode } from './failure.ts'
import { CelFailure, Exhausted, HostFailure } from './failure.ts'
import { standardLibraries } from './library/standard.ts'
import type { Plan, Variables } from './plan/frame.ts'
import { Frame } from './plan/frame.ts'
import { planProgram } from './plan/plan.ts'
import type { Node } from './syntax/ast.ts'
import type { Limits } from './syntax/parse.ts'
import { defaultLimits, parse } from './syntax/parse.ts'
import type { CelProblem, Mistake } from './syntax/problem.ts'
import { locate, SyntaxMistake } from './syntax/problem.ts'
import type { Value } from './values/box.ts'

export interface EngineOptions {
  readonly limits?: Limits
  /** Units of about ten nanoseconds that one run may spend. */
  readonly budget?: number
  /** Besides the standard ones. */
  readonly libraries?: readonly Library[]
}

/** Types are texts such as `map<string, list<Message>>`; a name of `structs` is a struct. */
export interface EnvironmentText {
  readonly variables: Readonly<Record<string, string>>
  readonly structs?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly container?: string
}

export interface CompileOptions {
  /** The result must be of this type, or be known only at run time. */
  readonly expected?: string
  /** Runs what the checker refuses, as far as it goes; for tests of the evaluator. */
  readonly unchecked?: boolean
  /** Asked of every node after the check; for rules of the house. */
  readonly inspect?: (node: Node) => Mistake | undefined
}

export interface CelProgram {
  readonly type: string
  /** `request.model` for a field of a struct that is a variable, `now` for a variable. */
  readonly reads: ReadonlySet<string>
  readonly run: (variables: Variables, budget?: number) => Outcome
}

/** `host` and `host_final`: a getter of the host failed, in a way that may be absorbed or must not be. */
export type Failure = FailureCode | 'budget_exhausted' | 'host' | 'host_final' | 'internal'

/** Never a value of the request in a failure: only its kind. */
export type Outcome =
  | { readonly value: Value; readonly spent: number }
  | { readonly failure: Failure; readonly spent: number }

export type Compiled = { readonly program: CelProgram } | { readonly problems: readonly CelProblem[] }

const defaultBudget = 1_000_000

export class Engine {
  readonly #functions: FunctionTable
  readonly #limits: Limits
  readonly #budget: number

  constructor({ limits = defaultLimits, budget = defaultBudget, libraries = [] }: EngineOptions = {}) {
    this.#functions = buildFunctions([...standardLibraries(), ...libraries])
    this.#limits = limits
    this.#budget = budget
  }

  /** Reads an environment once, for many expressions. */
  declare(text: EnvironmentText): Declarations {
    const names = new Set(Object.keys(text.structs ?? {}))
    const read = (types: Readonly<Record<string, string>>): Map<string, Type> =>
      new Map(Object.entries(types).map(([name, type]) => [name, parseType(type, names)]))
    const structs = Object.entries(text.structs ?? {}).map(([name, fields]) => [name, read(fields)] as const)
    return {
      variables: read(text.variables),
      structs: new Map(structs),
      functions: this.#functions,
      container: text.container ?? '',
    }
  }

  /** Never throws, whatever the source. */
  compile(source: string, declarations: Declarations, options: CompileOptions = {}): Compiled {
    const tree = this.#read(source)
    if ('problems' in tree) return tree
    const { type, mistakes, resolution } = check(tree.root, declarations)
    const found = [...mistakes]
    const wanted = options.expected === undefined ? undefined : findWrongResult(type, options.expected, tree.root)
    if (wanted !== undefined && mistakes.length === 0) found.push(wanted)
    if (options.inspect !== undefined)
      for (const node of resolution.types.keys()) addIfAny(found, options.inspect(node))
    if (found.length > 0 && options.unchecked !== true) {
      const sorted = found.toSorted((a, b) => a.at - b.at)
      return { problems: sorted.map((mistake) => locate(source, mistake)) }
    }
    const plan = planProgram(tree.root, resolution)
    const slots = resolution.slotCount
    const run = (variables: Variables, budget = this.#budget): Outcome => {
      return runPlan(plan, new Frame(variables, slots, budget), budget)
    }
    return { program: { type: typeText(type), reads: resolution.reads, run } }
  }

  #read(source: string): { readonly root: Node } | { readonly problems: readonly CelProblem[] } {
    try {
      return { root: parse(source, this.#limits) }
    } catch (error) {
      if (!(error instanceof SyntaxMistake)) throw error
      return { problems: [locate(source, { message: error.message, at: error.at })] }
    }
  }
}

function addIfAny(mistakes: Mistake[], mistake: Mistake | undefined): void {
  if (mistake !== undefined) mistakes.push(mistake)
}

function findWrongResult(type: Type, expected: string, root: Node): Mistake | undefined {
  const found = typeText(type)
  if (found === expected || isDyn(type)) return undefined
  return { message: `must be ${expected}, found ${found}`, at: root.at, expected, found }
}

function runPlan(plan: Plan, frame: Frame, budget: number): Outcome {
  try {
    const value = plan(frame)
    return { value, spent: budget - frame.left }
  } catch (error) {
    return { failure: codeOf(error), spent: budget - frame.left }
  }
}

function codeOf(error: unknown): Failure {
  if (error instanceof CelFailure || error instanceof Exhausted) return error.code
  if (!(error instanceof HostFailure)) return 'internal'
  return error.absorbable ? 'host' : 'host_final'
}
