// What every ResourceStore must do, told as tests: run by store-folder.test.ts for the folder and by the cluster
// tests for a real API server, so that nothing works in one world only.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isKubeError } from '../../kube/errors.ts'
import type { ConfigMap, KubeObject, Resource } from '../../kube/resource.ts'
import { configMaps } from '../../kube/resource.ts'
import type { ResourceStore, WatchEvent } from '../../kube/store.ts'

export interface Widget extends KubeObject {
  readonly spec: { readonly color: string; readonly size?: number; readonly parts?: Readonly<Record<string, string>> }
  readonly status?: { readonly phase?: string; readonly note?: string }
}

export const widgets: Resource<Widget> = {
  group: 'example.test',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: true,
}

export interface Setup {
  readonly store: ResourceStore
  readonly namespace: string
}

export function describeStore(title: string, open: () => Promise<Setup>, close: () => Promise<void>): void {
  describe(`a resource store: ${title}`, () => {
    let store: ResourceStore
    let namespace: string
    const named = (): { namespace: string; name: string } => ({ namespace, name: `w-${randomUUID().slice(0, 8)}` })

    beforeAll(async () => {
      ;({ store, namespace } = await open())
    })
    afterAll(close)

    it('creates once and reads back what was created', async () => {
      const ref = named()
      const created = await store.create(widgets, { metadata: { ...ref, labels: { a: 'b' } }, spec: { color: 'red' } })
      expect(created).toMatchObject({ apiVersion: 'example.test/v1', kind: 'Widget', spec: { color: 'red' } })
      expect(created.metadata).toMatchObject({ ...ref, generation: 1, labels: { a: 'b' } })
      expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/)
      expect(await store.get(widgets, ref)).toMatchObject({ spec: { color: 'red' } })
      expect(await codeOf(store.create(widgets, { metadata: ref, spec: { color: 'red' } }))).toBe('AlreadyExists')
    })

    it('answers absence with undefined and false', async () => {
      expect(await store.get(widgets, named())).toBeUndefined()
      expect(await store.delete(widgets, named())).toBe(false)
    })

    it('replaces only at the version that was read', async () => {
      const { metadata, spec } = await store.create(widgets, { metadata: named(), spec: { color: 'red' } })
      const next = await store.replace(widgets, { metadata, spec: { ...spec, color: 'blue' } })
      expect(next.metadata.generation).toBe(2)
      expect(await codeOf(store.replace(widgets, { metadata, spec: { color: 'green' } }))).toBe('Conflict')
      expect(await codeOf(store.replace(widgets, { metadata: { ...metadata, name: 'absent' }, spec }))).not.toBe('ok')
    })

    it('applies: creates, adds, and removes what its owner leaves out', async () => {
      const metadata = named()
      const owner = { fieldManager: 'first' }
      await store.apply(widgets, { metadata, spec: { color: 'red', size: 1, parts: { a: '1', b: '2' } } }, owner)
      await store.apply(widgets, { metadata, spec: { color: 'red', parts: { a: '1', c: '3' } } }, owner)
      const found = await store.get(widgets, metadata)
      expect(found?.spec).toEqual({ color: 'red', parts: { a: '1', c: '3' } })
    })

    it('lets owners share an object, refuses a conflict, and takes over by force', async () => {
      const metadata = named()
      await store.apply(widgets, { metadata, spec: { color: 'red', parts: { a: '1' } } }, { fieldManager: 'first' })
      const other = { metadata, spec: { color: 'blue', parts: { b: '2' } } }
      expect(await codeOf(store.apply(widgets, other, { fieldManager: 'second' }))).toBe('Conflict')
      const forced = await store.apply(widgets, other, { fieldManager: 'second', force: true })
      expect(forced.spec).toEqual({ color: 'blue', parts: { a: '1', b: '2' } })
    })

    it('refuses a forced apply at another version or to another object of the name', async () => {
      const { metadata } = await store.create(widgets, { metadata: named(), spec: { color: 'red' } })
      const { name, resourceVersion } = metadata
      await store.replace(widgets, { metadata, spec: { color: 'blue' } })
      const force = { fieldManager: 'first', force: true }
      const stale = { metadata: { namespace, name, resourceVersion }, spec: { color: 'green' } }
      expect(await codeOf(store.apply(widgets, stale, force))).toBe('Conflict')
      const stranger = { metadata: { namespace, name, uid: randomUUID() }, spec: { color: 'green' } }
      expect(await codeOf(store.apply(widgets, stranger, force))).toBe('Invalid')
    })

    it('keeps an apply that changes nothing from making a version', async () => {
      const metadata = named()
      const once = await store.apply(widgets, { metadata, spec: { color: 'red' } }, { fieldManager: 'first' })
      const again = await store.apply(widgets, { metadata, spec: { color: 'red' } }, { fieldManager: 'first' })
      expect(again.metadata.resourceVersion).toBe(once.metadata.resourceVersion)
    })

    it('writes status apart from spec, in both directions', async () => {
      const created = await store.create(widgets, { metadata: named(), spec: { color: 'red' } })
      const { name, generation } = created.metadata
      const own = { fieldManager: 'status', force: true }
      await store.applyStatus(widgets, { namespace, name, status: { phase: 'Ready', note: 'x' } }, own)
      const spared = await store.applyStatus(widgets, { namespace, name, status: { phase: 'Done' } }, own)
      expect(spared).toMatchObject({ spec: { color: 'red' }, status: { phase: 'Done' }, metadata: { generation } })
      expect(spared.status).toEqual({ phase: 'Done' })
      const sneaky = { metadata: spared.metadata, spec: { color: 'blue' }, status: { phase: 'Forged' } }
      expect((await store.replace(widgets, sneaky)).status).toEqual({ phase: 'Done' })
    })

    it('puts a status on no absent object, and at a version on no other', async () => {
      const { metadata } = await store.create(widgets, { metadata: named(), spec: { color: 'red' } })
      const { name, resourceVersion } = metadata
      await store.replace(widgets, { metadata, spec: { color: 'blue' } })
      const own = { fieldManager: 'status', force: true }
      const stale = { namespace, name, resourceVersion, status: { phase: 'Ready' } }
      expect(await codeOf(store.applyStatus(widgets, stale, own))).toBe('Conflict')
      expect(await codeOf(store.applyStatus(widgets, { ...named(), status: { phase: 'Ready' } }, own))).toBe('NotFound')
    })

    it('deletes only the object that was meant', async () => {
      const { metadata } = await store.create(widgets, { metadata: named(), spec: { color: 'red' } })
      expect(await codeOf(store.delete(widgets, metadata, { uid: randomUUID() }))).toBe('Conflict')
      expect(await store.delete(widgets, { namespace, name: metadata.name }, { uid: metadata.uid })).toBe(true)
      expect(await store.get(widgets, metadata)).toBeUndefined()
    })

    it('lists by namespace, label and name, with kinds on every item', async () => {
      const ref = named()
      const label = ref.name
      await store.create(configMaps, { metadata: { ...ref, labels: { label } }, data: { k: 'v' } })
      const select = async (how: object): Promise<readonly ConfigMap[]> => (await store.list(configMaps, how)).items
      expect(await select({ namespace, labels: { label } })).toMatchObject([
        { apiVersion: 'v1', kind: 'ConfigMap', data: { k: 'v' } },
      ])
      expect(await select({ namespace, fields: { 'metadata.name': ref.name } })).toHaveLength(1)
      expect(await select({ namespace: 'nowhere', labels: { label } })).toHaveLength(0)
      expect(await select({ labels: { label: 'other' } })).toHaveLength(0)
    })

    it('watches: what is there, a bookmark, then every change and the end', async () => {
      const ref = named()
      const label = ref.name
      await store.create(configMaps, { metadata: { ...ref, labels: { label } }, data: { k: '1' } })
      using stop = makeStop()
      const options = { namespace, labels: { label }, timeoutSeconds: 60, signal: stop.signal }
      const seen: string[] = []
      for await (const event of store.watch(configMaps, options)) {
        seen.push(describeEvent(event))
        if (event.type === 'Bookmark' && event.initialEventsEnd)
          await store.apply(
            configMaps,
            { metadata: { ...ref, labels: { label } }, data: { k: '2' } },
            { fieldManager: 'w', force: true },
          )
        if (event.type === 'Set' && event.object.data?.['k'] === '2') await store.delete(configMaps, ref)
        if (event.type === 'Deleted') break
      }
      expect(seen.filter((entry) => entry !== 'bookmark')).toEqual(['set 1', 'ready', 'set 2', 'deleted'])
    })

    it('resumes a watch after a version without repeating what came before', async () => {
      const ref = named()
      const first = await store.create(configMaps, { metadata: ref, data: { k: '1' } })
      await store.apply(configMaps, { metadata: ref, data: { k: '2' } }, { fieldManager: 'w', force: true })
      using stop = makeStop()
      const { resourceVersion } = first.metadata
      const options = {
        namespace,
        fields: { 'metadata.name': ref.name },
        resourceVersion,
        timeoutSeconds: 60,
        signal: stop.signal,
      }
      for await (const event of store.watch(configMaps, options)) {
        expect(describeEvent(event)).toBe('set 2')
        break
      }
    })
  })
}

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'ok',
    (error: unknown) => (isKubeError(error) ? error.code : error),
  )
}

function describeEvent(event: WatchEvent<ConfigMap>): string {
  if (event.type === 'Bookmark') return event.initialEventsEnd ? 'ready' : 'bookmark'
  return event.type === 'Deleted' ? 'deleted' : `set ${event.object.data?.['k']}`
}

function makeStop(): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController()
  return { signal: controller.signal, [Symbol.dispose]: () => controller.abort() }
}
