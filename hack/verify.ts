// The checks of `npm run check` that are no linter, compiler or test: each compares what is committed with what it must
// be and answers with sentences for people. To add one, add it to `checks`.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { lintCrd } from './crd-lint/lint.ts'
import { findDuplicateNames } from './crd-lint/names.ts'
import { CRD_FOLDER, generate, readCrds } from './generate/generate.ts'

export interface Check {
  readonly name: string
  /** What is wrong; nothing when all is well. */
  run(): readonly string[] | Promise<readonly string[]>
}

export const checks: readonly Check[] = [
  { name: 'generated types and pages match the CRDs', run: verifyGenerated },
  { name: 'CRDs follow the conventions', run: verifyCrds },
]

function verifyGenerated(): readonly string[] {
  return findStale(generate(readCrds()), readCommitted)
}

/** Files whose committed text is not the generated one. `read` gives undefined for a file that does not exist. */
export function findStale(
  wanted: ReadonlyMap<string, string>,
  read: (file: string) => string | undefined,
): readonly string[] {
  return [...wanted]
    .filter(([file, text]) => read(file) !== text)
    .map(([file]) => `crds/${file} is not what the CRDs generate: run "npm run generate" and commit the result`)
}

function readCommitted(file: string): string | undefined {
  try {
    return readFileSync(path.join(CRD_FOLDER, file), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function verifyCrds(): readonly string[] {
  const crds = readCrds()
  const problems = crds.flatMap(({ file, text, crd }) =>
    lintCrd(crd, text).map((problem) => `crds/${file}: ${problem.path}: ${problem.message}`),
  )
  return [...problems, ...findDuplicateNames(crds.map(({ crd }) => crd)).map((problem) => problem.message)]
}

/** Runs every check, also after one has failed, and says whether all are well. */
export async function verify(list: readonly Check[], write: (line: string) => void): Promise<boolean> {
  let isWell = true
  for (const check of list) {
    const problems = await check.run()
    isWell &&= problems.length === 0
    write(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${check.name}\n`)
    for (const problem of problems) write(`     ${problem}\n`)
  }
  return isWell
}

if (import.meta.main) {
  const isWell = await verify(checks, (line) => process.stdout.write(line))
  process.exitCode = isWell ? 0 : 1
}
