// The resource store over a folder of YAML, for running without a cluster: files are what users would apply, the
// rest (status, created objects) lives in memory and is lost at exit. Files are never written. A file that breaks
// while it is edited keeps its last good objects, so that a typing mistake does not delete a policy.
import { createHash } from 'node:crypto'
import { watch } from 'node:fs'
import { readFile, readdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Clock } from './clock.ts'
import { sleep } from './clock.ts'
import { KubeError } from './errors.ts'
import type { FolderProblem, Manifest, ParsedFile } from './manifests.ts'
import { parseManifests } from './manifests.ts'
import type { Ref, Resource } from './resource.ts'
import { toKey, toResourceName } from './resource.ts'
import { MemoryStore } from './store-memory.ts'
import type { ResourceStore } from './store.ts'

export interface FolderOptions {
  readonly folder: string
  readonly resources: readonly Resource[]
  readonly defaultNamespace?: string
  /** Documents that are no objects and no mistakes, as `apiVersion kind`. */
  readonly beside?: ReadonlySet<string>
  /** Everything wrong with the folder now, after each reading that changed it; empty when healed. */
  readonly onProblem: (problems: readonly FolderProblem[]) => void
}

export interface FolderStore {
  readonly store: ResourceStore
  /** Follows the folder until the signal fires. The first reading is done when `openFolder` resolves. */
  readonly follow: (signal: AbortSignal) => Promise<void>
}

const debounceMs = 80
/** Change notices can be lost (network drives, containers), so the folder is also read now and then. */
const rescanMs = 5_000
const maxFileBytes = 4 * 1024 * 1024
const maxFiles = 5_000

export async function openFolder(clock: Clock, options: FolderOptions): Promise<FolderStore> {
  const folder = new Folder(clock, options)
  await folder.scan()
  return { store: folder.store, follow: async (signal) => folder.follow(signal) }
}

class Folder {
  readonly #clock: Clock
  readonly #options: FolderOptions
  readonly #memory: MemoryStore
  readonly #files = new Map<string, ParsedFile & { readonly print: string }>()
  #owners = new Map<string, Manifest>()
  #reported = '[]'

  constructor(clock: Clock, options: FolderOptions) {
    this.#clock = clock
    this.#options = options
    this.#memory = new MemoryStore({ clock })
  }

  get store(): ResourceStore {
    const memory = this.#memory
    const guard = (verb: 'update' | 'patch' | 'delete', resource: Resource, ref: Ref): void => {
      const owner = this.#owners.get(toId(resource, ref))
      if (owner === undefined) return
      const call = { verb, resource: toResourceName(resource), namespace: ref.namespace ?? '', name: ref.name }
      throw new KubeError('Forbidden', call, { detail: `the object comes from ${owner.file}; change the file instead` })
    }
    return {
      get: memory.get,
      list: memory.list,
      watch: memory.watch,
      create: memory.create,
      applyStatus: memory.applyStatus,
      apply: async (resource, object, how) => {
        guard('patch', resource, object.metadata)
        return memory.apply(resource, object, how)
      },
      replace: async (resource, object, how) => {
        guard('update', resource, object.metadata)
        return memory.replace(resource, object, how)
      },
      delete: async (resource, ref, how) => {
        guard('delete', resource, ref)
        return memory.delete(resource, ref, how)
      },
    }
  }

