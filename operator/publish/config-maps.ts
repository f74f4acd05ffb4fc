// The published bundle as it is stored: read back after a restart or a lost race, and written under the version that was read, so
// that of two writers one always loses. Slots first, the index last.
import { gunzipSync, gzipSync } from 'node:zlib'
import type { ConfigMap } from '../../kube/resource.ts'
import { configMaps } from '../../kube/resource.ts'
import type { ResourceStore } from '../../kube/store.ts'
import type { BundleIndex, NamedConfigMap, StoredConfigMap } from '../../policy/bundle-config-map.ts'
import {
  allSlotNames,
  bundleConfigMapName,
  fromApi,
  parseIndex,
  readParts,
  toApi,
  toConfigMaps,
} from '../../policy/bundle-config-map.ts'
import type { BundleParts } from '../../policy/bundle-wire.ts'
import { decodeBundle } from '../../policy/bundle-wire.ts'
import type { Bundle, Revision } from '../../policy/bundle.ts'
import type { Hash } from '../../policy/digest.ts'
import type { Sequence } from './sequence.ts'

export interface Published {
  /** Absent: there is none, or none that can be read; the next publication replaces it. */
  readonly index?: BundleIndex
  /** Also of an index that cannot be read, such as one that a newer operator wrote before it was rolled back. */
  readonly sequence?: Sequence
  /** Absent: some part is missing or damaged. */
  readonly bundle?: Bundle
  /** Of the stored ConfigMaps, index included, by name. */
  readonly versions: ReadonlyMap<string, string>
  readonly digests: ReadonlyMap<string, string>
}

export interface BundleStoreDeps {
  readonly store: Pick<ResourceStore, 'get' | 'create' | 'replace'>
  readonly namespace: string
  readonly hash: Hash
}

export async function readPublished(deps: BundleStoreDeps, signal?: AbortSignal): Promise<Published> {
  const names = [bundleConfigMapName, ...allSlotNames()]
  const found = await Promise.all(
    names.map(async (name) => deps.store.get(configMaps, { namespace: deps.namespace, name }, { signal })),
  )
  const present = found.filter((one) => one !== undefined)
  const stored = new Map(present.flatMap((one) => toStored(one)))
  const versions = new Map(present.map(({ metadata }) => [metadata.name, metadata.resourceVersion]))
  const digests = toDigests(stored)
  const index = stored.get(bundleConfigMapName)
  const parsed = index === undefined ? undefined : parseIndex(index)
  if (index === undefined || parsed === undefined) return { versions, digests }
  if ('refused' in parsed) {
    return { versions, digests, ...(parsed.sequence === undefined ? {} : { sequence: parsed.sequence }) }
  }
  const bundle = readBundle(parsed.index, index, { stored, hash: deps.hash })
  const { epoch, n } = parsed.index.revision
  return { index: parsed.index, sequence: { epoch, n }, ...(bundle === undefined ? {} : { bundle }), versions, digests }
}

/** Throws Conflict or AlreadyExists when somebody wrote since `published` was read: read again, then decide again. */
export async function writeBundle(
  deps: BundleStoreDeps,
  published: Published,
  next: { readonly parts: BundleParts; readonly revision: Revision; readonly bundle: Bundle },
): Promise<Published> {
  const { slots, index } = toConfigMaps(next.parts, next.revision, {
    gzip: (text) => new Uint8Array(gzipSync(text)),
    digestInSlot: (name) => published.digests.get(name),
    ...(published.index === undefined ? {} : { current: published.index }),
  })
  const versions = new Map(published.versions)
  const digests = new Map(published.digests)
  const write = async (map: NamedConfigMap): Promise<void> => {
    const { metadata } = await writeConfigMap(deps, map, published.versions.get(map.name))
    versions.set(map.name, metadata.resourceVersion)
    digests.set(map.name, map.data['digest'] ?? '')
  }
  await Promise.all(slots.map(write))
  await write(index)
  const parsed = parseIndex(index)
  const { epoch, n } = next.revision
  return {
    ...('index' in parsed ? { index: parsed.index } : {}),
    sequence: { epoch, n },
    bundle: next.bundle,
    versions,
    digests,
  }
}

async function writeConfigMap(
  { store, namespace }: BundleStoreDeps,
  map: NamedConfigMap,
  resourceVersion: string | undefined,
): Promise<ConfigMap> {
  const metadata = { namespace, name: map.name, labels: { 'app.kubernetes.io/part-of': 'portcullis' } }
  if (resourceVersion === undefined) return store.create(configMaps, { metadata, ...toApi(map) })
  return store.replace(configMaps, { metadata: { ...metadata, resourceVersion }, ...toApi(map) })
}

function toStored(found: ConfigMap): readonly (readonly [string, StoredConfigMap])[] {
  const stored = fromApi(found)
  return stored === undefined ? [] : [[found.metadata.name, stored]]
}

function toDigests(stored: ReadonlyMap<string, StoredConfigMap>): ReadonlyMap<string, string> {
  return new Map([...stored].map(([name, { data }]) => [name, data['digest'] ?? '']))
}

interface Shelf {
  readonly stored: ReadonlyMap<string, StoredConfigMap>
  readonly hash: Hash
}

function readBundle(index: BundleIndex, map: StoredConfigMap, { stored, hash }: Shelf): Bundle | undefined {
  const read = readParts(index, map, { gunzip, slot: (name) => stored.get(name) })
  if (!('parts' in read)) return undefined
  const decoded = decodeBundle(read.parts, index.revision.digest, hash)
  return 'bundle' in decoded ? decoded.bundle : undefined
}

function gunzip(bytes: Uint8Array, maxOutputLength: number): string | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength }).toString('utf8')
  } catch {
    return undefined
  }
}
