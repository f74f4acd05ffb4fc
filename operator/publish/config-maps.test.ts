// The published bundle in a store: what is written is read back, what cannot be read is gone on above, and of two writers one loses.
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../kube/clock.ts'
import { configMaps } from '../../kube/resource.ts'
import { MemoryStore } from '../../kube/store-memory.ts'
import type { BundleParts } from '../../policy/bundle-wire.ts'
import { encodeBundle } from '../../policy/bundle-wire.ts'
import type { Bundle, Revision } from '../../policy/bundle.ts'
import { makeBundle, sha256 } from '../../test/helpers/make.ts'
import type { BundleStoreDeps } from './config-maps.ts'
import { readPublished, writeBundle } from './config-maps.ts'
import { nextSequence } from './sequence.ts'

const index = { namespace: 'portcullis', name: 'portcullis-bundle' }

async function publishTwice(): Promise<BundleStoreDeps> {
  const store = new MemoryStore({ clock: systemClock })
  const deps = { store, namespace: 'portcullis', hash: sha256 }
  const bundle = makeBundle({})
  const parts = encodeBundle(bundle, sha256)
  const first = await writeBundle(deps, await readPublished(deps), {
    parts,
    bundle,
    revision: { epoch: 3, n: 6, digest: parts.digest },
  })
  await writeBundle(deps, first, { parts, bundle, revision: { epoch: 3, n: 7, digest: parts.digest } })
  return deps
}

describe('the published bundle, read back', () => {
  it('is what was written last', async () => {
    const published = await readPublished(await publishTwice())
    expect(published.index?.revision).toMatchObject({ epoch: 3, n: 7 })
    expect(published.bundle).toEqual(makeBundle({}))
    expect(published.sequence).toEqual({ epoch: 3, n: 7 })
  })

  it('has a sequence to go on above even where a newer operator wrote it and this one cannot read it', async () => {
    const deps = await publishTwice()
    const store = new MemoryStore({ clock: systemClock })
    const { metadata, ...rest } = (await deps.store.get(configMaps, index)) ?? { metadata: { name: '' } }
    expect(rest).toHaveProperty('data.format', '1')
    const data = 'data' in rest ? { ...rest.data, format: '2' } : {}
    await store.create(configMaps, { ...rest, metadata: { ...index, name: metadata.name }, data })
    const published = await readPublished({ ...deps, store })
    expect(published).not.toHaveProperty('index')
    expect(published).not.toHaveProperty('bundle')
    expect(nextSequence(published.sequence, [{ epoch: 3, n: 6 }])).toEqual({ epoch: 3, n: 8 })
  })
})

function makeDeps(): BundleStoreDeps & { readonly store: MemoryStore } {
  return { store: new MemoryStore({ clock: systemClock }), namespace: 'portcullis', hash: sha256 }
}

function makeNext(n: number, range = '10.0.0.0/8'): { parts: BundleParts; revision: Revision; bundle: Bundle } {
  const network = { apiServer: [], clusterRanges: [range] }
  const bundle: Bundle = { format: 1, settings: { issuers: [], grants: [] }, network, connections: [], policies: [] }
  const parts = encodeBundle(bundle, sha256)
  return { parts, bundle, revision: { epoch: 1, n, digest: parts.digest } }
}

describe('the published bundle, written', () => {
  it('is read back as it was written, also over another one', async () => {
    const deps = makeDeps()
    const first = await writeBundle(deps, await readPublished(deps), makeNext(1))
    expect(await readPublished(deps)).toEqual(first)
    const second = await writeBundle(deps, first, makeNext(2, '172.16.0.0/12'))
    expect(await readPublished(deps)).toEqual(second)
    expect(second.bundle?.network.clusterRanges).toEqual(['172.16.0.0/12'])
  })

  it('is lost to who wrote since it was read', async () => {
    const deps = makeDeps()
    const stale = await writeBundle(deps, await readPublished(deps), makeNext(1))
    await writeBundle(deps, stale, makeNext(2, '172.16.0.0/12'))
    await expect(writeBundle(deps, stale, makeNext(2, '192.168.0.0/16'))).rejects.toMatchObject({ code: 'Conflict' })
  })

  it('is lost to who created it first', async () => {
    const deps = makeDeps()
    const nothing = await readPublished(deps)
    await writeBundle(deps, nothing, makeNext(1))
    await expect(writeBundle(deps, nothing, makeNext(1))).rejects.toMatchObject({ code: 'AlreadyExists' })
  })

  it('is none when its index is damaged, but its version is known, so that it can be replaced', async () => {
    const deps = makeDeps()
    await deps.store.create(configMaps, {
      metadata: { namespace: 'portcullis', name: 'portcullis-bundle' },
      data: { format: 'x' },
    })
    const found = await readPublished(deps)
    expect(found.index).toBeUndefined()
    const written = await writeBundle(deps, found, makeNext(1))
    expect((await readPublished(deps)).index).toEqual(written.index)
  })

  it('has an index but no bundle when a part was tampered with', async () => {
    const deps = makeDeps()
    const { versions } = await writeBundle(deps, await readPublished(deps), makeNext(1))
    const ref = { namespace: 'portcullis', name: 'portcullis-bundle' }
    const stored = await deps.store.get(configMaps, ref)
    const binaryData = { ...stored?.binaryData, 'part-0': stored?.binaryData?.['part-1'] ?? '' }
    const resourceVersion = versions.get('portcullis-bundle') ?? ''
    await deps.store.replace(configMaps, {
      metadata: { ...ref, resourceVersion },
      data: stored?.data ?? {},
      binaryData,
    })
    const found = await readPublished(deps)
    expect(found.index?.revision.n).toBe(1)
    expect(found.bundle).toBeUndefined()
  })
})
