// What a test run came to, from vitest's own report: passed, failed, and by name what did not run.

export interface VitestReport {
  readonly success: boolean
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

export interface Outcome {
  readonly passed: number
  readonly failed: number
  readonly notRun: readonly string[]
}

/** A run without a report, or one that failed outside of its tests, is one failure more than its tests show. */
export function toOutcome(report: VitestReport | undefined, exitCode: number): Outcome {
  if (report === undefined) return { passed: 0, failed: 1, notRun: [] }
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults)
  const passed = tests.filter(({ status }) => status === 'passed').length
  const failedTests = tests.filter(({ status }) => status === 'failed').length
  const notRun = tests
    .filter(({ status }) => status !== 'passed' && status !== 'failed')
    .map(({ fullName }) => fullName)
  const failedElsewhere = exitCode !== 0 && failedTests === 0 ? 1 : 0
  const empty = passed === 0 && failedTests === 0 && exitCode === 0 ? 1 : 0
  return { passed, failed: failedTests + failedElsewhere + empty, notRun }
}

export function toClosingLines({ passed, failed, notRun }: Outcome, isCi: boolean): string {
  const named = notRun.map((name) => `  not run here: ${name}\n`)
  const verdict =
    notRun.length === 0 ? '' : `${notRun.length} not run on this machine${isCi ? ', which CI does not accept' : ''}\n`
  const failures = failed + (isCi ? notRun.length : 0)
  return `${named.join('')}${verdict}${passed} passed, ${failures} failed\n`
}
