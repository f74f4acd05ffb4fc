// The Secret with the tenant keys: slots are made once, and nothing that happens afterwards changes or removes one.
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { KubeErrorCode } from '../../kube/errors.ts'
import { KubeError } from '../../kube/errors.ts'
import type { Secret } from '../../kube/resource.ts'
import { secrets } from '../../kube/resource.ts'
import { MemoryStore } from '../../kube/store-memory.ts'
import { ManualClock } from '../../test/helpers/manual-clock.ts'
import type { PlannedKeys, TenantKeyDeps, TenantKeySlots } from './tenant-keys.ts'
import { TenantKeySecret, planTenantKeys, tenantKeySecretName } from './tenant-keys.ts'

const namespace = 'portcullis'
const ref = { namespace, name: tenantKeySecretName }

/** 32 bytes that are no text. */
const toKey = (n: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => (n * 37 + i * 11 + 128) % 256)
const toStored = (n: number): string => toKey(n).toBase64()

let made: number
const newKey = (): Uint8Array => toKey((made += 1))

beforeEach(() => {
  made = 0
})

function plan(stored: TenantKeySlots, wanted: readonly string[], before: TenantKeySlots = {}): PlannedKeys {
  return planTenantKeys(stored, new Set(wanted), { before, newKey })
}

describe('planTenantKeys', () => {
  it('makes a slot for each namespace that has none', () => {
    expect(plan({ a: toStored(9) }, ['a', 'c', 'b'])).toEqual({
      slots: { a: toStored(9), b: toStored(1), c: toStored(2) },
      isNew: true,
      damaged: [],
      left: [],
    })
  })

  it('has nothing to write when each has one, or when namespaces are gone', () => {
    const stored = { a: toStored(9), b: toStored(8) }
    expect(plan(stored, ['b'])).toMatchObject({ slots: stored, isNew: false })
    expect(plan(stored, [])).toMatchObject({ slots: stored, isNew: false })
    expect(made).toBe(0)
  })

  it.each([
    ['empty', ''],
    ['short', toStored(1).slice(0, 20)],
    ['long', Buffer.alloc(33, 7).toString('base64')],
  ])('tells of a slot that is %s, and leaves it as it is', (_, damaged) => {
    const stored = { a: damaged, b: toStored(8) }
    expect(plan(stored, ['a', 'b'])).toEqual({ slots: stored, isNew: false, damaged: ['a'], left: [] })
  })

  it('puts a slot back that was there before, never one that was damaged', () => {
    const before = { a: toStored(9), bad: 'AAAA' }
    expect(plan({ b: toStored(8) }, ['b'], before)).toMatchObject({
      slots: { a: toStored(9), b: toStored(8) },
      isNew: true,
    })
    expect(plan({ a: toStored(5) }, ['a'], before).slots).toEqual({ a: toStored(5) })
  })

  it('stops where a Secret is full, and says who has none', () => {
    const stored = Object.fromEntries(Array.from({ length: 7_999 }, (_, i) => [`n-${i}`, toStored(0)]))
    const { slots, left } = plan(stored, ['x', 'y', 'z'])
    expect([Object.keys(slots).length, slots['x'], left]).toEqual([8_000, toStored(1), ['y', 'z']])
  })

  it('never changes or removes a slot, whatever is stored and wanted', () => {
    const slot = fc.oneof(fc.nat(255).map(toStored), fc.constant('AAAA'))
    const names = fc.constantFrom('a', 'b', 'c', 'd', '__proto__', 'constructor')
    const slots = fc.uniqueArray(fc.tuple(names, slot), { selector: ([name]) => name }).map(Object.fromEntries)
    fc.assert(
      fc.property(slots, slots, fc.uniqueArray(names), (stored, before, wanted) => {
        const planned = plan(stored, wanted, before)
        for (const [name, key] of Object.entries(stored))
          expect(Object.entries(planned.slots)).toContainEqual([name, key])
        for (const name of wanted) expect(Object.keys(planned.slots)).toContain(name)
      }),
    )
  })
})

