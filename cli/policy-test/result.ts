// What came of each case, for every form in which it is told.
import type { JudgedCall } from '../offline/judge-call.ts'
import type { Difference } from './compare.ts'

export interface CaseResult {
  readonly name: string
  /** In the file of the test. */
  readonly line: number
  /** Empty: it met what it expects. */
  readonly differences: readonly Difference[]
  readonly judged: JudgedCall
  readonly ms: number
}

export interface TestResult {
  readonly file: string
  /** As its metadata says. */
  readonly name?: string
  readonly cases: readonly CaseResult[]
}

export function hasFailed({ differences }: CaseResult): boolean {
  return differences.length > 0
}

export function toDifferenceText({ field, expected, found }: Difference): string {
  return `${field}: expected ${expected}, found ${found}`
}
