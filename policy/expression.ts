// The one narrow door to CEL. In goes the author's text and an environment; out comes a program, or a problem with line and
// column. Everything the engine may throw is caught here, and an evaluation error carries no value of the request.
import { Environment as Engine } from '@marcbachmann/cel-js'
import { RE2JS } from 're2js'
import { guard, linearMatches } from './cel/guard.ts'
import type { Environment } from './environment.ts'
import { elementTypes } from './environment.ts'
import type { MessageFacts, ToolCallFacts, ToolFacts } from './model.ts'

export const maxExpressionLength = 4096

/** The values an expression sees, by variable. Made by activation.ts, from facts. */
export type Activation = Readonly<Record<string, unknown>>

export interface Program {
  readonly type: string
  /** `request.model` and the like: what must be in the activation. */
  readonly reads: ReadonlySet<string>
  /** Throws EvaluationFailed, and nothing else. */
  readonly run: (activation: Activation) => unknown
}

export interface ExpressionProblem {
  readonly message: string
  readonly line: number
  readonly column: number
}

export type CompiledExpression = { readonly program: Program } | { readonly problem: ExpressionProblem }

/** A rule could not be evaluated on this request. The message names the kind of failure and never a value. */
export class EvaluationFailed extends Error {
  override readonly name = 'EvaluationFailed'
}

export class CelMessage implements MessageFacts {
  readonly role: string
  readonly content: string
  readonly name: string
  constructor(message: MessageFacts) {
    this.role = message.role
    this.content = message.content
    this.name = message.name
  }
}

export class CelTool implements ToolFacts {
  readonly type: string
  readonly name: string
  readonly description: string
  constructor(tool: ToolFacts) {
    this.type = tool.type
    this.name = tool.name
    this.description = tool.description
  }
}

export class CelToolCall implements ToolCallFacts {
  readonly id: string
  readonly name: string
  readonly arguments: string
  constructor(call: ToolCallFacts) {
    this.id = call.id
    this.name = call.name
    this.arguments = call.arguments
  }
}

const elementClasses = { Message: CelMessage, Tool: CelTool, ToolCall: CelToolCall }

export type Compile = (source: string, environment: Environment, expected?: 'bool' | 'string') => CompiledExpression

/** A compiler with its engines and patterns cached by environment; make one per process or per compilation. */
export function makeCompiler(): Compile {
  const engines = new Map<string, Engine>()
  return (source, environment, expected) => {
    let engine = engines.get(environment.name)
    if (engine === undefined) {
      engine = buildEngine(environment)
      engines.set(environment.name, engine)
    }
    return compileWith(engine, { source, environment, expected })
  }
}

function buildEngine(environment: Environment): Engine {
  const engine = new Engine({
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: 2_000, maxDepth: 48, maxListElements: 512, maxMapEntries: 128 },
  })
  for (const [name, fields] of Object.entries(elementTypes)) {
    engine.registerType(name, { ctor: elementClasses[toElementName(name)], fields: { ...fields } })
  }
  for (const [name, schema] of Object.entries(environment.structs)) {
    engine.registerVariable({ name, schema: { ...schema } })
  }
  engine.registerVariable('now', 'google.protobuf.Timestamp')
  const patterns = new Map<string, RE2JS>()
  engine.registerFunction(`string.${linearMatches}(string): bool`, (text: string, source: string) => {
    let pattern = patterns.get(source)
    if (pattern === undefined) {
      pattern = RE2JS.compile(source)
      patterns.set(source, pattern)
    }
    return pattern.test(text)
  })
  return engine
}

function toElementName(name: string): keyof typeof elementClasses {
  if (name === 'Message' || name === 'Tool' || name === 'ToolCall') return name
  throw new Error(`no class for CEL type ${name}`)
}

interface Input {
  readonly source: string
  readonly environment: Environment
  readonly expected: 'bool' | 'string' | undefined
}

function compileWith(engine: Engine, input: Input): CompiledExpression {
  const { source, environment, expected } = input
  if (source.length > maxExpressionLength) {
    return problemAt(source, 0, `expression is longer than ${maxExpressionLength} characters`)
  }
  try {
    const parsed = engine.parse(source)
    const { findings, reads } = guard(parsed.ast, environment)
    const [finding] = findings
    if (finding !== undefined) return problemAt(source, finding.offset, finding.message)
    const checked = parsed.check()
    if (!checked.valid) return toProblem(source, checked.error)
    const type = checked.type ?? 'dyn'
    if (expected !== undefined && type !== expected && type !== 'dyn') {
      return problemAt(source, 0, `must be ${expected}, found ${type}`)
    }
    return { program: { type, reads, run: (activation) => runSafely(parsed, activation, expected) } }
  } catch (error) {
    return toProblem(source, error)
  }
}

function runSafely(
  parsed: (context: Activation) => unknown,
  activation: Activation,
  expected: string | undefined,
): unknown {
  let value: unknown
  try {
    value = parsed(activation)
  } catch (error) {
    throw new EvaluationFailed(`the expression could not be evaluated (${codeOf(error)})`)
  }
  if (expected === 'bool' && typeof value !== 'boolean')
    throw new EvaluationFailed('the expression did not yield a bool')
  if (expected === 'string' && typeof value !== 'string')
    throw new EvaluationFailed('the expression did not yield a string')
  return value
}

function toProblem(source: string, error: unknown): CompiledExpression {
  const offset = offsetOf(error)
  return problemAt(source, offset, summaryOf(error))
}

interface EngineError {
  readonly summary?: unknown
  readonly code?: unknown
  readonly range?: { readonly start: number }
}

function isEngineError(error: unknown): error is EngineError {
  return typeof error === 'object' && error !== null
}

function summaryOf(error: unknown): string {
  if (isEngineError(error) && typeof error.summary === 'string') return error.summary
  return 'the expression cannot be checked; write it more simply'
}

function codeOf(error: unknown): string {
  return isEngineError(error) && typeof error.code === 'string' ? error.code : 'internal'
}

function offsetOf(error: unknown): number {
  return isEngineError(error) && typeof error.range?.start === 'number' ? error.range.start : 0
}

function problemAt(source: string, offset: number, message: string): { readonly problem: ExpressionProblem } {
  const before = source.slice(0, offset)
  const line = before.split('\n').length
  const column = offset - before.lastIndexOf('\n')
  return { problem: { message, line, column } }
}
