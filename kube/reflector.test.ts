import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Fault, HostileOptions } from '../test/helpers/hostile-api-server.ts'
import { HostileApiServer } from '../test/helpers/hostile-api-server.ts'
import { makeLog, makeMetrics } from '../test/helpers/quiet.ts'
import type { Widget } from '../test/helpers/store-contract.ts'
import { widgets } from '../test/helpers/store-contract.ts'
import type { KubeClient } from './client.ts'
import { connectKube } from './client.ts'
import { sleep, systemClock } from './clock.ts'
import type { KubeObject } from './resource.ts'
import type { ReflectorOptions } from './reflector.ts'
import { Reflector } from './reflector.ts'
import { makeKubernetesStore } from './store-kubernetes.ts'
import { MemoryStore } from './store-memory.ts'
import type { ResourceStore, WatchEvent } from './store.ts'

const log = makeLog()
const quick = { silenceMs: 400, backoffMinMs: 1, backoffMaxMs: 5 }

class Bench implements AsyncDisposable {
  readonly server: HostileApiServer
  readonly counts: Record<string, number> = {}
  readonly changes: string[] = []
  readonly #stop = new AbortController()
  #client: KubeClient | undefined
  #running: Promise<void> = Promise.resolve()
  reflector!: Reflector<Widget>

  constructor(options: Partial<HostileOptions> = {}) {
    this.server = new HostileApiServer({ resources: [widgets], ...options })
  }

  async start(options: Partial<ReflectorOptions<Widget>> = {}): Promise<Reflector<Widget>> {
    const url = await this.server.listen()
    this.#client = connectKube({
      kubeconfig: HostileApiServer.toKubeconfig(url),
      random: () => 0,
      retry: { minMs: 1, maxMs: 5 },
    })
    const metrics = makeMetrics(this.counts)
    const store = makeKubernetesStore(this.#client.transport)
    this.reflector = new Reflector(
      { store, clock: systemClock, random: Math.random, log, metrics },
      { resource: widgets, limits: quick, ...options },
    )
    this.reflector.onChange((key) => this.changes.push(key))
    this.#running = this.reflector.start(this.#stop.signal)
    return this.reflector
  }

  async put(name: string, color: string, namespace = 'home'): Promise<Widget> {
    return this.server.truth.apply(
      widgets,
      { metadata: { namespace, name }, spec: { color } },
      { fieldManager: 'test' },
    )
  }

  color(name: string): string | undefined {
    return this.reflector.get('home', name)?.spec.color
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.#client?.close()
    await this.server[Symbol.asyncDispose]()
  }
}

