// Limits over several replicas and a real store: exact totals, and what happens while the store is away.
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import type { Limits } from '../../gateway/limits/build.ts'
import { buildReserve } from '../../gateway/limits/build.ts'
import type { ConnectRedis } from '../../gateway/limits/redis-connection.ts'
import { makeConnectRedis } from '../../gateway/limits/redis-connection.ts'
import type { LimitRefusal, Reservation, Spending } from '../../gateway/limits/reservation.ts'
import { systemClock } from '../../kube/clock.ts'
import type { LimitDemand } from '../../policy/evaluate.ts'
import type { Redis, RedisOptions } from '../helpers/redis.ts'
import { askRedis, redisServer, startRedis } from '../helpers/redis.ts'

const chunk = 1_024
const tlsFolder = path.join(import.meta.dirname, '..', 'helpers', 'tls')

interface Replica {
  readonly reserve: Limits['reserve']
  readonly isUp: () => boolean
  /** As if its process had died: nothing is freed, nothing is renewed. */
  readonly die: () => Promise<void>
}

class Platform implements AsyncDisposable {
  readonly redis: Redis
  readonly folder: string
  readonly connect: ConnectRedis
  readonly #replicas: Replica[] = []

  constructor(redis: Redis, folder: string, connect: ConnectRedis) {
    this.redis = redis
    this.folder = folder
    this.connect = connect
  }

  async startReplica(leaseMs = 30_000): Promise<Replica> {
    let isUp = false
    const limits = buildReserve({
      clock: systemClock,
      random: Math.random,
      newId: randomUUID,
      onRefused: () => {},
      onStore: (state) => {
        isUp = state
      },
      connectRedis: this.connect,
      leaseMs,
    })
    const life = new AbortController()
    const running = limits.start(life.signal)
    const die = async (): Promise<void> => {
      life.abort()
      await running
    }
    const replica: Replica = { reserve: limits.reserve, isUp: () => isUp, die }
    this.#replicas.push(replica)
    await vi.waitUntil(() => isUp)
    return replica
  }

  async startReplicas(count: number, leaseMs?: number): Promise<readonly Replica[]> {
    return Promise.all(Array.from({ length: count }, async () => this.startReplica(leaseMs)))
  }

  async look(lua: string): Promise<unknown> {
    return askRedis(this.connect, lua)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#replicas.map(async ({ die }) => die()))
    await this.redis[Symbol.asyncDispose]()
    await rm(this.folder, { recursive: true })
  }
}

interface Place extends RedisOptions {
  readonly url?: (port: number) => string
  readonly caFile?: string
}

