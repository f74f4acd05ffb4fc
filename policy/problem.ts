// A user's mistake as a value: where, which kind, and what to do about it. All problems of an object are reported at once; the
// same list becomes status conditions, CLI output and golden files.

export type ProblemReason =
  | 'Invalid'
  | 'InvalidExpression'
  | 'NotSupported'
  | 'NotFound'
  | 'NotGranted'
  | 'Conflict'
  | 'ForbiddenAddress'

export interface Problem {
  /** Path inside the object, such as `spec.rules[2].when`. */
  readonly path: string
  readonly reason: ProblemReason
  readonly message: string
  /** Position inside a CEL expression, counted from 1. */
  readonly line?: number
  readonly column?: number
}

/** One line for people: `spec.rules[0].when 1:9: unknown field "modle"`. */
export function toProblemText(problem: Problem): string {
  const at = problem.line === undefined ? '' : ` ${problem.line}:${problem.column ?? 1}`
  return `${problem.path}${at}: ${problem.message}`
}
