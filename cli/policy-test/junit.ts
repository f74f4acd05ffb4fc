// Results as JUnit XML, in the dialect that GitLab, Jenkins and GitHub actions read: a suite for each PolicyTest, a case for each case.
// XML 1.0 has no way to write most control characters, so those become U+FFFD.

/** What a report needs to know of a case; a demand on all cases together is told as one more. */
export interface ReportedCase {
  readonly name: string
  readonly file: string
  readonly line: number
  readonly seconds: number
  /** Why it failed, a line each; empty: it did not. */
  readonly failures: readonly string[]
}

export interface ReportedSuite {
  readonly name: string
  readonly cases: readonly ReportedCase[]
}

export function toJunit(suites: readonly ReportedSuite[]): string {
  const counts = toCounts(suites.flatMap(({ cases }) => cases))
  const attributes = toAttributes({ name: 'portcullis test', ...counts })
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${attributes}>\n${suites.map(toSuite).join('')}</testsuites>\n`
}

function toSuite({ name, cases }: ReportedSuite): string {
  const attributes = toAttributes({ name, ...toCounts(cases) })
  return `  <testsuite${attributes}>\n${cases.map(toCase).join('')}  </testsuite>\n`
}

function toCounts(cases: readonly ReportedCase[]): Readonly<Record<string, string>> {
  const failed = cases.filter(({ failures }) => failures.length > 0).length
  const seconds = cases.reduce((sum, one) => sum + one.seconds, 0)
  return { tests: String(cases.length), failures: String(failed), errors: '0', skipped: '0', time: seconds.toFixed(3) }
}

function toCase({ name, file, line, seconds, failures }: ReportedCase): string {
  const attributes = toAttributes({ classname: file, name, file, line: String(line), time: seconds.toFixed(3) })
  if (failures.length === 0) return `    <testcase${attributes}/>\n`
  const failure = toAttributes({ type: 'Difference', message: failures.join('; ') })
  const text = escape(`${file}:${line}\n${failures.join('\n')}`)
  return `    <testcase${attributes}>\n      <failure${failure}>${text}</failure>\n    </testcase>\n`
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
