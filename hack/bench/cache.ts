// What the bench builds or installs once and keeps outside the tree, named by the content it was made from.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'

import { runCommand } from './processes.ts'
import type { Bench } from './suite.ts'

const benchFolder = import.meta.dirname
const goFiles = ['go.mod', 'http1/http1.go', 'load/main.go', 'mock/main.go']

/** The folder for caches: XDG_CACHE_HOME if it is an absolute path, else ~/.cache, as the XDG specification has it. */
export function cacheFolderOf(xdgCacheHome: string | undefined, home: string): string {
  const base = xdgCacheHome !== undefined && path.isAbsolute(xdgCacheHome) ? xdgCacheHome : path.join(home, '.cache')
  return path.join(base, 'portcullis')
}

/** A short name for what was made from these texts. */
export function nameByContent(name: string, texts: readonly string[]): string {
  const hash = createHash('sha256')
  for (const text of texts) hash.update(`${text.length}:`).update(text)
  return `${name}-${hash.digest('hex').slice(0, 16)}`
}

export interface Tools {
  readonly load: string
  readonly mock: string
}

/** Builds the load generator and the mock unless the cache has them. */
export async function buildTools(bench: Bench): Promise<Tools> {
  const sources = await Promise.all(goFiles.map(async (file) => await readFile(path.join(benchFolder, file), 'utf8')))
  const name = nameByContent('bench-tools', [...sources, process.platform, process.arch])
  const folder = await makeOnce(bench, name, async (draft) => {
    bench.log('building the load generator and the mock (Go, a few seconds) ...')
    const args = ['build', '-trimpath', '-o', `${draft}/`, './load', './mock']
    await runCommand({ name: 'go build', file: 'go', args, folder: benchFolder, ...processOptions(bench) })
  })
  return { load: path.join(folder, 'load'), mock: path.join(folder, 'mock') }
}

/** The cached folder of that name, made by `make` in a draft folder that is renamed when it is complete. */
export async function makeOnce(bench: Bench, name: string, make: (draft: string) => Promise<void>): Promise<string> {
  const folder = path.join(bench.cacheFolder, name)
  if (existsSync(folder)) return folder
  const draft = path.join(bench.cacheFolder, `${name}.draft-${process.pid}`)
  try {
    await mkdir(draft, { recursive: true })
    await make(draft)
    await rename(draft, folder)
  } catch (error) {
    // Another run may have been faster: what it made has the same content.
    if (!existsSync(folder)) throw error
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return folder
}

/** What every child process of a run gets. */
export function processOptions({ environment, signal }: Bench): {
  environment: Bench['environment']
  signal: AbortSignal
} {
  return { environment, signal }
}
