// The mounted copy of the bundle: one folder per ConfigMap, swapped by the kubelet through its `..data` link. It is the copy that a
// cold start has while the API server is away, and seconds to a minute behind otherwise, so a slow poll is enough.
import { readFile, readdir, readlink } from 'node:fs/promises'
import path from 'node:path'
import type { StoredConfigMap } from '../../policy/bundle-config-map.ts'
import { allSlotNames, bundleConfigMapName, fromFiles, parseIndex, readParts } from '../../policy/bundle-config-map.ts'
import type { Clock } from '../../kube/clock.ts'
import { sleep } from '../../kube/clock.ts'
import type { Revision } from '../../policy/bundle.ts'
import { gunzipText } from './gunzip.ts'
import type { Offer } from './enforcement.ts'

export interface MountedDeps {
  readonly clock: Clock
  readonly offer: (offer: Offer) => Promise<void>
  readonly onRefused: (reason: string, sequence: Sequence | undefined) => void
}

const pollMs = 2_000

/** Offers the mounted bundle now and whenever it changes, until the signal fires. */
export async function watchMounted(deps: MountedDeps, folder: string, signal: AbortSignal): Promise<void> {
  let seen = ''
  while (!signal.aborted) {
    const version = await readVersion(folder)
    if (version !== seen) {
      const found = await readMounted(folder)
      if ('offer' in found) await deps.offer(found.offer)
      if ('refused' in found) deps.onRefused(found.refused, found.sequence)
      if (!('waitFor' in found)) seen = version
    }
    await sleep(deps.clock, pollMs, signal)
  }
}

type Sequence = Pick<Revision, 'epoch' | 'n'>

type Mounted =
  | { readonly offer: Offer }
  | { readonly refused: string; readonly sequence?: Sequence }
  | { readonly waitFor: readonly string[] }

export async function readMounted(folder: string): Promise<Mounted> {
  const stored = await readConfigMap(path.join(folder, bundleConfigMapName))
  if (stored === undefined || stored.data['format'] === undefined) return { waitFor: [bundleConfigMapName] }
  const parsed = parseIndex(stored)
  if ('refused' in parsed) return parsed
  const names = allSlotNames()
  const slots = await Promise.all(names.map((name) => readConfigMap(path.join(folder, name))))
  const slot = (name: string): StoredConfigMap | undefined => slots[names.indexOf(name)]
  const read = readParts(parsed.index, stored, { gunzip: gunzipText, slot })
  const { revision } = parsed.index
  if ('parts' in read) return { offer: { revision, parts: read.parts } }
  const { epoch, n } = revision
  return 'refused' in read ? { ...read, sequence: { epoch, n } } : read
}

/** Where all the `..data` links point: changes exactly when the kubelet has swapped something. */
async function readVersion(folder: string): Promise<string> {
  const names = [bundleConfigMapName, ...allSlotNames()]
  const links = await Promise.all(names.map((name) => readlink(path.join(folder, name, '..data')).catch(() => '-')))
  return links.join('\n')
}

/** Undefined when the optional volume is empty. Reads through one target, so that a swap cannot mix two versions. */
async function readConfigMap(folder: string): Promise<StoredConfigMap | undefined> {
  try {
    const target = path.join(folder, await readlink(path.join(folder, '..data')))
    const names = await readdir(target)
    const files = names.map(async (name) => [name, await readFile(path.join(target, name))] as const)
    return fromFiles(new Map(await Promise.all(files)))
  } catch {
    return undefined
  }
}
