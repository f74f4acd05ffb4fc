// Another version of the product to run beside the present one: its own sources with one edit, in a folder of their own.
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

export interface Sources extends AsyncDisposable {
  readonly folder: string
}

export interface Edit {
  readonly file: string
  readonly from: string
  readonly to: string
}

const repository = path.resolve(import.meta.dirname, '..', '..')

export async function copySources(rooms: readonly string[], edit: Edit): Promise<Sources> {
  const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-version-'))
  for (const room of rooms) await cp(path.join(repository, room), path.join(folder, room), { recursive: true })
  await symlink(path.join(repository, 'node_modules'), path.join(folder, 'node_modules'))
  await writeFile(path.join(folder, 'package.json'), '{"type": "module"}')
  const file = path.join(folder, edit.file)
  const text = await readFile(file, 'utf8')
  if (!text.includes(edit.from)) throw new Error(`${edit.file} does not contain what was to be edited: ${edit.from}`)
  await writeFile(file, text.replace(edit.from, edit.to))
  return { folder, [Symbol.asyncDispose]: async () => rm(folder, { recursive: true, force: true }) }
}
