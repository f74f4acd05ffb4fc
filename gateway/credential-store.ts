// The credentials toward the models, by slot, as the operator put them into one Secret of the product's namespace: mounted for a
// cold start, watched for rotation without a restart. Values live in a private field and go out only by name of their slot.
import { readFile, readdir, readlink } from 'node:fs/promises'
import path from 'node:path'
import type { Clock } from '../kube/clock.ts'
import { sleep } from '../kube/clock.ts'
import type { FeedDeps } from '../kube/feed.ts'
import { Reflector } from '../kube/reflector.ts'
import type { Secret } from '../kube/resource.ts'
import { secrets } from '../kube/resource.ts'
import type { CredentialSource } from './upstream/credentials.ts'

export const credentialSecretName = 'portcullis-credentials'

const pollMs = 2_000

export class CredentialStore implements CredentialSource {
  #mounted: ReadonlyMap<string, string> = new Map()
  #watched: ReadonlyMap<string, string> | undefined

  /** What the API server says is newer than the mount, once it has said anything. */
  readonly get = (slot: string): string | undefined => (this.#watched ?? this.#mounted).get(slot)

  set(values: ReadonlyMap<string, string>): void {
    this.#watched = values
  }

  async watchMounted(clock: Clock, folder: string, signal: AbortSignal): Promise<void> {
    let seen: string | undefined
    while (!signal.aborted) {
      const target = await readlink(path.join(folder, '..data')).catch(() => '')
      const values = target === seen ? undefined : await readFolder(path.join(folder, target))
      if (values !== undefined) {
        this.#mounted = values
        seen = target
      }
      await sleep(clock, pollMs, signal)
    }
  }

  /** Returns the reflector, for the health check; whoever starts it stops it. */
  follow(deps: FeedDeps, namespace: string): Reflector<Secret> {
    const reflector = new Reflector(deps, {
      resource: secrets,
      namespaces: [namespace],
      fields: { 'metadata.name': credentialSecretName },
    })
    reflector.onChange(() => {
      const data = reflector.get(namespace, credentialSecretName)?.data ?? {}
      this.set(new Map(Object.entries(data).map(([slot, value]) => [slot, decode(value)])))
    })
    return reflector
  }
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8')
}

/** Undefined when it cannot be read whole: kubelet removes the old files right after a swap, so another look will do. */
async function readFolder(folder: string): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    const names = entries
      .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('..'))
      .map(({ name }) => name)
    const read = names.map(async (name) => [name, await readFile(path.join(folder, name), 'utf8')] as const)
    return new Map(await Promise.all(read))
  } catch {
    return undefined
  }
}
