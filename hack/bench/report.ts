// What the bench prints: one JSON object for programs, tables for people.
import { round4 } from './statistics.ts'
import type { Budget, CaseFigures, SuiteResult } from './suite.ts'

/** Exactly what `--json` promises; one suite is the object itself, several are under `suites`. */
export function toJson(results: readonly SuiteResult[]): string {
  const suites = results.map(toObject)
  return JSON.stringify(suites.length === 1 ? suites[0] : { suites })
}

function toObject({ suite, rounds, cases, ratios, budgets }: SuiteResult) {
  return {
    suite,
    rounds,
    cases: cases.map(({ kept: _kept, ran: _ran, utilization: _utilization, spread: _spread, ...figures }) => figures),
    ratios,
    budgets,
  }
}

const headings = ['case', 'target', 'CPU µs', 'p50 µs', 'p99 µs', 'per s', 'ttft µs', 'core', 'spread', 'rounds']

/** Tables of one suite: the figures, the ratios, the budgets, and what is missing. */
export function toTable(result: SuiteResult): string {
  const lines = [result.suite, '', ...align([headings, ...result.cases.map(toRow)])]
  const ratios = Object.entries(result.ratios)
  if (ratios.length > 0) lines.push('', ...align([['ratio', 'median'], ...ratios.map(([name, v]) => [name, `${v}`])]))
  if (result.budgets.length > 0) {
    lines.push('', ...align([['budget', 'value', 'limit', 'spread', ''], ...result.budgets.map(toBudgetRow)]))
  }
  if (result.notRun.length > 0) lines.push('', ...result.notRun)
  return `${lines.join('\n')}\n`
}

function toRow(row: CaseFigures): string[] {
  const figures = [row.cpuUs, row.p50Us, row.p99Us, row.rps, row.ttftUs, row.utilization, row.spread]
  return [row.case, row.target, ...figures.map(show), `${row.kept}/${row.ran}`]
}

function toBudgetRow(budget: Budget): string[] {
  const verdict = budget.ok ? 'kept' : 'MISSED'
  return [budget.name, `${budget.value}`, `${budget.op} ${budget.limit}`, `${budget.spread}`, verdict]
}

function show(value: number | undefined): string {
  return value === undefined ? '-' : `${round4(value)}`
}

/** Columns as wide as their widest cell; the first two are names, the rest numbers. */
function align(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const pad = (cell: string, column: number) =>
    column < 1 || /^[a-z]/.test(cell) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  return rows.map((row) => row.map(pad).join('  ').trimEnd())
}
