// From what was typed to the YAML files that are meant: files as they are named, folders with everything below them. A path that
// leads nowhere, or to no YAML, is a mistake: a check of nothing must not succeed.
import { readFile, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { CliError } from '../errors.ts'
import type { ParsedSource } from './source.ts'
import { parseSource } from './source.ts'

const maxFileBytes = 4 * 1024 * 1024
const maxFiles = 5_000

/** In the order they were named, each once; within a folder by name. */
export async function listFiles(paths: readonly string[]): Promise<readonly string[]> {
  const found: string[] = []
  for (const one of paths) found.push(...(await listPath(one)))
  const files = [...new Set(found.map((file) => path.normalize(file)))]
  if (files.length > maxFiles) {
    throw new CliError('folder_invalid', `${files.length} YAML files are more than ${maxFiles}`, {
      advice: ['name the folders that hold policies and connections'],
    })
  }
  return files
}

async function listPath(one: string): Promise<readonly string[]> {
  const found = await stat(one).catch(() => undefined)
  if (found === undefined) {
    throw new CliError('folder_missing', `there is no file or folder ${one}`, {
      advice: ['name YAML files, or folders that hold them'],
    })
  }
  if (!found.isDirectory()) return [one]
  const entries = await readdir(one, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => path.join(path.relative(one, entry.parentPath), entry.name))
    .filter((file) => !file.split(path.sep).some((part) => part.startsWith('.') || part === 'node_modules'))
    .toSorted()
  if (files.length > 0) return files.map((file) => path.join(one, file))
  throw new CliError('folder_missing', `there is no YAML in ${one}`, {
    advice: ['files that end in .yaml or .yml are read, in folders below it as well'],
  })
}

export async function readSource(file: string): Promise<ParsedSource> {
  const found = await stat(file).catch(() => undefined)
  if (found === undefined || found.size > maxFileBytes) {
    const message = found === undefined ? 'this could not be read' : `this is larger than ${maxFileBytes} bytes`
    return { objects: [], broken: [{ file, line: 1, column: 1, message }] }
  }
  try {
    return parseSource(file, await readFile(file, 'utf8'))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    return { objects: [], broken: [{ file, line: 1, column: 1, message: `this could not be read (${code})` }] }
  }
}
