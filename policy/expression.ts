// The one narrow door to CEL. In goes the author's text and an environment; out comes a program, or every mistake with line and
// column. The engine is a room of its own (cel/); the rules of this house about expressions are here.
import type { CelProgram } from './cel/engine.ts'
import { Engine } from './cel/engine.ts'
import type { Declarations } from './cel/check/declarations.ts'
import { HostFailure } from './cel/failure.ts'
import { kubernetesLibraries } from './cel/kubernetes/libraries.ts'
import type { Node } from './cel/syntax/ast.ts'
import type { Mistake } from './cel/syntax/problem.ts'
import type { Environment } from './environment.ts'
import { elementTypes, findingsType } from './environment.ts'

export const maxExpressionLength = 4096

/** Of the engine's units, about ten nanoseconds each. */
const evaluationBudget = 1_000_000

/** What all expressions of one call may spend together: many policies are no way around the budget of one. */
const callBudget = 4_000_000

/** One for each request, and one for each judgement of its answer. */
export class Meter {
  #left = callBudget

  get left(): number {
    return this.#left
  }

  spend(units: number): void {
    this.#left -= units
  }
}

const limits = { maxNodes: 2_000, maxDepth: 100 }

/** The values an expression sees, by variable. Made by activation.ts, from facts. */
export type Activation = Readonly<Record<string, unknown>>

export interface Program {
  readonly type: string
  /** `request.model` and the like: what must be in the activation. */
  readonly reads: ReadonlySet<string>
  /** Throws EvaluationFailed, and nothing else. Without a meter it may spend the budget of one expression. */
  readonly run: (activation: Activation, meter?: Meter) => unknown
}

export interface ExpressionProblem {
  readonly message: string
  readonly line: number
  readonly column: number
  /** For a wrong type: what would have fitted, and what is there. */
  readonly expected?: string
  readonly found?: string
}

/** `problem` is the first of `problems`. */
export type CompiledExpression =
  | { readonly program: Program }
  | { readonly problem: ExpressionProblem; readonly problems: readonly ExpressionProblem[] }

/** A rule could not be evaluated on this request. The message names the kind of failure and never a value. */
export class EvaluationFailed extends HostFailure {
  override readonly name = 'EvaluationFailed'
  readonly absorbable: boolean
  constructor(message: string, absorbable: boolean) {
    super(message)
    this.absorbable = absorbable
  }
}

export type Compile = (source: string, environment: Environment, expected?: 'bool' | 'string') => CompiledExpression

/** A compiler with its environments and patterns cached; make one per process or per compilation. */
export function makeCompiler(): Compile {
  const engine = new Engine({ limits, budget: evaluationBudget, libraries: kubernetesLibraries })
  const declared = new Map<string, Declarations>()
  return (source, environment, expected) => {
    if (source.length > maxExpressionLength) {
      return toProblems([
        { message: `expression is longer than ${maxExpressionLength} characters`, line: 1, column: 1 },
      ])
    }
    let declarations = declared.get(environment.name)
    if (declarations === undefined) {
      declarations = declare(engine, environment)
      declared.set(environment.name, declarations)
    }
    const compiled = engine.compile(source, declarations, {
      inspect: (node) => findComputedPattern(node) ?? findUnknownClass(node, environment.classes),
      ...(expected === undefined ? {} : { expected }),
    })
    if ('problems' in compiled) return toProblems(compiled.problems)
    return { program: toProgram(compiled.program, environment, expected) }
  }
}

/** Every variable is a struct of its own name, besides the time and what was found. */
function declare(engine: Engine, { structs, classes }: Environment): Declarations {
  const names = Object.keys(structs).map((name) => [name, name])
  const findings = classes === undefined ? {} : { findings: findingsType }
  return engine.declare({
    variables: { ...Object.fromEntries(names), ...findings, now: 'timestamp' },
    structs: { ...elementTypes, ...structs },
  })
}

function toProblems(problems: readonly ExpressionProblem[]): CompiledExpression {
  const clean = problems.map(({ message, line, column, expected, found }) => ({
    message,
    line,
    column,
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
  }))
  const [first = { message: 'the expression cannot be checked', line: 1, column: 1 }] = clean
  return { problem: first, problems: clean }
}

const patternFunctions = new Set(['matches', 'find', 'findAll'])

/** [EX3] A pattern that a request could choose would be a pattern that nobody checked. */
function findComputedPattern(node: Node): Mistake | undefined {
  if (node.kind !== 'call' || !patternFunctions.has(node.name)) return undefined
  const pattern = node.args[node.target === undefined ? 1 : 0]
  if (pattern === undefined || pattern.kind === 'literal') return undefined
  return { message: `the pattern of ${node.name}() must be written out as a string`, at: pattern.at }
}

/** [MK3] A class that the policy does not have would be a rule that never holds, or a call refused for a slip of the pen. */
function findUnknownClass(node: Node, classes: readonly string[] | undefined): Mistake | undefined {
  if (classes === undefined) return undefined
  const named = findNamedClass(node)
  if (named === undefined || classes.includes(named.name)) return undefined
  return {
    message: `no class "${named.name}" in dataClasses of this policy; it has ${classes.join(', ')}`,
    at: named.at,
  }
}

/** As in `findings.PCI`, `findings["PCI"]` and `"PCI" in findings`. */
function findNamedClass(node: Node): { readonly name: string; readonly at: number } | undefined {
  if (node.kind === 'select') return isFindings(node.target) ? { name: node.field, at: node.fieldAt } : undefined
  if (node.kind === 'index') return isFindings(node.target) ? toWritten(node.index) : undefined
  if (node.kind !== 'call' || node.name !== '@in') return undefined
  const [key, map] = node.args
  return key !== undefined && isFindings(map) ? toWritten(key) : undefined
}

function isFindings(node: Node | undefined): boolean {
  return node?.kind === 'ident' && node.name === 'findings'
}

function toWritten(node: Node): { readonly name: string; readonly at: number } | undefined {
  return node.kind === 'literal' && typeof node.value === 'string' ? { name: node.value, at: node.at } : undefined
}

/** Failures that go on through a variable into the rule that uses it, whatever `||` stands there. */
const final: ReadonlySet<string> = new Set(['budget_exhausted', 'host_final', 'internal'])

function toProgram(program: CelProgram, environment: Environment, expected: string | undefined): Program {
  return {
    type: program.type,
    reads: toReads(program.reads, environment),
    run: (activation, meter) => {
      const outcome = program.run(activation, Math.min(evaluationBudget, meter?.left ?? evaluationBudget))
      meter?.spend(outcome.spent)
      if ('failure' in outcome) {
        const { failure } = outcome
        throw new EvaluationFailed(`the expression could not be evaluated (${failure})`, !final.has(failure))
      }
      const isWanted = expected === undefined || typeof outcome.value === (expected === 'bool' ? 'boolean' : expected)
      if (!isWanted) throw new EvaluationFailed(`the expression did not yield a ${expected}`, true)
      return outcome.value
    },
  }
}

/** Who takes a variable whole reads all its fields. */
function toReads(reads: ReadonlySet<string>, { structs }: Environment): ReadonlySet<string> {
  const whole = Object.entries(structs).filter(([name]) => reads.has(name))
  return new Set([
    ...reads,
    ...whole.flatMap(([name, fields]) => Object.keys(fields).map((field) => `${name}.${field}`)),
  ])
}