  async follow(signal: AbortSignal): Promise<void> {
    let hint = new AbortController()
    watchFolder(this.#options.folder, signal, () => hint.abort())
    while (!signal.aborted) {
      await sleep(this.#clock, rescanMs, AbortSignal.any([hint.signal, signal]))
      hint = new AbortController()
      // An editor writes in several steps; take what is there when it has paused.
      await sleep(this.#clock, debounceMs, signal)
      if (!signal.aborted) await this.scan().catch((error: unknown) => this.#report([toUnreadable('.', error)]))
    }
  }

  async scan(): Promise<void> {
    const unreadable: FolderProblem[] = []
    const seen = new Set<string>()
    for (const file of await this.#listFiles()) {
      seen.add(file)
      const problem = await this.#readFile(file)
      if (problem !== undefined) unreadable.push(problem)
    }
    for (const file of this.#files.keys()) if (!seen.has(file)) this.#files.delete(file)
    const { owners, problems } = this.#merge()
    await this.#store(owners)
    this.#report([...unreadable, ...problems])
  }

  async #listFiles(): Promise<readonly string[]> {
    const entries = await readdir(this.#options.folder, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => !entry.isDirectory() && /\.ya?ml$/.test(entry.name))
      .map((entry) => relative(this.#options.folder, join(entry.parentPath, entry.name)))
      .filter((file) => !file.split('/').some((part) => part.startsWith('.')))
      .toSorted()
      .slice(0, maxFiles)
  }

  /** Takes the file's content in; a broken or changing file keeps what it had. */
  async #readFile(file: string): Promise<FolderProblem | undefined> {
    const path = join(this.#options.folder, file)
    const known = this.#files.get(file)
    try {
      const before = await stat(path)
      const print = `${before.size} ${before.mtimeMs} ${before.ino}`
      if (known?.print === print) return undefined
      if (before.size > maxFileBytes)
        return { file, reason: 'Unreadable', message: `larger than ${maxFileBytes} bytes` }
      const parsed = this.#parse(file, await readFile(path, 'utf8'))
      // Half written: the next scan takes it.
      if ((await stat(path)).mtimeMs !== before.mtimeMs) return undefined
      const isBroken = parsed.problems.some((problem) => problem.reason === 'BrokenYaml')
      const manifests = isBroken ? (known?.manifests ?? []) : parsed.manifests
      this.#files.set(file, { manifests, problems: parsed.problems, print })
      return undefined
    } catch (error) {
      return toUnreadable(file, error)
    }
  }

  #parse(file: string, text: string): ParsedFile {
    const { resources, defaultNamespace = 'default', beside } = this.#options
    return parseManifests(text, { file, resources, defaultNamespace, beside })
  }

  #merge(): { owners: Map<string, Manifest>; problems: readonly FolderProblem[] } {
    const owners = new Map<string, Manifest>()
    const files = [...this.#files].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, file]) => file)
    const problems = files.flatMap((file) => file.problems)
    for (const manifest of files.flatMap((file) => file.manifests)) {
      const id = toId(manifest.resource, manifest.object.metadata)
      const first = owners.get(id)
      if (first === undefined) owners.set(id, manifest)
      else {
        const message = `the same object stands in ${first.file} line ${first.line}, which is used`
        problems.push({ file: manifest.file, line: manifest.line, column: 1, reason: 'DuplicateObject', message })
      }
    }
    return { owners, problems }
  }

  async #store(owners: Map<string, Manifest>): Promise<void> {
    const before = this.#owners
    this.#owners = owners
    for (const [id, { resource, object }] of before) {
      if (!owners.has(id)) await this.#memory.delete(resource, object.metadata)
    }
    for (const manifest of owners.values()) {
      const { resource, object } = manifest
      const live = await this.#memory.get(resource, object.metadata)
      const { status: _ignored, ...draft } = { status: undefined, ...object }
      const status = live !== undefined && 'status' in live ? { status: live.status } : {}
      this.#memory.put(resource, { ...draft, ...status, metadata: { ...object.metadata, uid: toUid(manifest) } })
    }
  }

  #report(problems: readonly FolderProblem[]): void {
    const text = JSON.stringify(problems)
    if (text !== this.#reported) this.#options.onProblem(problems)
    this.#reported = text
  }
}

function toId(resource: Resource, ref: Ref): string {
  return `${toResourceName(resource)} ${toKey(ref)}`
}

/** The same object in the same file keeps its identity over restarts. */
function toUid({ file, resource, object }: Manifest): string {
  const hex = createHash('sha256')
    .update(`${file}\0${toId(resource, object.metadata)}`)
    .digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}

function watchFolder(folder: string, signal: AbortSignal, onChange: () => void): void {
  try {
    watch(folder, { recursive: true, signal }, onChange).on('error', leaveItToScans)
  } catch {
    leaveItToScans()
  }
}

/** A watcher can fail, for one when too many are open. The regular scans remain. */
function leaveItToScans(): void {}

function toUnreadable(file: string, error: unknown): FolderProblem {
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
  return { file, reason: 'Unreadable', message: `this could not be read${code}` }
}
