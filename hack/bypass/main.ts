// `npm run bypass`: tries every known way around the policies on a real gateway, and counts those that were held. Each is a test in
// test/bypass, named by its class; `npm test` runs them too. What the classes are, and on which protocols each must be tried, stands
// in test/bypass/classes.ts.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { classes } from '../../test/bypass/class-list.ts'
import type { VitestReport } from '../test-outcome.ts'
import { toOutcome } from '../test-outcome.ts'
import { toLines, toScore } from './score.ts'

const root = path.resolve(import.meta.dirname, '../..')

process.exitCode = await main()

async function main(): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-bypass-'))
  const file = path.join(folder, 'report.json')
  // What held is counted below; only what did not is worth a line of its own.
  const args = ['run', '--project', 'bypass', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const status = await run(path.join(root, 'node_modules', '.bin', 'vitest'), args)
  const report = await readFile(file, 'utf8')
    .then((text): VitestReport => JSON.parse(text))
    .catch(() => undefined)
  await rm(folder, { recursive: true, force: true })
  const { passed: held, failed, notRun } = toOutcome(report, status)
  const score = report === undefined ? undefined : toScore(report, classes)
  const missed = Math.max(failed + notRun.length, score?.missed.length ?? 0)
  if (score !== undefined) process.stdout.write(`\n${toLines(score)}`)
  process.stdout.write(`bypass: ${held}/${held + missed} held\n`)
  return missed === 0 ? 0 : 1
}

async function run(command: string, args: readonly string[]): Promise<number> {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
}
