// Runs `kubernetesUsername` of an issuer. What cannot be evaluated is unknown, and where the name is unknown approvals refuse.
import { usernameEnvironment } from '../../policy/environment.ts'
import type { Compile } from '../../policy/expression.ts'
import { EvaluationFailed } from '../../policy/expression.ts'
import type { EvaluateUsername } from '../../policy/identity.ts'

export type CompileUsername = (expression: string) => EvaluateUsername

export function makeUsernameCompiler(compile: Compile): CompileUsername {
  return (expression) => {
    const compiled = compile(expression, usernameEnvironment, 'string')
    // The settings were parsed with the same compiler; an expression that fails here was never published.
    if (!('program' in compiled)) return () => undefined
    const { program } = compiled
    return (identity) => {
      try {
        const name = program.run({ identity })
        return typeof name === 'string' && name !== '' ? name : undefined
      } catch (error) {
        if (error instanceof EvaluationFailed) return undefined
        throw error
      }
    }
  }
}
