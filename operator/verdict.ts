// What the operator found out about one object, before anything is written: plain data from `plan`, turned into conditions by
// `status`.
import type { Problem } from '../policy/problem.ts'
import { toProblemText } from '../policy/problem.ts'

/** A condition without its type and its times. */
export interface Finding {
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
}

export interface Verdict {
  readonly accepted: Finding
  readonly resolvedRefs: Finding
  /** Mistakes in the spec, for people to repair. */
  readonly problems: readonly Problem[]
}

export function isTrue(finding: Finding): boolean {
  return finding.status === 'True'
}

const maxMessageLength = 4096
const maxQuoted = 3

export function toMessage(text: string): string {
  return text.length <= maxMessageLength ? text : `${text.slice(0, maxMessageLength - 1)}…`
}

/** What fits into one line of a refusal; the rest, such as the YAML of a grant, stands in the status. */
export function toFirstLine(text: string): string {
  return text.split('\n', 1)[0]?.slice(0, 512) ?? ''
}

/** The first few problems in words; the whole list stands in `status.problems`. */
export function toProblemsText(problems: readonly Problem[]): string {
  const quoted = problems.slice(0, maxQuoted).map(toProblemText).join('; ')
  const more = problems.length - maxQuoted
  return more > 0 ? `${quoted}; and ${more} more, see status.problems` : quoted
}

const maxProblems = 16

/** As the CRDs bound them. */
export function toStatusProblems(problems: readonly Problem[]): { readonly problems?: readonly Problem[] } {
  if (problems.length === 0) return {}
  const shown = problems.slice(0, maxProblems)
  return {
    problems: shown.map((problem) => ({
      ...problem,
      path: problem.path.slice(0, 256),
      message: problem.message.slice(0, 1024),
    })),
  }
}
