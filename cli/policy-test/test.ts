// The story of `portcullis test`: read tests and what they are about, run the cases, tell. Returns the exit code.
import { writeFile } from 'node:fs/promises'
import type { TestCommand } from '../arguments.ts'
import { CliError } from '../errors.ts'
import type { Kinds } from '../offline/objects.ts'
import { toPlanOptions } from '../offline/plan.ts'
import type { Terminal } from '../terminal.ts'
import type { CoverageReport } from './coverage.ts'
import { Coverage } from './coverage.ts'
import { loadTests } from './load.ts'
import { toJsonReport, toJunitReport } from './report.ts'
import type { TestResult } from './result.ts'
import { hasFailed } from './result.ts'
import { runTests } from './run.ts'
import { showCoverage, showResults } from './show.ts'

export interface TestDeps {
  readonly terminal: Terminal
  /** The kinds that objects are held against. */
  readonly kinds: () => Promise<Kinds>
  readonly monotonicMs: () => number
}

export async function test(deps: TestDeps, command: TestCommand): Promise<number> {
  const { filter, minCoverage = 0 } = command
  const tests = await loadTests({ kinds: await deps.kinds() }, command.paths, toPlanOptions(command))
  const coverage = new Coverage()
  const results = await runTests(deps, tests, { filter, coverage })
  if (results.length === 0) {
    throw new CliError('fixture_invalid', 'no case has that in its file, test or name', {
      advice: ['--filter takes a part of a name, letter by letter'],
    })
  }
  const covered = coverage.report()
  await tell(deps.terminal, command, { results, covered })
  const failed = results.some(({ cases }) => cases.some(hasFailed))
  return failed || covered.percent < minCoverage ? 1 : 0
}

interface Told {
  readonly results: readonly TestResult[]
  readonly covered: CoverageReport
}

async function tell(terminal: Terminal, command: TestCommand, told: Told): Promise<void> {
  const { output, outputFile, minCoverage } = command
  if (output !== 'pretty') {
    const report = output === 'junit' ? toJunitReport(told, minCoverage) : toJsonReport(told)
    if (outputFile === undefined) return terminal.line(report.trimEnd())
    await writeReport(outputFile, report)
  }
  showResults(terminal, told.results)
  if (command.coverage || minCoverage !== undefined) showCoverage(terminal, told.covered, minCoverage)
  return undefined
}

async function writeReport(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw new CliError('file_unwritable', `the report cannot be written to ${file} (${code})`, {
      cause: error,
      advice: ['--output-file needs a path in a folder that exists'],
    })
  }
}