async function startPlatform({ url, caFile, ...options }: Place = {}): Promise<Platform> {
  const redis = await startRedis(options)
  const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-redis-'))
  const urlFile = path.join(folder, 'url')
  await writeFile(urlFile, `${url?.(redis.port) ?? `redis://127.0.0.1:${redis.port}`}\n`)
  return new Platform(redis, folder, makeConnectRedis({ urlFile, caFile }))
}

function makeDemand(given: Partial<LimitDemand>): LimitDemand {
  const base = { policy: 'team/policy', limit: 'limit', key: 'ada@example.com', measure: 'Requests', max: 1 } as const
  return { ...base, windowMs: 3_600_000, onUnavailable: 'Deny', acts: true, ...given }
}

const inFlight = (key: string): LimitDemand => makeDemand({ measure: 'Concurrent', windowMs: 0, key })

const toTlsUrl = (port: number): string => `rediss://:a%20password@localhost:${port}/2`

const nothing: Spending = { inputTokens: 0, maxTokens: 0 }

async function ask(replica: Replica | undefined, demands: readonly LimitDemand[], spending = nothing) {
  if (replica === undefined) throw new Error('no such replica')
  return replica.reserve(demands, spending)
}

async function take(replica: Replica | undefined, demands: readonly LimitDemand[], spending?: Spending) {
  const reserved = await ask(replica, demands, spending)
  if ('refused' in reserved) throw new Error(`refused: ${JSON.stringify(reserved.refused)}`)
  return reserved.reservation
}

async function refusal(replica: Replica | undefined, demands: readonly LimitDemand[], spending?: Spending) {
  const reserved = await ask(replica, demands, spending)
  return 'refused' in reserved ? reserved.refused : undefined
}

/** Many calls at once, spread over all replicas. */
async function crowd(replicas: readonly Replica[], count: number, demand: LimitDemand, spending?: Spending) {
  const all = Array.from({ length: count }, async (_, i) => ask(replicas[i % replicas.length], [demand], spending))
  const admitted: Reservation[] = []
  const refused: LimitRefusal[] = []
  for (const reserved of await Promise.all(all)) {
    if ('refused' in reserved) refused.push(reserved.refused)
    else admitted.push(reserved.reservation)
  }
  return { admitted, refused }
}

describe.skipIf(redisServer === undefined)('limits over three replicas and a real store', () => {
  it.each([
    ['calls', makeDemand({ max: 37 }), nothing],
    ['tokens', makeDemand({ measure: 'Tokens', max: 37 * 30 + 29 }), { inputTokens: 10, maxTokens: 20 }],
    ['calls in flight', makeDemand({ measure: 'Concurrent', max: 37, windowMs: 0 }), nothing],
  ])('[LM9] admits exactly as many %s as the limit says', async (_, demand, spending) => {
    await using platform = await startPlatform()
    const replicas = await platform.startReplicas(3)
    const { admitted, refused } = await crowd(replicas, 100, demand, spending)
    expect([admitted.length, refused.length]).toEqual([37, 63])
    for (const reservation of admitted) reservation.settle({ inputTokens: 0, outputTokens: 0 })
    const again = await crowd(replicas, 100, demand, spending)
    expect(again.admitted).toHaveLength(demand.measure === 'Requests' ? 0 : 37)
  })

  it('[LM3] takes for all limits of a call or for none, and says when to come again', async () => {
    await using platform = await startPlatform()
    const [first, second] = await platform.startReplicas(2)
    const place = makeDemand({ limit: 'a', measure: 'Concurrent', windowMs: 0 })
    const rate = makeDemand({ limit: 'b' })
    const budget = makeDemand({ limit: 'c', measure: 'Tokens', max: 100 })
    const held = await take(first, [rate])
    expect(await refusal(second, [place, rate, budget], { inputTokens: 0, maxTokens: 100 })).toEqual({
      denied: { effect: 'Deny', reason: 'LimitExceeded', policy: 'team/policy', rule: 'b' },
      retryAfterSeconds: 3_600,
    })
    held.settle(undefined)
    await take(second, [place, budget], { inputTokens: 0, maxTokens: 100 })
    expect(await refusal(first, [budget], { inputTokens: 101, maxTokens: 1 })).not.toHaveProperty('retryAfterSeconds')
  })

  it('[LM5] extends over the store, ahead of the answer, and ends when all replicas together have spent it', async () => {
    await using platform = await startPlatform()
    const [first, second] = await platform.startReplicas(2)
    const demand = makeDemand({ measure: 'Tokens', max: 3 * chunk })
    const call = await take(first, [demand], { inputTokens: 0, maxTokens: 0 })
    const other = await take(second, [demand], { inputTokens: chunk, maxTokens: 0 })
    expect(call.spend(600)).toBe(true)
    expect(await call.spend(chunk + 1)).toBe(false)
    other.settle({ inputTokens: 500, outputTokens: 0 })
    await vi.waitFor(async () => expect(await call.spend(chunk + 1)).toBe(true))
    expect(await call.spend(3 * chunk - 500)).toBe(true)
    expect(await call.spend(3 * chunk - 499)).toBe(false)
    call.settle({ inputTokens: 0, outputTokens: 2 * chunk - 500 })
    await vi.waitFor(async () => take(second, [demand], { inputTokens: 0, maxTokens: chunk }))
    expect(await refusal(first, [demand], { inputTokens: 0, maxTokens: 1 })).toBeDefined()
  })

  it('[LM6] charges beyond the limit, in a window that has gone as well', async () => {
    await using platform = await startPlatform()
    const [first, second] = await platform.startReplicas(2)
    const demand = makeDemand({ measure: 'Tokens', max: 100 })
    const call = await take(first, [demand], { inputTokens: 1, maxTokens: 1 })
    await platform.look("return redis.call('FLUSHALL')")
    call.settle({ inputTokens: 500, outputTokens: 0 })
    await vi.waitFor(async () =>
      expect(await refusal(second, [demand], { inputTokens: 1, maxTokens: 1 })).toBeDefined(),
    )
  })

  it('[LM6] gives back to the window that it took from alone', async () => {
    await using platform = await startPlatform()
    const replica = await platform.startReplica()
    const demand = makeDemand({ measure: 'Tokens', max: 100 })
    const all: Spending = { inputTokens: 0, maxTokens: 100 }
    const first = await take(replica, [demand], all)
    await platform.look("return redis.call('FLUSHALL')")
    const second = await take(replica, [demand], all)
    first.settle({ inputTokens: 0, outputTokens: 0 })
    expect(await refusal(replica, [demand], all)).toBeDefined()
    second.settle({ inputTokens: 0, outputTokens: 0 })
    expect(await refusal(replica, [demand], all)).toBeUndefined()
  })

  it('[LM7] counts a limit in mode Audit apart, and refuses nothing', async () => {
    await using platform = await startPlatform()
    const [first, second] = await platform.startReplicas(2)
    const audited = makeDemand({ acts: false })
    expect((await take(first, [audited])).shadow).toEqual([])
    const shadow = [{ effect: 'Deny', reason: 'LimitExceeded', policy: 'team/policy', rule: 'limit' }]
    expect((await take(second, [audited])).shadow).toEqual(shadow)
    await take(second, [makeDemand({})])
  })

  it('[LM10] keeps nothing that names anybody, and nothing for ever', async () => {
    await using platform = await startPlatform()
    const replica = await platform.startReplica()
    const measures = ['Requests', 'Tokens', 'Concurrent'] as const
    await take(
      replica,
      measures.map((measure) => makeDemand({ measure, limit: `secret-${measure}`, max: 9_999, windowMs: 5_000 })),
    )
    const dump = await platform.look(`local all = {}
      for _, key in ipairs(redis.call('KEYS', '*')) do
        local type = redis.call('TYPE', key).ok
        local held = type == 'hash' and redis.call('HGETALL', key) or redis.call('ZRANGE', key, 0, -1)
        all[#all + 1] = cjson.encode({ key, redis.call('PTTL', key) > 0, held })
      end
      return all`)
    expect(dump).toHaveLength(4)
    expect(JSON.stringify(dump)).not.toMatch(/ada|team|policy|secret|false/u)
  })

  it('[LM9] frees the places of a replica that died, and no others', async () => {
    await using platform = await startPlatform()
    const [living, dying, asking] = await platform.startReplicas(3, 400)
    await take(living, [inFlight('living')])
    await take(dying, [inFlight('dying')])
    await dying?.die()
    expect(await refusal(asking, [inFlight('dying')])).toBeDefined()
    await vi.waitFor(async () => take(asking, [inFlight('dying')]), { timeout: 5_000 })
    expect(await refusal(asking, [inFlight('living')])).toBeDefined()
  })

  it('[LM11] refuses or gives its share while the store is away, as each limit says, and comes back', async () => {
    await using platform = await startPlatform()
    const replicas = await platform.startReplicas(3, 600)
    const denying = makeDemand({ max: 30, limit: 'denying' })
    const sharing = makeDemand({ max: 30, limit: 'sharing', onUnavailable: 'LocalShare' })
    const call = await take(replicas[0], [makeDemand({ measure: 'Concurrent', windowMs: 0, limit: 'place' })])
    await vi.waitFor(async () => expect(await platform.look(countReplicas)).toBe(3))
    await renewed(platform)

    const before = crowd(replicas, 60, sharing)
    await platform.redis.kill()
    await before
    await vi.waitFor(() => expect(replicas.some(({ isUp }) => isUp())).toBe(false))
    const startedMs = performance.now()
    expect(await refusal(replicas[0], [denying])).toEqual({
      denied: { effect: 'Deny', reason: 'LimitUnavailable', policy: 'team/policy', rule: 'denying' },
    })
    const fresh = { ...sharing, key: 'fresh' }
    const { admitted, refused } = await crowd(replicas, 60, fresh)
    expect([admitted.length, refused.length]).toEqual([30, 30])
    expect(await refusal(replicas[0], [fresh, denying])).toMatchObject({ denied: { rule: 'denying' } })
    expect(performance.now() - startedMs).toBeLessThan(250)

    await platform.redis.restart()
    await vi.waitFor(() => expect(replicas.every(({ isUp }) => isUp())).toBe(true), { timeout: 15_000 })
    const after = await crowd(replicas, 60, denying)
    expect(after.admitted).toHaveLength(30)
    // What is in flight was told to the new store, which had forgotten it.
    const place = makeDemand({ measure: 'Concurrent', windowMs: 0, limit: 'place' })
    await vi.waitFor(async () => expect(await platform.look(countPlaces)).toBe(1), { timeout: 5_000 })
    expect(await refusal(replicas[1], [place])).toBeDefined()
    call.settle(undefined)
    await vi.waitFor(async () => take(replicas[1], [place]))
  })

  it('[LM11] waits for a store that hangs for a moment, once, and gives back what it took too late', async () => {
    await using platform = await startPlatform()
    const replica = await platform.startReplica()
    const budget = makeDemand({ measure: 'Tokens', max: 100 })
    platform.redis.freeze()
    const startedMs = performance.now()
    expect(await refusal(replica, [budget], { inputTokens: 0, maxTokens: 100 })).toMatchObject({
      denied: { reason: 'LimitUnavailable' },
    })
    expect(performance.now() - startedMs).toBeGreaterThan(200)
    const secondMs = performance.now()
    expect(await refusal(replica, [budget], { inputTokens: 0, maxTokens: 100 })).toBeDefined()
    expect(performance.now() - secondMs).toBeLessThan(50)
    platform.redis.thaw()
    await vi.waitFor(async () => take(replica, [budget], { inputTokens: 0, maxTokens: 100 }), { timeout: 5_000 })
  })

  it('[LM5] ends or goes on in the middle of an answer when the store goes, as the limit says', async () => {
    await using platform = await startPlatform()
    const replica = await platform.startReplica()
    const given = { measure: 'Tokens', max: 10 * chunk } as const
    const denying = await take(replica, [makeDemand({ ...given, limit: 'denying' })])
    const sharing = await take(replica, [makeDemand({ ...given, limit: 'sharing', onUnavailable: 'LocalShare' })])
    await platform.redis.kill()
    await vi.waitFor(() => expect(replica.isUp()).toBe(false))
    expect(await denying.spend(chunk)).toBe(true)
    expect(await denying.spend(chunk + 1)).toBe(false)
    expect(await sharing.spend(chunk + 1)).toBe(true)
    denying.settle(undefined)
    sharing.settle({ inputTokens: 0, outputTokens: chunk })
  })

  it('signs in with a password that has been rotated, and over TLS that is checked', async () => {
    const caFile = path.join(tlsFolder, 'test-only-ca.pem')
    await using platform = await startPlatform({ password: 'a password', tlsFolder, url: toTlsUrl, caFile })
    const replica = await platform.startReplica()
    await take(replica, [makeDemand({})])
    const urlFile = path.join(platform.folder, 'url')
    const other = makeConnectRedis({ urlFile, caFile: path.join(tlsFolder, 'test-only-other-ca.pem') })
    await expect(other()).rejects.toThrow('certificate')
    await expect(makeConnectRedis({ urlFile })()).rejects.toThrow('certificate')
    await writeFile(urlFile, `rediss://:wrong@localhost:${platform.redis.port}`)
    await expect(platform.connect()).rejects.toThrow('WRONGPASS')
    await writeFile(urlFile, `redis://localhost:${platform.redis.port}`)
    await expect(platform.connect()).rejects.toThrow('without TLS')
  })
})

const countReplicas = "return redis.call('ZCARD', 'portcullis:limit:{all}:replicas')"

const countPlaces = `local places = 0
for _, key in ipairs(redis.call('KEYS', 'portcullis:limit:*')) do
  if redis.call('TYPE', key).ok == 'zset' and not string.find(key, 'replicas') then places = places + 1 end
end
return places`

/** A sign of life later each replica knows what stood in the store before. */
async function renewed(platform: Platform): Promise<void> {
  const leases = "return redis.call('ZRANGE', 'portcullis:limit:{all}:replicas', 0, -1, 'WITHSCORES')"
  const scores = async (): Promise<readonly unknown[]> => {
    const found = await platform.look(leases)
    return Array.isArray(found) ? found.filter((_, i) => i % 2 === 1) : []
  }
  const before = await scores()
  await vi.waitFor(async () => {
    const now = await scores()
    expect(now.filter((score) => before.includes(score))).toEqual([])
  })
}
