// Secrets that are mounted and watched; credentials stand for all of them.
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { writeProjection } from '../hack/cluster/projection.ts'
import { secrets } from '../kube/resource.ts'
import { MemoryStore } from '../kube/store-memory.ts'
import { ManualClock } from '../test/helpers/manual-clock.ts'
import { makeLog, makeMetrics } from '../test/helpers/quiet.ts'
import { credentialSecretName, makeCredentialStore } from './credential-store.ts'

let folder: string
let clock: ManualClock
let life: AbortController
const now = new Date('2026-11-20T12:00:00Z')

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'portcullis-credentials-'))
  clock = new ManualClock()
  life = new AbortController()
})
afterEach(async () => {
  life.abort()
  await rm(folder, { recursive: true })
})

const files = (values: Record<string, string>): Map<string, Buffer> =>
  new Map(Object.entries(values).map(([name, value]) => [name, Buffer.from(value)]))

/** Turns the clock until the poll has seen what the test did. */
async function until(check: () => void): Promise<void> {
  await vi.waitFor(async () => {
    await clock.advance(2_000)
    check()
  })
}

describe('mounted credentials', () => {
  it('are read, and followed when kubelet swaps them', async () => {
    const store = makeCredentialStore()
    await writeProjection(folder, files({ 'team-a.chat': 'one' }), now)
    const watching = store.watchMounted(clock, folder, life.signal)
    await until(() => expect(store.get('team-a.chat')).toBe('one'))
    await writeProjection(folder, files({ 'team-b.chat': 'two' }), now)
    await until(() => expect([store.get('team-a.chat'), store.get('team-b.chat')]).toEqual([undefined, 'two']))
    life.abort()
    await watching
  })

  it('may come late', async () => {
    const store = makeCredentialStore()
    void store.watchMounted(clock, path.join(folder, 'late'), life.signal)
    await clock.advance(10_000)
    expect(store.get('a')).toBeUndefined()
    await writeProjection(path.join(folder, 'late'), files({ a: '1' }), now)
    await until(() => expect(store.get('a')).toBe('1'))
  })

  it('that are half written do not end the process, and the last ones stay', async () => {
    const store = makeCredentialStore()
    await writeProjection(folder, files({ a: '1' }), now)
    const watching = store.watchMounted(clock, folder, life.signal)
    await until(() => expect(store.get('a')).toBe('1'))
    await mkdir(path.join(folder, '..half'))
    await symlink('/nowhere', path.join(folder, '..half', 'a'))
    await rm(path.join(folder, '..data'))
    await symlink('..half', path.join(folder, '..data'))
    await clock.advance(10_000)
    expect(store.get('a')).toBe('1')
    await writeProjection(folder, files({ a: '2' }), now)
    await until(() => expect(store.get('a')).toBe('2'))
    life.abort()
    await watching
  })

  it('in a plain folder are its files, whatever else lies there', async () => {
    const store = makeCredentialStore()
    await writeFile(path.join(folder, 'a'), '1')
    await mkdir(path.join(folder, 'folder'))
    await mkdir(path.join(folder, '..2026'))
    await chmod(path.join(folder, 'folder'), 0)
    void store.watchMounted(clock, `${folder}/.`, life.signal)
    await until(() => expect(store.get('a')).toBe('1'))
  })
})

describe('watched credentials', () => {
  it('are decoded, win over the mount, and go when the Secret goes', async () => {
    const memory = new MemoryStore({ clock })
    const store = makeCredentialStore()
    await writeProjection(folder, files({ a: 'mounted' }), now)
    void store.watchMounted(clock, folder, life.signal)
    await until(() => expect(store.get('a')).toBe('mounted'))
    const feed = { store: memory, clock, random: () => 0, log: makeLog(), metrics: makeMetrics() }
    const reflector = store.follow(feed, 'portcullis')
    void reflector.start(life.signal)
    const metadata = { namespace: 'portcullis', name: credentialSecretName }
    await memory.create(secrets, { metadata, data: { a: Buffer.from('watched').toString('base64') } })
    await until(() => expect(store.get('a')).toBe('watched'))
    await memory.delete(secrets, metadata)
    await until(() => expect(store.get('a')).toBeUndefined())
  })
})

it('does not show its values when it is printed', () => {
  const store = makeCredentialStore()
  store.set(new Map([['a', 'canary']]))
  expect(inspect(store, { depth: 9, showHidden: true }) + JSON.stringify(store)).not.toContain('canary')
})
