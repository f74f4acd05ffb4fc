import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { connectKube } from '../../kube/client.ts'
import type { Clock } from '../../kube/clock.ts'
import { sleep, systemClock } from '../../kube/clock.ts'
import { KubeError } from '../../kube/errors.ts'
import { leases } from '../../kube/resource.ts'
import { makeKubernetesStore } from '../../kube/store-kubernetes.ts'
import { MemoryStore } from '../../kube/store-memory.ts'
import type { ResourceStore } from '../../kube/store.ts'
import { HostileApiServer } from '../../test/helpers/hostile-api-server.ts'
import { ManualClock, settle } from '../../test/helpers/manual-clock.ts'
import { makeLog, makeMetrics } from '../../test/helpers/quiet.ts'
import type { Leadership, LeaderOptions } from './leader.ts'
import { Leader } from './leader.ts'

const ref = { namespace: 'home', name: 'the-lease' }

function stand(store: LeaderStore, clock: Clock, identity: string, times: Partial<LeaderOptions> = {}) {
  const stop = new AbortController()
  const deps = { store, clock, random: () => 0, log: makeLog(), metrics: makeMetrics() }
  const leader = new Leader(deps, { ...ref, identity, ...times })
  let leadership: Leadership | undefined
  void leader.elected.then((won) => (leadership = won))
  const ended = leader.run(stop.signal)
  return { leader, stop, ended, leadership: () => leadership, isHeld: () => leadership?.isHeld() ?? false }
}

type LeaderStore = Pick<ResourceStore, 'get' | 'create' | 'replace'>

/** A store that fails, or is slow, as long as `mood` says so. */
function makeMoody(store: MemoryStore, clock: Clock, mood: () => { fails?: boolean; slowMs?: number }): LeaderStore {
  const feel = async (): Promise<void> => {
    const { fails, slowMs = 0 } = mood()
    if (slowMs > 0) await sleep(clock, slowMs)
    if (fails === true) throw new KubeError('Network', { verb: 'update', resource: 'leases' })
  }
  return {
    get: async (...call) => feel().then(async () => store.get(...call)),
    create: async (...call) => feel().then(async () => store.create(...call)),
    replace: async (...call) => feel().then(async () => store.replace(...call)),
  }
}

