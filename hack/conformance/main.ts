// `npm run conformance:cel`: the tests of the CEL specification. Exits 1 below the floor, on a failure that is not listed, and on a
// listed one that passes: the list of known failures may only shrink.
import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { tests as specification } from '@bufbuild/cel-spec/testdata/conformance.js'
import type { Original, SpecTest } from './classify.ts'
import { excludedBecause, idOf } from './classify.ts'
import { findFailure } from './judge.ts'

const floor = 0.98

interface Suite {
  readonly name: string
  readonly suites?: readonly Suite[]
  readonly tests?: readonly { readonly original: unknown; readonly type?: string }[]
}

function collect(suite: Suite, path: readonly string[]): readonly SpecTest[] {
  const [file = '', ...sections] = path
  const own = (suite.tests ?? []).map(({ original, ...rest }) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- data of a pinned package, generated from one schema
    const test = original as Original & { readonly name: string }
    return { file, section: sections.join('/'), name: test.name, original: test, ...rest }
  })
  return [...own, ...(suite.suites ?? []).flatMap((inner) => collect(inner, [...path, inner.name]))]
}

function count<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1)
  return counts
}

async function readKnown(): Promise<ReadonlySet<string>> {
  const text = await readFile(new URL('known-failures.json', import.meta.url), 'utf8')
  const parsed: unknown = JSON.parse(text)
  return new Set(Array.isArray(parsed) ? parsed.filter((id): id is string => typeof id === 'string') : [])
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function judgeSafely(test: SpecTest): string | undefined {
  try {
    return findFailure(test)
  } catch (error) {
    return `threw ${error instanceof Error ? error.message : 'something'}`
  }
}

async function main(): Promise<number> {
  const all = collect(specification, [])
  const excluded = all.filter((test) => excludedBecause(test) !== undefined)
  const counted = all.filter((test) => excludedBecause(test) === undefined)
  print(`${all.length} tests of @bufbuild/cel-spec; left out:`)
  for (const [reason, tests] of count(excluded, (test) => excludedBecause(test) ?? '')) print(`  ${tests} ${reason}`)
  const failures = counted.flatMap((test) => {
    const failure = judgeSafely(test)
    return failure === undefined ? [] : [{ test, failure }]
  })
  const failedByFile = count(failures, ({ test }) => test.file)
  for (const [file, tests] of count(counted, ({ file: name }) => name)) {
    print(`  ${file.padEnd(18)} ${tests - (failedByFile.get(file) ?? 0)}/${tests}`)
  }
  const known = await readKnown()
  const failed = new Set(failures.map(({ test }) => idOf(test)))
  for (const { test, failure } of failures) {
    print(`${known.has(idOf(test)) ? 'known' : 'NEW'} failure ${idOf(test)}: ${test.original.expr} -> ${failure}`)
  }
  const fixed = [...known].filter((id) => !failed.has(id))
  for (const id of fixed) print(`passes now, take it off the list: ${id}`)
  const passed = counted.length - failures.length
  const isListed = failures.every(({ test }) => known.has(idOf(test)))
  print(`conformance: ${passed}/${counted.length} (${((100 * passed) / counted.length).toFixed(1)} %)`)
  return isListed && fixed.length === 0 && passed / counted.length >= floor ? 0 : 1
}

process.exitCode = await main()
