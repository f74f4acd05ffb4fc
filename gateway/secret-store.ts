// One Secret of the product's namespace, by slot, as the operator wrote it: mounted for a cold start, watched for changes without a
// restart. Values live in a private field and go out only by the name of their slot.
import { readFile, readdir, readlink } from 'node:fs/promises'
import path from 'node:path'
import type { Clock } from '../kube/clock.ts'
import { sleep } from '../kube/clock.ts'
import type { FeedDeps } from '../kube/feed.ts'
import { Reflector } from '../kube/reflector.ts'
import type { Secret } from '../kube/resource.ts'
import { secrets } from '../kube/resource.ts'

export interface SecretFormat<T> {
  /** Of the Secret. */
  readonly name: string
  /** Undefined: not what belongs in a slot, so there is none. */
  readonly parse: (bytes: Uint8Array) => T | undefined
}

type Slots = ReadonlyMap<string, Uint8Array>

const pollMs = 2_000

export class SecretStore<T> {
  readonly #format: SecretFormat<T>
  #mounted: ReadonlyMap<string, T> = new Map()
  #watched: ReadonlyMap<string, T> | undefined

  constructor(format: SecretFormat<T>) {
    this.#format = format
  }

  /** What the API server says is newer than the mount, once it has said anything. */
  readonly get = (slot: string): T | undefined => (this.#watched ?? this.#mounted).get(slot)

  set(values: ReadonlyMap<string, T>): void {
    this.#watched = values
  }

  async watchMounted(clock: Clock, folder: string, signal: AbortSignal): Promise<void> {
    let seen: string | undefined
    while (!signal.aborted) {
      const target = await readlink(path.join(folder, '..data')).catch(() => '')
      const slots = target === seen ? undefined : await readFolder(path.join(folder, target))
      if (slots !== undefined) {
        this.#mounted = this.#parse(slots)
        seen = target
      }
      await sleep(clock, pollMs, signal)
    }
  }

  /** Returns the reflector, for the health check; whoever starts it stops it. */
  follow(deps: FeedDeps, namespace: string): Reflector<Secret> {
    const { name } = this.#format
    const fields = { 'metadata.name': name }
    const reflector = new Reflector(deps, { resource: secrets, namespaces: [namespace], fields })
    reflector.onChange(() => {
      const data = reflector.get(namespace, name)?.data ?? {}
      const slots = Object.entries(data).map(([slot, base64]) => [slot, Buffer.from(base64, 'base64')] as const)
      this.set(this.#parse(new Map(slots)))
    })
    return reflector
  }

  #parse(slots: Slots): ReadonlyMap<string, T> {
    const parsed = new Map<string, T>()
    for (const [slot, bytes] of slots) {
      const value = this.#format.parse(bytes)
      if (value !== undefined) parsed.set(slot, value)
    }
    return parsed
  }
}

/** Undefined when it cannot be read whole: kubelet removes the old files right after a swap, so another look will do. */
async function readFolder(folder: string): Promise<Slots | undefined> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    const names = entries
      .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('..'))
      .map(({ name }) => name)
    const read = names.map(async (name) => [name, await readFile(path.join(folder, name))] as const)
    return new Map(await Promise.all(read))
  } catch {
    return undefined
  }
}