describe('leader election', () => {
  it('makes one of several candidates the leader, with a lease that people can read', async () => {
    const clock = new ManualClock()
    const store = new MemoryStore({ clock })
    const candidates = ['one', 'two', 'three'].map((identity) => stand(store, clock, identity))
    await settle()
    expect(candidates.filter((each) => each.isHeld())).toHaveLength(1)
    expect((await store.get(leases, ref))?.spec).toEqual({
      holderIdentity: 'one',
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:00.000000Z',
      leaseTransitions: 0,
    })
    await clock.advance(120_000)
    expect(candidates.map((each) => each.leader.state)).toEqual(['leading', 'standby', 'standby'])
    expect(candidates.map((each) => each.leader.holder)).toEqual(['one', 'one', 'one'])
  })

  it('hands over within one try when the leader releases, counting the transition', async () => {
    const clock = new ManualClock()
    const store = new MemoryStore({ clock })
    const [one, two] = [stand(store, clock, 'one'), stand(store, clock, 'two')]
    await clock.advance(5_000)
    one.stop.abort()
    expect(await one.ended).toBe('released')
    expect(one.leadership()?.lost.aborted).toBe(false)
    await clock.advance(2_000)
    expect([one.isHeld(), two.isHeld()]).toEqual([false, true])
    expect(two.leadership()?.fence).toEqual({ transitions: 1, holder: 'two' })
  })

  it('takes over from a leader that vanished only after its whole lease, whatever its clock said', async () => {
    const clock = new ManualClock()
    const store = new MemoryStore({ clock })
    await store.create(leases, {
      metadata: ref,
      spec: {
        holderIdentity: 'ghost',
        leaseDurationSeconds: 15,
        renewTime: '1999-01-01T00:00:00.000000Z',
        leaseTransitions: 4,
      },
    })
    const one = stand(store, clock, 'one')
    await clock.advance(14_000)
    expect(one.isHeld()).toBe(false)
    await clock.advance(3_000)
    expect(one.leadership()?.fence.transitions).toBe(5)
  })

  it('does not wait for ever for a lease that claims a year', async () => {
    const clock = new ManualClock()
    const store = new MemoryStore({ clock })
    await store.create(leases, { metadata: ref, spec: { holderIdentity: 'ghost', leaseDurationSeconds: 31_536_000 } })
    const one = stand(store, clock, 'one')
    await clock.advance(130_000)
    expect(one.isHeld()).toBe(true)
  })

  it('stops leading ten seconds after its last renewal, before anybody else may begin', async () => {
    const clock = new ManualClock()
    const store = new MemoryStore({ clock })
    let fails = false
    const one = stand(
      makeMoody(store, clock, () => ({ fails })),
      clock,
      'one',
    )
    await clock.advance(4_000)
    fails = true
    const two = stand(store, clock, 'two')
    await clock.advance(9_900)
    expect(one.isHeld()).toBe(true)
    await clock.advance(200)
    expect([one.isHeld(), one.leadership()?.lost.aborted, two.isHeld()]).toEqual([false, true, false])
    expect(await one.ended).toBe('lost')
    await clock.advance(7_000)
    expect(two.isHeld()).toBe(true)
  })

  it('knows at once that its time is over when the event loop was stuck', async () => {
    const clock = new ManualClock()
    let skippedMs = 0
    const stuck: Clock = { ...readClock(clock), monotonicMs: () => clock.monotonicMs() + skippedMs }
    const one = stand(new MemoryStore({ clock }), stuck, 'one')
    await settle()
    expect(one.isHeld()).toBe(true)
    skippedMs = 60_000
    expect(one.isHeld()).toBe(false)
  })

  it('keeps leading when a person edits the lease, and stops when somebody took it', async () => {
    const clock = new ManualClock()
    const store = new MemoryStore({ clock })
    const one = stand(store, clock, 'one')
    await settle()
    await store.apply(leases, { metadata: { ...ref, labels: { seen: 'yes' } } }, { fieldManager: 'person' })
    await clock.advance(20_000)
    expect(one.isHeld()).toBe(true)
    const lease = await store.get(leases, ref)
    await store.replace(leases, { metadata: { ...ref }, spec: { ...lease?.spec, holderIdentity: 'thief' } })
    await clock.advance(3_000)
    expect(await one.ended).toBe('lost')
    expect((await store.get(leases, ref))?.spec?.holderIdentity).toBe('thief')
  })

  it('ends quietly when it is stopped before it was ever elected', async () => {
    const clock = new ManualClock()
    const store = new MemoryStore({ clock })
    const [one, two] = [stand(store, clock, 'one'), stand(store, clock, 'two')]
    await settle()
    two.stop.abort()
    expect(await two.ended).toBe('released')
    expect(one.isHeld()).toBe(true)
  })

  it('never has two leaders at once, whatever fails', async () => {
    const moods = fc.record({ fails: fc.boolean(), slowMs: fc.constantFrom(0, 0, 100, 4_000, 9_000) })
    const plan = fc.array(fc.record({ who: fc.nat(2), mood: moods, ms: fc.integer({ min: 100, max: 12_000 }) }), {
      maxLength: 30,
    })
    await fc.assert(
      fc.asyncProperty(plan, async (steps) => {
        const clock = new ManualClock()
        const store = new MemoryStore({ clock })
        const mood: { fails?: boolean; slowMs?: number }[] = [{}, {}, {}]
        const all = mood.map((_, who) =>
          stand(
            makeMoody(store, clock, () => mood[who] ?? {}),
            clock,
            `c${who}`,
          ),
        )
        for (const { who, mood: next, ms } of steps) {
          mood[who] = next
          for (let passed = 0; passed < ms; passed += 500) {
            await clock.advance(500)
            expect(all.filter((each) => each.isHeld()).length).toBeLessThanOrEqual(1)
          }
        }
      }),
      { numRuns: 25, seed: 3 },
    )
  }, 30_000)

  it('survives a half-open connection and lost answers on the way to the server', async () => {
    const server = new HostileApiServer({ resources: [leases] })
    const client = connectKube({ kubeconfig: HostileApiServer.toKubeconfig(await server.listen()) })
    const one = stand(makeKubernetesStore(client.transport), systemClock, 'one', {
      leaseMs: 2_000,
      renewMs: 1_000,
      retryMs: 10,
    })
    onTestFinished(async () => {
      await client.close()
      await server[Symbol.asyncDispose]()
    })
    await vi.waitFor(() => expect(one.isHeld()).toBe(true))
    server.next('update', { kind: 'hang' })
    server.next('update', { kind: 'reset', after: true })
    server.next('update', { kind: 'status', status: 503 })
    const renewed = server.requests.length + 8
    await vi.waitFor(() => expect(server.requests.length).toBeGreaterThan(renewed), { timeout: 3_000 })
    expect(one.isHeld()).toBe(true)
    server.next('update', { kind: 'reset', after: true })
    one.stop.abort()
    expect(await one.ended).toBe('released')
  })
})

function readClock({ monotonicMs, date, after }: Clock): Clock {
  return { monotonicMs, date, after }
}
