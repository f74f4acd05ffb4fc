// Commands of the CLI in this process: files that exist for one test, and what was written to the terminal.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArguments } from '../../cli/arguments.ts'
import { explain } from '../../cli/explain/explain.ts'
import { lint } from '../../cli/lint/lint.ts'
import { test } from '../../cli/policy-test/test.ts'
import type { Kinds } from '../../cli/offline/objects.ts'
import { readKinds } from '../../cli/offline/objects.ts'
import { makeTerminal } from '../../cli/terminal.ts'

export interface Files extends AsyncDisposable {
  readonly folder: string
}

/** By path inside of the folder. */
export async function makeFiles(files: Readonly<Record<string, string>>): Promise<Files> {
  const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-test-'))
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name)
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, text)
  }
  return { folder, [Symbol.asyncDispose]: async () => rm(folder, { recursive: true, force: true }) }
}

export interface Ran {
  readonly code: number
  readonly output: string
}

let known: Promise<Kinds> | undefined
const kinds = async (): Promise<Kinds> => (known ??= readKinds())

/** Rejects with CliError, as the command does. */
export async function run(...words: readonly string[]): Promise<Ran> {
  const written: string[] = []
  const terminal = makeTerminal({ write: (text) => written.push(text), color: false })
  const command = parseArguments(words)
  const start = async (): Promise<number> => {
    if (command.name === 'lint') return lint({ terminal, kinds }, command)
    if (command.name === 'explain') return explain({ terminal, kinds }, command)
    if (command.name === 'test') return test({ terminal, kinds, monotonicMs: () => 0 }, command)
    throw new Error(`${command.name} does not work without a process`)
  }
  const code = await start()
  return { code, output: written.join('') }
}
