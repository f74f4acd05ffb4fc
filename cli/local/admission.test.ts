// What nobody may see of a folder: versions of objects that their kind does not allow.
import { beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../kube/clock.ts'
import type { KubeObject, Resource } from '../../kube/resource.ts'
import { MemoryStore } from '../../kube/store-memory.ts'
import type { ResourceStore } from '../../kube/store.ts'
import type { Refusal } from './admission.ts'
import { withAdmission } from './admission.ts'

interface Gate extends KubeObject {
  readonly spec?: { readonly state?: string }
  readonly status?: { readonly seen: string }
}

const gates: Resource<Gate> = { group: 'x', version: 'v1', plural: 'gates', kind: 'Gate', namespaced: true }
const walls: Resource<Gate> = { ...gates, plural: 'walls', kind: 'Wall' }
const metadata = { namespace: 'team', name: 'one' }

let memory: MemoryStore
let store: ResourceStore
let refusals: Refusal[]

beforeEach(() => {
  memory = new MemoryStore({ clock: systemClock })
  refusals = []
  store = withAdmission(memory, {
    checks: { Gate: (object) => ((object as Gate).spec?.state === 'broken' ? ['spec.state: must be sound'] : []) },
    onRefusal: (refusal) => refusals.push(refusal),
  })
})

const put = (state: string, resource = gates): Gate => memory.put(resource, { metadata, spec: { state } } as never)
const stateOf = async (resource = gates): Promise<string | undefined> =>
  (await store.get(resource, metadata))?.spec?.state
const listed = async (): Promise<readonly (string | undefined)[]> =>
  (await store.list(gates)).items.map((item) => item.spec?.state)

describe('withAdmission', () => {
  it('passes what is good, and kinds without a schema', async () => {
    put('open')
    put('broken', walls)
    expect(await stateOf()).toBe('open')
    expect(await stateOf(walls)).toBe('broken')
    expect(refusals).toEqual([])
  })

  it('hides what never was good, and says so once', async () => {
    put('broken')
    expect(await stateOf()).toBeUndefined()
    expect(await listed()).toEqual([])
    expect(refusals).toEqual([
      { kind: 'Gate', ...metadata, problems: ['spec.state: must be sound'], hasEarlier: false },
    ])
  })

  it('keeps the content and the generation of the version before, until it is repaired', async () => {
    put('open')
    await stateOf()
    put('broken')
    expect(await store.get(gates, metadata)).toMatchObject({ spec: { state: 'open' }, metadata: { generation: 1 } })
    expect(await listed()).toEqual(['open'])
    expect(refusals).toMatchObject([{ hasEarlier: true }])
    put('closed')
    expect(await stateOf()).toBe('closed')
  })

  it('lets statuses change while the content is refused', async () => {
    put('open')
    await stateOf()
    put('broken')
    await store.applyStatus(gates, { ...metadata, status: { seen: 'yes' } }, { fieldManager: 'operator' })
    expect(await store.get(gates, metadata)).toMatchObject({ spec: { state: 'open' }, status: { seen: 'yes' } })
    expect(refusals).toHaveLength(1)
  })

  it('watches the same: nothing of what never was good, the version before of what was', async () => {
    const stop = new AbortController()
    put('broken')
    const events: unknown[] = []
    const watching = (async () => {
      for await (const event of store.watch(gates, { timeoutSeconds: 60, signal: stop.signal })) {
        if (event.type === 'Bookmark') continue
        events.push([event.type, event.object.spec?.state])
        if (event.type === 'Deleted') stop.abort()
      }
    })()
    await expect.poll(() => refusals.length).toBe(1)
    put('open')
    await expect.poll(() => events.length).toBe(1)
    put('broken')
    await expect.poll(() => events.length).toBe(2)
    await memory.delete(gates, metadata)
    await watching
    expect(events).toEqual([
      ['Set', 'open'],
      ['Set', 'open'],
      ['Deleted', 'broken'],
    ])
  })

  it('judges an object anew that was deleted and made again under its name', async () => {
    put('open')
    expect(await stateOf()).toBe('open')
    await memory.delete(gates, metadata)
    put('broken')
    await stateOf()
    expect(refusals).toHaveLength(1)
  })
})
