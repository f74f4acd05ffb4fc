// The command line as a process: arguments, environment, signals and exit codes. Everything else is told what it needs.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { systemClock } from '../kube/clock.ts'
import type { Command } from './arguments.ts'
import { parseArguments } from './arguments.ts'
import { CliError, toExitCode } from './errors.ts'
import { explain } from './explain/explain.ts'
import { toHelpText } from './help.ts'
import { lint } from './lint/lint.ts'
import { readKinds } from './offline/objects.ts'
import { test } from './policy-test/test.ts'
import type { Terminal } from './terminal.ts'
import { makeTerminal, wantsColor } from './terminal.ts'
import { up } from './up.ts'

const root = path.resolve(import.meta.dirname, '..')
const samples = path.join(root, 'config', 'samples')
const interrupted = 130
/** npm passes the terminal's Ctrl-C on to processes that had it already: so soon after the first it is the same one. */
const sameCtrlCMs = 1_000

process.exitCode = await main()

async function main(): Promise<number> {
  const color = wantsColor({ isTTY: process.stdout.isTTY, env: process.env })
  const terminal = makeTerminal({ write: (text) => process.stdout.write(text), color })
  // A reader who leaves (`| head`) has seen enough; that is no mistake of anybody.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  try {
    return await run(parseArguments(process.argv.slice(2)), terminal)
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    process.stderr.write(`portcullis: ${error.message}\n${error.advice.map((line) => `  ${line}\n`).join('')}`)
    return toExitCode(error.code)
  }
}

async function run(command: Command, terminal: Terminal): Promise<number> {
  switch (command.name) {
    case 'help':
      process.stdout.write(toHelpText(command.about))
      return 0
    case 'version':
      terminal.line(readVersion())
      return 0
    case 'lint':
      return lint({ terminal, kinds: readKinds }, command)
    case 'test':
      return test({ terminal, kinds: readKinds, monotonicMs: () => systemClock.monotonicMs() }, command)
    case 'explain':
      return explain({ terminal, kinds: readKinds }, command)
    case 'up': {
      const signal = untilInterrupted()
      return up({ clock: systemClock, random: Math.random, terminal, signal, samples: toShown(samples) }, command)
    }
  }
}

/** The first Ctrl-C ends in order; another one ends at once. A reader who leaves (`| head`) is as good as the first. */
function untilInterrupted(): AbortSignal {
  const stop = new AbortController()
  let firstMs = 0
  const onSignal = (): void => {
    if (!stop.signal.aborted) firstMs = systemClock.monotonicMs()
    else if (systemClock.monotonicMs() - firstMs > sameCtrlCMs) process.exit(interrupted)
    stop.abort()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal)
  process.stdout.once('error', () => stop.abort())
  return stop.signal
}

/** The shorter way to write it; both mean the same here. */
function toShown(folder: string): string {
  const relative = path.relative(process.cwd(), folder)
  return relative !== '' && relative.length < folder.length ? relative : folder
}

function readVersion(): string {
  const { version }: { version: string } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  return version
}