describe('TenantKeySecret', () => {
  let clock: ManualClock
  let memory: MemoryStore
  let failure: KubeErrorCode | undefined
  let reads: number
  let told: [readonly string[], string | undefined][]
  let deps: TenantKeyDeps
  let keys: TenantKeySecret

  beforeEach(() => {
    clock = new ManualClock()
    memory = new MemoryStore({ clock })
    failure = undefined
    reads = 0
    told = []
    const fail = (verb: 'create' | 'update'): void => {
      if (failure !== undefined) throw new KubeError(failure, { verb, resource: 'secrets', ...ref })
    }
    deps = {
      store: {
        get: async (resource, at) => {
          reads += 1
          return memory.get(resource, at)
        },
        create: async (resource, object) => {
          fail('create')
          return memory.create(resource, object)
        },
        replace: async (resource, object) => {
          fail('update')
          return memory.replace(resource, object)
        },
      },
      clock,
      namespace,
      newKey,
      onTrouble: (troubles, secret) => told.push([troubles, secret?.metadata.name]),
    }
    keys = new TenantKeySecret(deps)
  })

  const ensure = async (...namespaces: readonly string[]): Promise<boolean> => keys.ensure(new Set(namespaces))
  const slots = async (): Promise<Secret['data']> => (await memory.get(secrets, ref))?.data

  it('creates the Secret, adds slots, and keeps those of namespaces that are gone', async () => {
    expect(await ensure('a')).toBe(true)
    expect(await slots()).toEqual({ a: toStored(1) })
    await ensure('b')
    await ensure()
    expect(await slots()).toEqual({ a: toStored(1), b: toStored(2) })
    expect(told).toEqual([])
  })

  it('keeps everything over a restart', async () => {
    await ensure('a')
    keys = new TenantKeySecret(deps)
    await ensure('a', 'b')
    expect(await slots()).toEqual({ a: toStored(1), b: toStored(2) })
  })

  it('reads now and then only', async () => {
    for (let i = 0; i < 5; i += 1) await ensure('a')
    expect(reads).toBe(1)
    await clock.advance(60_000)
    await ensure('a')
    expect(reads).toBe(2)
  })

  it('loses against another writer, and takes its keys at the next try', async () => {
    await ensure('a')
    await memory.replace(secrets, { metadata: ref, data: { a: toStored(1), b: toStored(99) } })
    await expect(ensure('b')).rejects.toMatchObject({ code: 'Conflict' })
    expect(await ensure('b')).toBe(true)
    expect(await slots()).toEqual({ a: toStored(1), b: toStored(99) })
  })

  it('loses a race for the first Secret, and takes the other one', async () => {
    const late = new TenantKeySecret({ ...deps, store: { ...deps.store, get: async () => undefined } })
    await ensure('a')
    await expect(late.ensure(new Set(['a']))).rejects.toMatchObject({ code: 'AlreadyExists' })
    expect(await slots()).toEqual({ a: toStored(1) })
  })

  it('writes the same keys again when somebody deletes the Secret', async () => {
    await ensure('a')
    await memory.delete(secrets, ref)
    await clock.advance(60_000)
    await ensure('a')
    expect(await slots()).toEqual({ a: toStored(1) })
  })

  it('keeps labels and annotations that others put there', async () => {
    const metadata = { ...ref, labels: { backup: 'nightly' }, annotations: { owner: 'platform' } }
    await memory.create(secrets, { metadata, data: { a: toStored(9) } })
    await ensure('b')
    const found = await memory.get(secrets, ref)
    expect(found?.metadata).toMatchObject({ labels: { backup: 'nightly' }, annotations: { owner: 'platform' } })
  })

  it('tells once of a damaged slot, without what stands there, and once when it is repaired', async () => {
    const damaged = Buffer.from('canary').toString('base64')
    await memory.create(secrets, { metadata: ref, data: { a: damaged } })
    expect(await ensure('a', 'b')).toBe(false)
    expect(await ensure('a', 'b')).toBe(false)
    expect(told).toEqual([[[expect.stringContaining('slot "a" of Secret portcullis/')], tenantKeySecretName]])
    expect(JSON.stringify(told)).not.toMatch(/canary|Y2FuYXJ5/u)
    expect(await slots()).toEqual({ a: damaged, b: toStored(1) })
    await memory.replace(secrets, { metadata: ref, data: { a: toStored(7), b: toStored(1) } })
    await clock.advance(60_000)
    expect(await ensure('a', 'b')).toBe(true)
    expect(told.at(-1)).toEqual([[], tenantKeySecretName])
  })

  it.each<KubeErrorCode>(['Forbidden', 'Invalid'])(
    'goes on without new keys when the answer is %s, and says so',
    async (code) => {
      await ensure('a')
      failure = code
      expect(await ensure('b')).toBe(false)
      expect(told[0]?.[0][0]).toContain('refused until that is repaired')
      failure = undefined
      expect(await ensure('b')).toBe(true)
      expect(told).toHaveLength(2)
    },
  )

  it('leaves it to its caller when the API server does not answer', async () => {
    failure = 'Unavailable'
    await expect(ensure('a')).rejects.toMatchObject({ code: 'Unavailable' })
  })
})
