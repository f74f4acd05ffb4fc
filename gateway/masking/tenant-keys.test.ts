// What of the Secret with the tenant keys is taken for a key.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { writeProjection } from '../../hack/cluster/projection.ts'
import { secrets } from '../../kube/resource.ts'
import { MemoryStore } from '../../kube/store-memory.ts'
import { ManualClock } from '../../test/helpers/manual-clock.ts'
import { makeLog, makeMetrics } from '../../test/helpers/quiet.ts'
import type { TenantKeyStore } from './tenant-keys.ts'
import { makeTenantKeyStore, tenantKeySecretName } from './tenant-keys.ts'

let clock: ManualClock
let store: TenantKeyStore
let life: AbortController

beforeEach(() => {
  clock = new ManualClock()
  store = makeTenantKeyStore()
  life = new AbortController()
})
afterEach(() => life.abort())

/** No text: a key that went through one would come back with replacement characters. */
const toKey = (seed: number, length = 32): Buffer => Buffer.alloc(length, Buffer.from([0xff, 0xc0, seed]))

const until = async (check: () => void): Promise<void> => {
  await vi.waitFor(async () => {
    await clock.advance(2_000)
    check()
  })
}

describe('tenant keys', () => {
  it('come from the mount byte for byte', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-keys-'))
    await writeProjection(folder, new Map([['team-a', toKey(1)]]), new Date('2026-11-20T12:00:00Z'))
    const watching = store.watchMounted(clock, folder, life.signal)
    await until(() => expect(store.get('team-a')).toEqual(toKey(1)))
    expect(store.get('team-b')).toBeUndefined()
    life.abort()
    await watching
    await rm(folder, { recursive: true })
  })

  it('come from the watch, new ones without a restart', async () => {
    const memory = new MemoryStore({ clock })
    const feed = { store: memory, clock, random: () => 0, log: makeLog(), metrics: makeMetrics() }
    const following = store.follow(feed, 'portcullis').start(life.signal)
    const metadata = { namespace: 'portcullis', name: tenantKeySecretName }
    const data = { 'team-a': toKey(1).toString('base64') }
    await memory.create(secrets, { metadata, data })
    await until(() => expect(store.get('team-a')).toEqual(toKey(1)))
    await memory.replace(secrets, { metadata, data: { ...data, 'team-b': toKey(2).toString('base64') } })
    await until(() => expect(store.get('team-b')).toEqual(toKey(2)))
    expect(store.get('team-a')).toBe(store.get('team-a'))
    life.abort()
    await following
  })

  it.each([
    ['empty', Buffer.alloc(0)],
    ['too short', toKey(3, 31)],
    ['too long', toKey(3, 33)],
    ['base64 of base64', Buffer.from(toKey(3).toString('base64'))],
  ])('are none when a slot is %s, and the others go on', async (_, damaged) => {
    const memory = new MemoryStore({ clock })
    const feed = { store: memory, clock, random: () => 0, log: makeLog(), metrics: makeMetrics() }
    const following = store.follow(feed, 'portcullis').start(life.signal)
    const metadata = { namespace: 'portcullis', name: tenantKeySecretName }
    const data = { bad: damaged.toString('base64'), good: toKey(4).toString('base64') }
    await memory.create(secrets, { metadata, data })
    await until(() => expect(store.get('good')).toEqual(toKey(4)))
    expect(store.get('bad')).toBeUndefined()
    life.abort()
    await following
  })

  it('are not shown when the store is printed', () => {
    store.set(new Map([['team-a', Buffer.from('canary-canary-canary-canary-cana')]]))
    const shown = inspect(store, { depth: 9, showHidden: true }) + JSON.stringify(store)
    expect(shown).not.toMatch(/canary|63 61 6e/u)
  })
})
