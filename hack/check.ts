// `npm run check`: what must hold before a commit, in half a minute. The static checks run beside the tests, because neither fills two
// cores; their words come last, so that they are not lost among the tests'.
import { spawn } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'

const root = path.resolve(import.meta.dirname, '..')
const statics = ['format:check', 'lint', 'typecheck', 'run:verify']
const projects = ['unit', 'golden', 'features']

interface Outcome {
  readonly code: number
  readonly output: string
}

process.exitCode = await main()

async function main(): Promise<number> {
  const tests = run(
    path.join(root, 'node_modules/.bin/vitest'),
    ['run', ...projects.flatMap((one) => ['--project', one])],
    'inherit',
  )
  const failed: string[] = []
  for (const script of statics) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other: each of them uses all cores by itself
    const { code, output } = await run('npm', ['run', '-s', script], 'pipe')
    if (code !== 0) failed.push(`check: ${script} failed\n${output}`)
  }
  if ((await tests).code !== 0) failed.push('check: tests failed; the lines above say which\n')
  process.stdout.write(failed.length === 0 ? 'check: all of it holds\n' : failed.join('\n'))
  return failed.length === 0 ? 0 : 1
}

async function run(command: string, args: readonly string[], output: 'inherit' | 'pipe'): Promise<Outcome> {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', output, output] })
  const pieces: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (piece: Buffer) => pieces.push(piece))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? 1, output: Buffer.concat(pieces).toString() }))
  })
}
