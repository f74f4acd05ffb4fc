import { describe, expect, it } from 'vitest'
import { systemClock } from '../../kube/clock.ts'
import { configMaps } from '../../kube/resource.ts'
import { MemoryStore } from '../../kube/store-memory.ts'
import { encodeBundle } from '../../policy/bundle-wire.ts'
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
