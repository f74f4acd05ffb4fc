import { afterEach, beforeEach, expect, it } from 'vitest'
import { leases } from '../../kube/resource.ts'
import type { Lease } from '../../kube/resource.ts'
import { MemoryStore } from '../../kube/store-memory.ts'
import type { ResourceStore } from '../../kube/store.ts'
import { makeBundle, makeSnapshot } from '../../test/helpers/make.ts'
import { ManualClock } from '../../test/helpers/manual-clock.ts'
import { AckLease, ackAnnotations, toAckLease } from './ack.ts'
import type { EnforcementState } from './enforcement.ts'

const pod = { namespace: 'portcullis', name: 'gateway-0', uid: 'u1' }
const snapshot = makeSnapshot(makeBundle({}))
const enforcing = (n: number): EnforcementState => ({
  enforced: { revision: { epoch: 1, n, digest: `sha256:${n}` }, snapshot },
})

let clock: ManualClock
let memory: MemoryStore
let life: AbortController
beforeEach(() => {
  clock = new ManualClock()
  memory = new MemoryStore({ clock })
  life = new AbortController()
})
afterEach(() => life.abort())

interface Acking {
  readonly ack: AckLease
  state: EnforcementState
  writes: number
  readonly failures: unknown[]
  broken: boolean
}

function start(): Acking {
  const acking: Acking = { ack: undefined as never, state: {}, writes: 0, failures: [], broken: false }
  const apply: ResourceStore['apply'] = async (...call) => {
    acking.writes += 1
    if (acking.broken) throw new Error('away')
    return memory.apply(...call)
  }
  const store: ResourceStore = new Proxy(memory, {
    get: (target, name) => (name === 'apply' ? apply : Reflect.get(target, name)),
  })
  const deps = {
    store,
    clock,
    random: () => 0.5,
    state: () => acking.state,
    onFailure: (error: unknown) => void acking.failures.push(error),
  }
  return Object.assign(acking, { ack: new AckLease(deps, pod) })
}

const read = async (): Promise<Lease | undefined> =>
  memory.get(leases, { namespace: 'portcullis', name: 'portcullis-ack-gateway-0' })

it('says at once, again every ten seconds, and at once when something changed', async () => {
  const acking = start()
  void acking.ack.start(life.signal)
  await clock.advance(0)
  expect((await read())?.metadata.annotations).toEqual({})
  acking.state = enforcing(3)
  acking.ack.hurry()
  await clock.advance(0)
  const lease = await read()
  expect(lease?.metadata.annotations).toEqual({ [ackAnnotations.sequence]: '1.3', [ackAnnotations.digest]: 'sha256:3' })
  expect(acking.writes).toBe(2)
  await clock.advance(10_000)
  expect(acking.writes).toBe(3)
  expect((await read())?.spec?.renewTime).not.toBe(lease?.spec?.renewTime)
})

it('tries again each second while the API server is away, and reports it', async () => {
  const acking = start()
  acking.broken = true
  void acking.ack.start(life.signal)
  await clock.advance(3_000)
  expect(acking.failures).toHaveLength(4)
  acking.broken = false
  await clock.advance(1_000)
  expect(await read()).toBeDefined()
  life.abort()
  await clock.advance(60_000)
  expect(acking.writes).toBe(5)
})

it('a change while the last one is being written is written too', async () => {
  const acking = start()
  acking.state = enforcing(1)
  const started = acking.ack.start(life.signal)
  acking.state = enforcing(2)
  acking.ack.hurry()
  await clock.advance(0)
  expect((await read())?.metadata.annotations?.[ackAnnotations.sequence]).toBe('1.2')
  life.abort()
  await started
})

it('is owned by its pod, and says what was refused, cut short', () => {
  const rejection = { sequence: '1.9', reason: 'r'.repeat(1000) }
  expect(toAckLease(pod, { ...enforcing(8), rejection }, new Date('2026-11-20T12:00:00.123Z'))).toMatchObject({
    metadata: {
      name: 'portcullis-ack-gateway-0',
      annotations: {
        [ackAnnotations.sequence]: '1.8',
        [ackAnnotations.rejectedSequence]: '1.9',
        [ackAnnotations.rejectedReason]: 'r'.repeat(256),
      },
      ownerReferences: [{ kind: 'Pod', name: 'gateway-0', uid: 'u1' }],
    },
    spec: { holderIdentity: 'gateway-0', renewTime: '2026-11-20T12:00:00.123000Z' },
  })
})
