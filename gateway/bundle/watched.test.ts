import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { configMaps } from '../../kube/resource.ts'
import { MemoryStore } from '../../kube/store-memory.ts'
import type { ResourceStore } from '../../kube/store.ts'
import type { NamedConfigMap } from '../../policy/bundle-config-map.ts'
import { toApi, toConfigMaps } from '../../policy/bundle-config-map.ts'
import { encodeBundle } from '../../policy/bundle-wire.ts'
import { makeBundle, makeConnection, sha256 } from '../../test/helpers/make.ts'
import { ManualClock } from '../../test/helpers/manual-clock.ts'
import { makeLog, makeMetrics } from '../../test/helpers/quiet.ts'
import type { Offer } from './enforcement.ts'
import { WatchedBundle } from './watched.ts'

let clock: ManualClock
let memory: MemoryStore
let life: AbortController
beforeEach(() => {
  clock = new ManualClock()
  memory = new MemoryStore({ clock })
  life = new AbortController()
})
afterEach(() => life.abort())

const noise = (seed: string, length: number): string =>
  Array.from({ length }, (_, i) => sha256(`${seed}${i}`).slice(7)).join('')

function pack(n: number, size = 0): { readonly slots: readonly NamedConfigMap[]; readonly index: NamedConfigMap } {
  const connections = Array.from({ length: size === 0 ? 1 : 16 }, (_, i) =>
    makeConnection({}, { name: `c${n}-${i}`, labels: { a: noise(`${n}-${i}-`, size) } }),
  )
  const parts = encodeBundle(makeBundle({ policies: [], connections }), sha256)
  return toConfigMaps(
    parts,
    { epoch: 1, n, digest: parts.digest },
    { gzip: (text) => gzipSync(text), digestInSlot: () => undefined },
  )
}

async function put({ name, ...stored }: NamedConfigMap): Promise<void> {
  const object = { metadata: { namespace: 'portcullis', name }, ...toApi(stored) }
  await memory.apply(configMaps, object, { fieldManager: 'test', force: true })
}

interface Watching {
  readonly bundle: WatchedBundle
  readonly offers: Offer[]
  readonly refused: string[]
  readonly gets: string[]
  failing: boolean
  readonly until: (check: () => void) => Promise<void>
}

function watch(): Watching {
  const offers: Offer[] = []
  const refused: string[] = []
  const gets: string[] = []
  const state = { failing: false }
  const get: ResourceStore['get'] = async (resource, ref, options) => {
    gets.push(ref.name)
    if (state.failing) throw new Error('away')
    return memory.get(resource, ref, options)
  }
  const store: ResourceStore = new Proxy(memory, {
    get: (target, name) => (name === 'get' ? get : Reflect.get(target, name)),
  })
  const bundle = new WatchedBundle({
    store,
    clock,
    random: () => 0,
    log: makeLog(),
    metrics: makeMetrics(),
    namespace: 'portcullis',
    offer: async (offer) => void offers.push(offer),
    onRefused: (reason) => void refused.push(reason),
  })
  void bundle.start(life.signal)
  const until = async (check: () => void): Promise<void> =>
    vi.waitFor(async () => {
      await clock.advance(250)
      check()
    })
  return Object.assign(state, { bundle, offers, refused, gets, until })
}

it('offers what is published, each time it changes', async () => {
  const { bundle, offers, gets, until } = watch()
  await until(() => expect(bundle.reflector.isSynced).toBe(true))
  expect([bundle.published, offers]).toEqual([undefined, []])
  await put(pack(1).index)
  await until(() => expect(offers.map(({ revision }) => revision.n)).toEqual([1]))
  await put(pack(2).index)
  await until(() => expect(offers.map(({ revision }) => revision.n)).toEqual([1, 2]))
  expect(bundle.published?.n).toBe(2)
  expect(gets).toEqual([])
})

it('reads the slots that the index names and no others, and waits for those that are late', async () => {
  const { bundle, offers, gets, until } = watch()
  const { index, slots } = pack(1, 200)
  for (const slot of slots.slice(1)) await put(slot)
  await put(index)
  await until(() => expect(bundle.published?.n).toBe(1))
  expect(offers).toEqual([])
  if (slots[0]) await put(slots[0])
  await until(() => expect(offers).toHaveLength(1))
  expect(new Set(gets)).toEqual(new Set(slots.map(({ name }) => name)))
})

it('asks again while the slots cannot be read', async () => {
  const watching = watch()
  const { index, slots } = pack(1, 200)
  watching.failing = true
  for (const slot of slots) await put(slot)
  await put(index)
  await watching.until(() => expect(watching.gets.length).toBeGreaterThan(slots.length * 2))
  expect(watching.offers).toEqual([])
  watching.failing = false
  await watching.until(() => expect(watching.offers).toHaveLength(1))
})

it('says what cannot be read, and goes on with what comes after', async () => {
  const { offers, refused, until } = watch()
  const { index } = pack(1)
  await put({ ...index, data: { ...index.data, format: '99' } })
  await until(() => expect(refused).toEqual([expect.stringContaining('bundle format 99')]))
  await put(pack(2).index)
  await until(() => expect(offers.map(({ revision }) => revision.n)).toEqual([2]))
})
