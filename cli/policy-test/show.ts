// Results for people: a line for each case, and below one that failed what was expected, what was found, and where to look.
import type { Terminal } from '../terminal.ts'
import { toExcerpt, width } from '../terminal.ts'
import type { CoverageReport } from './coverage.ts'
import { toMissingText } from './coverage.ts'
import type { CaseResult, TestResult } from './result.ts'
import { hasFailed } from './result.ts'

export function showResults(terminal: Terminal, results: readonly TestResult[]): void {
  for (const { file, name, cases } of results) {
    terminal.line(terminal.paint('strong', name === undefined ? file : `${file}  ${name}`))
    for (const one of cases) showCase(terminal, file, one)
    terminal.line()
  }
  const all = results.flatMap(({ cases }) => cases)
  const failed = all.filter(hasFailed).length
  const verdict = `test: ${all.length - failed} of ${all.length} cases`
  terminal.line(failed === 0 ? verdict : terminal.paint('bad', `${verdict}, ${failed} failed`))
}

function showCase(terminal: Terminal, file: string, one: CaseResult): void {
  if (!hasFailed(one)) {
    terminal.line(`  ${terminal.paint('good', '✓')} ${one.name}`)
    return
  }
  terminal.line(`  ${terminal.paint('bad', '✗')} ${one.name}  ${terminal.paint('quiet', `${file}:${one.line}`)}`)
  const columns = width - 22
  for (const { field, expected, found } of one.differences) {
    terminal.line(`      ${field.padEnd(8)} expected ${terminal.paint('good', toExcerpt(expected, columns))}`)
    terminal.line(`      ${' '.repeat(8)} found    ${terminal.paint('bad', toExcerpt(found, columns))}`)
  }
  const because = toReason(one)
  if (because !== undefined) terminal.text(because, 6)
}

/** What decided, where no expectation asked for it. */
function toReason({ judged: { outcome }, differences }: CaseResult): string | undefined {
  const { decision, answer, code, reason, policy, rule, message, rules = [] } = outcome
  if (decision === 'Permit' && answer !== 'Denied') return `allowed by ${rules.join(', ')}`
  const asked = new Set(differences.map(({ field }) => field))
  const who = policy === undefined ? '' : ` by ${policy}${rule === undefined ? '' : `/${rule}`}`
  const said = message === undefined || asked.has('message') ? '' : `: ${toExcerpt(message, width)}`
  return `refused${who} (${[reason, code].filter((one) => one !== undefined).join(', ')})${said}`
}

export function showCoverage(terminal: Terminal, covered: CoverageReport, wanted: number | undefined): void {
  const missing = covered.rules.filter(({ met }) => !met)
  const percent = `${Math.floor(covered.percent * 10) / 10} %`
  const tooLow = wanted !== undefined && covered.percent < wanted
  const verdict = `coverage: ${covered.met} of ${covered.total} rules (${percent})${tooLow ? `, ${wanted} % are wanted` : ''}`
  for (const rule of missing) terminal.line(toMissingText(rule))
  terminal.line(tooLow ? terminal.paint('bad', verdict) : verdict)
}
