// Something that a person should look at in a file: a mistake, or what is likely one. The same list becomes lines for people, JSON
// for programs, and the reason why tests and explanations refuse to start.
import type { ProblemReason } from '../../policy/problem.ts'
import type { Place } from './source.ts'

export type FindingReason =
  | ProblemReason
  | 'BrokenYaml'
  | 'NotAnObject'
  | 'UnknownKind'
  | 'DuplicateObject'
  | 'NotSelected'
  | 'SelectsNothing'
  | 'TargetNotFound'
  | 'NothingAllowed'
  | 'NeverMatches'
  | 'NeverCounts'
  | 'NobodyKnown'
  | 'ClassNotFound'
  | 'ClassNotUsed'
  | 'NotRead'

export interface Finding extends Place {
  readonly severity: 'error' | 'warning'
  readonly reason: FindingReason
  /** `InferencePolicy research/chat`; absent where it is not known whose text this is. */
  readonly object?: string
  /** Inside the object, such as `spec.rules[2].when`. */
  readonly path?: string
  readonly message: string
  /** What to do now. */
  readonly hint?: string
  /** Inside a CEL expression whose places the file does not show. */
  readonly expression?: { readonly line: number; readonly column: number }
}

/** `a.yaml:12:9: error: InferencePolicy team/chat, spec.mode: is required [Invalid]`, which terminals turn into a link. */
export function toFindingText(finding: Finding): string {
  const { file, line, column, severity, object, path, expression, message, reason } = finding
  const inside = expression === undefined ? '' : ` ${expression.line}:${expression.column}`
  const about = [object, path === undefined ? undefined : `${path}${inside}`].filter((part) => part !== undefined)
  const where = about.length === 0 ? '' : `${about.join(', ')}: `
  return `${file}:${line}:${column}: ${severity}: ${where}${message} [${reason}]`
}

export function isError({ severity }: Finding): boolean {
  return severity === 'error'
}

export function byPlace(a: Finding, b: Finding): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1
  return a.line - b.line || a.column - b.column
}
