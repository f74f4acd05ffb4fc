// `npm run bypass`: tries every known way around the policies on a real gateway, and counts those that were held. Each is a test in
// test/bypass, named by its class; `npm test` runs them too.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { VitestReport } from '../test-outcome.ts'
import { toOutcome } from '../test-outcome.ts'

const root = path.resolve(import.meta.dirname, '../..')

process.exitCode = await main()

async function main(): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-bypass-'))
  const file = path.join(folder, 'report.json')
  const args = ['run', '--project', 'bypass', '--reporter=verbose', '--reporter=json', `--outputFile.json=${file}`]
  const status = await run(path.join(root, 'node_modules', '.bin', 'vitest'), args)
  const report = await readFile(file, 'utf8')
    .then((text): VitestReport => JSON.parse(text))
    .catch(() => undefined)
  await rm(folder, { recursive: true, force: true })
  const { passed: held, failed, notRun } = toOutcome(report, status)
  process.stdout.write(`bypass: ${held}/${held + failed + notRun.length} held\n`)
  return failed === 0 && notRun.length === 0 ? 0 : 1
}

async function run(command: string, args: readonly string[]): Promise<number> {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
}