describe('a reflector', () => {
  let bench: Bench
  const open = async (
    server: Partial<HostileOptions> = {},
    options: Partial<ReflectorOptions<Widget>> = {},
  ): Promise<Reflector<Widget>> => {
    bench = new Bench(server)
    await bench.put('a', 'red')
    await bench.put('b', 'blue')
    return bench.start(options)
  }
  const watches = (): readonly Readonly<Record<string, string>>[] =>
    bench.server.requests.filter((request) => request.verb === 'watch').map((request) => request.query)

  beforeEach(() => {
    bench = new Bench()
  })
  afterEach(async () => bench[Symbol.asyncDispose]())

  it('reads the initial state from the watch itself and then follows changes', async () => {
    const reflector = await open()
    await reflector.synced
    expect(reflector.list().map((widget) => widget.spec.color)).toEqual(['red', 'blue'])
    await bench.put('a', 'green')
    await bench.server.truth.delete(widgets, { namespace: 'home', name: 'b' })
    await vi.waitFor(() => expect(reflector.list().map((widget) => widget.spec.color)).toEqual(['green']))
    expect(bench.changes).toEqual(['home/a', 'home/b', 'home/a', 'home/b'])
    expect(bench.server.requests.map((request) => request.verb)).toEqual(['watch'])
    expect(watches()[0]).toMatchObject({
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: 'true',
    })
    expect(Number(watches()[0]?.['timeoutSeconds'])).toBeGreaterThanOrEqual(300)
    expect(Number(watches()[0]?.['timeoutSeconds'])).toBeLessThan(600)
  })

  it('holds frozen objects without managedFields', async () => {
    const reflector = await open({ watchList: 'refused' })
    await reflector.synced
    const widget = reflector.get('home', 'a')
    expect(widget?.metadata).not.toHaveProperty('managedFields')
    expect(widget?.kind).toBe('Widget')
    expect(Object.isFrozen(widget) && Object.isFrozen(widget?.spec) && Object.isFrozen(widget?.metadata)).toBe(true)
  })

  it.each(['refused', 'ignored'] as const)('falls back to list and watch when WatchList is %s', async (watchList) => {
    const reflector = await open(
      { watchList, ...(watchList === 'ignored' ? { bookmarkEveryMs: 50 } : {}) },
      { limits: { ...quick, silenceMs: 300 } },
    )
    if (watchList === 'ignored') bench.server.next('watch', { kind: 'end', afterEvents: 2 })
    await reflector.synced
    await bench.put('a', 'green')
    await vi.waitFor(() => expect(bench.color('a')).toBe('green'))
    expect(bench.server.requests.some((request) => request.verb === 'list' && request.query['limit'] === '500')).toBe(
      true,
    )
  })

  it('follows a paged list whose pages expire on the way', async () => {
    bench = new Bench({ watchList: 'refused' })
    for (let n = 0; n < 1_200; n += 1) await bench.put(`w${n}`, 'red')
    const list = bench.server.truth.list
    const reflector = await bench.start()
    bench.server.next('list', { kind: 'slow', ms: 1 })
    bench.server.next('list', { kind: 'status', status: 410, body: { kind: 'Status', reason: 'Expired', code: 410 } })
    await reflector.synced
    expect(reflector.list()).toHaveLength((await list(widgets)).items.length)
    expect(bench.server.requests.filter((request) => request.verb === 'list')).toHaveLength(2 + 3)
  })

  it('reads the list in one piece when its pages keep expiring', async () => {
    bench = new Bench({ watchList: 'refused' })
    for (let n = 0; n < 600; n += 1) await bench.put(`w${n}`, 'red')
    const expired: Fault = { kind: 'status', status: 410, body: { kind: 'Status', reason: 'Expired', code: 410 } }
    for (let n = 0; n < 2; n += 1) {
      bench.server.next('list', { kind: 'slow', ms: 0 })
      bench.server.next('list', expired)
    }
    const reflector = await bench.start()
    await reflector.synced
    expect(reflector.list()).toHaveLength(600)
    const lists = bench.server.requests.filter((request) => request.verb === 'list')
    expect(lists.map((request) => request.query['limit'])).toEqual(['500', '500', '500', '500', undefined])
  })

  it('reads everything again after an event that cannot be read, which resuming would meet again', async () => {
    bench = new Bench()
    bench.server.next('watch', { kind: 'garbage', afterEvents: 2 })
    await bench.put('a', 'red')
    const reflector = await bench.start()
    await reflector.synced
    await bench.put('a', 'green')
    await vi.waitFor(() => expect(bench.color('a')).toBe('green'))
    expect(bench.counts).toMatchObject({ undecodable: 1, relisted: 2 })
  })

  it('is synced by the bookmark that ends the initial events and by no other', async () => {
    const truth = new MemoryStore({ clock: systemClock })
    const object = await truth.create(widgets, { metadata: { namespace: 'home', name: 'a' }, spec: { color: 'red' } })
    const mail: WatchEvent<KubeObject>[] = [
      { type: 'Bookmark', resourceVersion: '1', initialEventsEnd: false },
      { type: 'Set', object },
      { type: 'Bookmark', resourceVersion: '1', initialEventsEnd: true },
    ]
    const watch = async function* (): AsyncGenerator<WatchEvent<KubeObject>> {
      yield* mail.splice(0)
      await sleep(systemClock, 10_000, stop.signal)
    }
    const stop = new AbortController()
    const store = { list: truth.list, watch: watch as ResourceStore['watch'] }
    const reflector = new Reflector(
      { store, clock: systemClock, random: Math.random, log, metrics: makeMetrics() },
      { resource: widgets },
    )
    const ended = reflector.start(stop.signal)
    await reflector.synced
    expect(reflector.keys()).toEqual(['home/a'])
    stop.abort()
    await ended
  })

  it.each<[string, Fault]>([
    ['a connection cut between events', { kind: 'drop', afterEvents: 3 }],
    ['a connection cut inside an event', { kind: 'drop-mid-event', afterEvents: 3 }],
    ['a watch that the server ends', { kind: 'end', afterEvents: 3 }],
    ['a socket that goes silent', { kind: 'silence', afterEvents: 3 }],
    ['an event that cannot be read', { kind: 'garbage', afterEvents: 3 }],
    ['an internal error in the stream', { kind: 'error-event', afterEvents: 3, code: 500 }],
    ['a compacted version in the stream', { kind: 'error-event', afterEvents: 3, code: 410 }],
    ['doubled events', { kind: 'duplicate' }],
  ])('survives %s', async (_case, fault) => {
    bench = new Bench()
    bench.server.next('watch', fault)
    await bench.put('a', 'red')
    await bench.put('b', 'red')
    const reflector = await bench.start()
    await reflector.synced
    await bench.put('a', 'green')
    await bench.server.truth.delete(widgets, { namespace: 'home', name: 'b' })
    await bench.put('c', 'blue')
    await vi.waitFor(() => expect(reflector.list().map((widget) => widget.spec.color)).toEqual(['green', 'blue']), {
      timeout: 3_000,
    })
  })

  it.each<[string, Fault]>([
    ['503', { kind: 'status', status: 503 }],
    ['429 with Retry-After', { kind: 'status', status: 429, retryAfter: 0.01 }],
    ['a reset', { kind: 'reset' }],
    ['403', { kind: 'status', status: 403 }],
    ['no answer at all', { kind: 'hang' }],
  ])('keeps trying when a watch is answered with %s', async (_case, fault) => {
    const reflector = await open()
    for (let n = 0; n < 3; n += 1) bench.server.next('watch', fault)
    bench.server.next('list', fault)
    await reflector.synced
    expect(bench.color('a')).toBe('red')
  })

  it('resumes from the last bookmark instead of reading everything again', async () => {
    const reflector = await open({ bookmarkEveryMs: 20 })
    bench.server.next('watch', { kind: 'drop', afterEvents: 6 })
    await reflector.synced
    await vi.waitFor(() => expect(watches()).toHaveLength(2))
    expect(watches()[1]).toMatchObject({ resourceVersion: '2' })
    expect(watches()[1]).not.toHaveProperty('sendInitialEvents')
    expect(bench.counts['relisted']).toBe(1)
  })

  it('takes a watch with nothing but bookmarks for alive', async () => {
    const reflector = await open({ bookmarkEveryMs: 40 }, { limits: { ...quick, silenceMs: 150 } })
    await reflector.synced
    await vi.waitFor(() => expect(bench.counts['heard']).toBeGreaterThan(13))
    expect(watches()).toHaveLength(1)
  })

  it('reads everything again after a compaction, and reports what went meanwhile', async () => {
    const reflector = await open()
    await reflector.synced
    bench.server.next('watch', { kind: 'status', status: 503 })
    bench.server.next('watch', { kind: 'status', status: 503 })
    bench.server.cutWatches()
    await bench.server.truth.delete(widgets, { namespace: 'home', name: 'b' })
    bench.server.compact()
    await vi.waitFor(() => expect(reflector.get('home', 'b')).toBeUndefined())
    expect(bench.counts['Gone']).toBeGreaterThan(0)
    expect(bench.changes).toEqual(['home/a', 'home/b', 'home/b'])
  })

  it('reports an object that was deleted and created again unseen as gone and come', async () => {
    const reflector = await open()
    await reflector.synced
    const seen: (string | undefined)[] = []
    reflector.onChange(() => seen.push(bench.color('a')))
    bench.server.next('watch', { kind: 'status', status: 503 })
    bench.server.cutWatches()
    await bench.server.truth.delete(widgets, { namespace: 'home', name: 'a' })
    await bench.put('a', 'new')
    bench.server.compact()
    await vi.waitFor(() => expect(seen).toEqual([undefined, 'new']))
  })

  it('goes on when a change handler throws', async () => {
    const reflector = await open()
    reflector.onChange(() => {
      throw new Error('handler')
    })
    await reflector.synced
    await bench.put('a', 'green')
    await vi.waitFor(() => expect(bench.color('a')).toBe('green'))
    expect(bench.counts['handlerFailed']).toBe(3)
  })

  it('reads characters cut anywhere, and U+2028 inside strings', async () => {
    bench = new Bench({ chunkBytes: 3 })
    const color = 'grün\u2028日本語🟢'
    await bench.put('a', color)
    const reflector = await bench.start()
    await reflector.synced
    expect(bench.color('a')).toBe(color)
    expect(bench.counts['undecodable']).toBeUndefined()
  })

  it('follows only the namespaces, labels and fields it is asked for', async () => {
    bench = new Bench()
    await bench.put('a', 'red', 'one')
    await bench.put('a', 'blue', 'two')
    await bench.put('a', 'green', 'three')
    const reflector = await bench.start({ namespaces: ['one', 'two'], fields: { 'metadata.name': 'a' } })
    await reflector.synced
    expect(reflector.keys().toSorted()).toEqual(['one/a', 'two/a'])
    await bench.put('b', 'red', 'one')
    await bench.put('a', 'pink', 'two')
    await vi.waitFor(() => expect(reflector.get('two', 'a')?.spec.color).toBe('pink'))
    expect(reflector.keys().toSorted()).toEqual(['one/a', 'two/a'])
  })

  it.each<[string, Fault | undefined]>([
    ['while a watch is open', undefined],
    ['while the server does not answer', { kind: 'hang' }],
    ['while it waits to try again', { kind: 'status', status: 503 }],
  ])('stops at once %s, leaving no watch behind', async (_case, fault) => {
    const reflector = await open({}, { limits: { silenceMs: 60_000, backoffMinMs: 60_000, backoffMaxMs: 60_000 } })
    if (fault !== undefined) bench.server.next('watch', fault)
    await (fault === undefined ? reflector.synced : vi.waitUntil(() => watches().length > 0))
    await bench.stop()
    await vi.waitFor(() => expect(bench.server.openWatches).toBe(0))
  })

  it('is quiet for the liveness check only when its loop is stuck, not when the server is away', async () => {
    const reflector = await open()
    for (let n = 0; n < 20; n += 1) bench.server.next('watch', { kind: 'reset' })
    await reflector.synced
    expect(reflector.silence().quietMs).toBeLessThan(quick.silenceMs)
    expect(reflector.silence().budgetMs).toBe(quick.silenceMs)
  })
})

