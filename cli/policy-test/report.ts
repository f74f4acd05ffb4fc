// Results for programs: JSON with everything, and JUnit for what CI shows.
import type { CoverageReport } from './coverage.ts'
import { toMissingText } from './coverage.ts'
import type { ReportedSuite } from './junit.ts'
import { toJunit } from './junit.ts'
import type { TestResult } from './result.ts'
import { hasFailed, toDifferenceText } from './result.ts'

export interface Reported {
  readonly results: readonly TestResult[]
  readonly covered: CoverageReport
}

/** Fields are added, never changed. */
export function toJsonReport({ results, covered }: Reported): string {
  const all = results.flatMap(({ cases }) => cases)
  const tests = results.map(({ file, name, cases }) => ({
    file,
    ...(name === undefined ? {} : { name }),
    cases: cases.map((one) => ({
      name: one.name,
      line: one.line,
      passed: !hasFailed(one),
      differences: one.differences,
      found: one.judged.outcome,
    })),
  }))
  const report = { cases: all.length, failed: all.filter(hasFailed).length, tests, coverage: covered }
  return `${JSON.stringify(report, undefined, 2)}\n`
}

/** Coverage that is wanted is one more case: CI shows why the run failed. */
export function toJunitReport({ results, covered }: Reported, minCoverage: number | undefined): string {
  const suites = results.map(({ file, name, cases }): ReportedSuite => ({
    name: name ?? file,
    cases: cases.map((one) => ({
      name: one.name,
      file,
      line: one.line,
      seconds: one.ms / 1000,
      failures: one.differences.map(toDifferenceText),
    })),
  }))
  return toJunit(minCoverage === undefined ? suites : [...suites, toCoverageSuite(covered, minCoverage)])
}

function toCoverageSuite(covered: CoverageReport, wanted: number): ReportedSuite {
  const [first] = covered.rules
  const failures = covered.percent < wanted ? covered.rules.filter(({ met }) => !met).map(toMissingText) : []
  const name = `at least ${wanted} % of the rules are met by a case`
  return { name: 'coverage', cases: [{ name, file: first?.file ?? '', line: first?.line ?? 1, seconds: 0, failures }] }
}
