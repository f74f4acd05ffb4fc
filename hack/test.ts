// `npm test` and `npm run nightly`: everything that must hold, in one run, with one count at the end. What this machine cannot run
// is named and counted apart; in CI that is a failure, because a check that never runs cannot fail.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import type { Outcome, VitestReport } from './test-outcome.ts'
import { toClosingLines, toOutcome } from './test-outcome.ts'

const root = path.resolve(import.meta.dirname, '..')
const isNightly = process.argv.includes('--nightly')
// oxlint-disable-next-line node/no-process-env -- an entry file: whether this is CI is a fact of the environment
const isCi = process.env['CI'] === 'true'

const gates: readonly (readonly [string, readonly string[]])[] = [
  ['format', ['run', '-s', 'format:check']],
  ['lint', ['run', '-s', 'lint']],
  ['types', ['run', '-s', 'typecheck']],
  ['generated files and kinds', ['run', '-s', 'run:verify']],
  ['CEL conformance', ['run', '-s', 'run:conformance:cel']],
  ['rule packs', ['run', '-s', 'run:packs']],
]
/** A gate that cannot be run here says so by this code, and why in its own words. */
const unable = 2
const nightlyFuzzRuns = '100000'
const projects = isNightly
  ? ['fuzz', 'nightly']
  : ['unit', 'golden', 'features', 'clients', 'bypass', 'fuzz', 'cluster', 'e2e']

async function main(): Promise<number> {
  const notRun: string[] = []
  for (const [name, args] of gates) {
    process.stderr.write(`test: ${name}\n`)
    const code = await run('npm', args)
    if (code === unable && name === 'rule packs') notRun.push(name)
    else if (code !== 0) {
      process.stdout.write(`test: ${name} failed; the lines above say where\n0 passed, 1 failed\n`)
      return 1
    }
  }
  const tests = await runVitest()
  const outcome = { ...tests, notRun: [...notRun, ...tests.notRun] }
  process.stdout.write(toClosingLines(outcome, isCi))
  return outcome.failed > 0 || (isCi && outcome.notRun.length > 0) ? 1 : 0
}

async function runVitest(): Promise<Outcome> {
  const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-report-'))
  const file = path.join(folder, 'report.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const args = ['run', ...projects.flatMap((project) => ['--project', project]), ...reporters]
  const status = await run(path.join(root, 'node_modules', '.bin', 'vitest'), args)
  const report = await readFile(file, 'utf8')
    .then((text): VitestReport => JSON.parse(text))
    .catch(() => undefined)
  await rm(folder, { recursive: true, force: true })
  return toOutcome(report, status)
}

async function run(command: string, args: readonly string[]): Promise<number> {
  // oxlint-disable-next-line node/no-process-env -- an entry file: what it starts runs in the same environment
  const env = isNightly ? { FUZZ_RUNS: nightlyFuzzRuns, ...process.env } : process.env
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
}

process.exitCode = await main()