describe('after any series of faults', () => {
  const faults = fc.oneof(
    fc.record({ kind: fc.constantFrom('drop', 'drop-mid-event', 'garbage', 'end', 'silence'), afterEvents: fc.nat(6) }),
    fc.record({ kind: fc.constant('error-event'), afterEvents: fc.nat(6), code: fc.constantFrom(410, 429, 500) }),
    fc.record({ kind: fc.constant('status'), status: fc.constantFrom(403, 410, 429, 500, 503) }),
    fc.constant({ kind: 'reset' }),
    fc.constant({ kind: 'duplicate' }),
    fc.record({ kind: fc.constant('slow'), ms: fc.nat(5) }),
  ) as fc.Arbitrary<Fault>
  const steps = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('put'),
        name: fc.constantFrom('a', 'b', 'c', 'd'),
        color: fc.string({ maxLength: 3 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('delete'), name: fc.constantFrom('a', 'b', 'c', 'd') }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('fault-watch', 'fault-list'), fault: faults }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('compact', 'cut', 'wait') }) },
  ) as fc.Arbitrary<{ do: string; name?: string; color?: string; fault?: Fault }>

  it('the cache equals the truth of the server', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(steps, { maxLength: 25 }),
        fc.constantFrom('supported', 'refused'),
        fc.integer({ min: 1, max: 400 }),
        async (plan, watchList, chunkBytes) => {
          await using bench = new Bench({ watchList, chunkBytes })
          const reflector = await bench.start({ limits: { ...quick, silenceMs: 60 } })
          for (const step of plan) await play(bench, step)
          bench.server.clearFaults()
          const truth = async (): Promise<unknown> => (await bench.server.truth.list(widgets)).items
          await vi.waitFor(
            async () =>
              expect(reflector.list().toSorted(byName)).toEqual(((await truth()) as Widget[]).toSorted(byName)),
            { timeout: 4_000, interval: 5 },
          )
        },
      ),
      { numRuns: 100, seed: 7, endOnFailure: true },
    )
  }, 60_000)
})

function byName(one: Widget, other: Widget): number {
  return one.metadata.name < other.metadata.name ? -1 : 1
}

async function play(bench: Bench, step: { do: string; name?: string; color?: string; fault?: Fault }): Promise<void> {
  const { name = '', color = '', fault } = step
  if (step.do === 'put') await bench.put(name, color)
  if (step.do === 'delete') await bench.server.truth.delete(widgets, { namespace: 'home', name })
  if (step.do === 'compact') bench.server.compact()
  if (step.do === 'cut') bench.server.cutWatches()
  if (step.do === 'wait') await new Promise((resolve) => setImmediate(resolve))
  if (fault !== undefined) bench.server.next(step.do === 'fault-list' ? 'list' : 'watch', fault)
}
