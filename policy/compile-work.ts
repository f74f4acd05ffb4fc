// One compilation on its way: gathers every problem of a policy, and everything that its programs read.
import type { Environment } from './environment.ts'
import type { Compile, Program } from './expression.ts'
import type { Problem } from './problem.ts'

export interface Place {
  /** Such as `spec.rules[0].when`. */
  readonly path: string
  readonly environment: Environment
  readonly expected?: 'bool' | 'string'
}

export class Work {
  readonly problems: Problem[] = []
  readonly reads = new Set<string>()
  readonly #compile: Compile

  constructor(compile: Compile) {
    this.#compile = compile
  }

  refuse(path: string, reason: Problem['reason'], message: string): undefined {
    this.problems.push({ path, reason, message })
  }

  /** Undefined: it does not compile, and the problems say why. */
  compile(source: string, { path, environment, expected }: Place): Program | undefined {
    const result = this.#compile(source, environment, expected)
    if ('problems' in result) {
      for (const { message, line, column } of result.problems) {
        this.problems.push({ path, reason: 'InvalidExpression', message, line, column })
      }
      return undefined
    }
    for (const read of result.program.reads) this.reads.add(read)
    return result.program
  }

  /** For expressions that may be left out. */
  compileIfAny(source: string | undefined, place: Place): Program | undefined {
    return source === undefined ? undefined : this.compile(source, place)
  }
}
