// What a run of test/bypass came to, by class and protocol: each case stands under a title `class: protocol`. A class that should have
// been tried on a protocol and was not is a miss like a case that did not hold.
import type { VitestReport } from '../test-outcome.ts'

export interface Score {
  readonly rows: readonly ScoreRow[]
  /** Cases, and classes without one, each by name. */
  readonly missed: readonly string[]
}

export interface ScoreRow {
  readonly name: string
  readonly held: number
  readonly cases: number
}

export type Classes = Readonly<Record<string, readonly string[]>>

export function toScore(report: VitestReport, classes: Classes): Score {
  const titles = Object.entries(classes).flatMap(([name, protocols]) => protocols.map((one) => `${name}: ${one}`))
  const cases = report.testResults.flatMap(({ assertionResults }) =>
    assertionResults.map(({ fullName, status }) => ({
      title: titles.find((title) => fullName.startsWith(`${title} `)),
      name: fullName,
      held: status === 'passed',
    })),
  )
  const tried = new Set(cases.map(({ title }) => title))
  return {
    rows: Object.keys(classes).map((name) => {
      const own = cases.filter(({ title }) => title?.startsWith(`${name}: `))
      return { name, held: own.filter(({ held }) => held).length, cases: own.length }
    }),
    missed: [
      ...cases.filter(({ held }) => !held).map(({ name }) => name),
      ...titles.filter((title) => !tried.has(title)).map((title) => `${title} (no case)`),
      ...cases.filter(({ title }) => title === undefined).map(({ name }) => `${name} (of no class)`),
    ],
  }
}

export function toLines({ rows, missed }: Score): string {
  const width = Math.max(...rows.map(({ name }) => name.length))
  const table = rows.map(({ name, held, cases }) => `  ${name.padEnd(width)}  ${held}/${cases}\n`)
  const misses = missed.map((name) => `  missed: ${name}\n`)
  return `${table.join('')}${misses.join('')}`
}
