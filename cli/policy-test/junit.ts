// Results as JUnit XML, in the dialect that GitLab, Jenkins and GitHub actions read: a suite for each PolicyTest, a case for each case.
// XML 1.0 has no way to write most control characters, so those become U+FFFD.
import type { CaseResult, TestResult } from './result.ts'
import { toDifferenceText } from './result.ts'

export function toJunit(results: readonly TestResult[]): string {
  const suites = results.map(toSuite)
  const all = results.flatMap(({ cases }) => cases)
  const attributes = toAttributes({ name: 'portcullis test', ...toCounts(all) })
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${attributes}>\n${suites.join('')}</testsuites>\n`
}

function toSuite({ file, name, cases }: TestResult): string {
  const attributes = toAttributes({ name: name ?? file, file, ...toCounts(cases) })
  return `  <testsuite${attributes}>\n${cases.map((one) => toCase(file, one)).join('')}  </testsuite>\n`
}

function toCounts(cases: readonly CaseResult[]): Readonly<Record<string, string>> {
  const failures = cases.filter(({ differences }) => differences.length > 0).length
  const seconds = cases.reduce((sum, { ms }) => sum + ms, 0) / 1000
  return {
    tests: String(cases.length),
    failures: String(failures),
    errors: '0',
    skipped: '0',
    time: seconds.toFixed(3),
  }
}

function toCase(file: string, { name, differences, line, ms }: CaseResult): string {
  const attributes = toAttributes({ classname: file, name, file, line: String(line), time: (ms / 1000).toFixed(3) })
  if (differences.length === 0) return `    <testcase${attributes}/>\n`
  const lines = differences.map(toDifferenceText)
  const failure = toAttributes({ type: 'Difference', message: lines.join('; ') })
  return `    <testcase${attributes}>\n      <failure${failure}>${escape(`${file}:${line}\n${lines.join('\n')}`)}</failure>\n    </testcase>\n`
}

function toAttributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escape(value)}"`)
    .join('')
}

const named: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  // As themselves they would be read as spaces inside an attribute.
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
}

/** https://www.w3.org/TR/xml/#charsets; lone surrogates are no characters at all. */
const forbidden = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu

export function escape(text: string): string {
  return text.replace(forbidden, '\u{fffd}').replace(/[&<>"'\t\n\r]/g, (character) => named[character] ?? '')
}
