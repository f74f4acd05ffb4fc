// Writes files into a folder exactly as kubelet does for mounted ConfigMaps (pkg/volume/util/atomic_writer.go): a folder with a
// time in its name holds the files, `..data` points to it and is swapped by one rename, and what a person sees are links
// through `..data`. A process that reads through `..data` sees all of the old state or all of the new.
//
//   settings.yaml -> ..data/settings.yaml
//   ..data        -> ..2026_10_07_09_30_00.4095712/
import { mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'

/** Paths below the folder, and their content. */
export type Projection = ReadonlyMap<string, Uint8Array>

const link = '..data'

/** Returns whether anything changed. One writer for one folder at a time. */
export async function writeProjection(folder: string, files: Projection, now: Date): Promise<boolean> {
  for (const file of files.keys()) assertInside(file)
  await mkdir(folder, { recursive: true })
  const previous = await readlink(path.join(folder, link)).catch(() => undefined)
  const changed = previous === undefined || !(await isSame(path.join(folder, previous), files))
  if (changed) await swap(folder, files, now)
  // The links are made after the swap and looked after in any case, as kubelet does.
  await linkVisible(folder, visibleNames(files))
  if (changed && previous !== undefined) await rm(path.join(folder, previous), { recursive: true, force: true })
  return changed
}

async function swap(folder: string, files: Projection, now: Date): Promise<void> {
  const fresh = await mkdtemp(path.join(folder, `..${timestamp(now)}.`))
  for (const [file, content] of files) {
    const target = path.join(fresh, file)
    await mkdir(path.dirname(target), { recursive: true })
    await writeFile(target, content, { mode: 0o644 })
  }
  const prepared = path.join(folder, `${link}_tmp`)
  await rm(prepared, { force: true })
  await symlink(path.basename(fresh), prepared)
  await rename(prepared, path.join(folder, link))
}

async function linkVisible(folder: string, wanted: ReadonlySet<string>): Promise<void> {
  const present = new Set((await readdir(folder)).filter((name) => !name.startsWith('..')))
  for (const name of wanted.difference(present)) await symlink(path.join(link, name), path.join(folder, name))
  for (const name of present.difference(wanted)) await rm(path.join(folder, name), { force: true })
}

function visibleNames(files: Projection): ReadonlySet<string> {
  return new Set([...files.keys()].map((file) => file.split('/')[0] ?? file))
}

async function isSame(folder: string, files: Projection): Promise<boolean> {
  const present = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const names = present.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name))
  if (names.length !== files.size) return false
  for (const [file, content] of files) {
    const old = await readFile(path.join(folder, file)).catch(() => undefined)
    if (old === undefined || !old.equals(content)) return false
  }
  return true
}

function timestamp(now: Date): string {
  return now.toISOString().slice(0, 19).replaceAll(/[-T:]/g, '_')
}

function assertInside(file: string): void {
  const elements = file.split('/')
  const outside = elements.some((element) => element === '' || element === '.' || element === '..')
  if (outside || file.startsWith('..'))
    throw new Error(`a projected path must stay in its folder and not start with '..'`)
}
