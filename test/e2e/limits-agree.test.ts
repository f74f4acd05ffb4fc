// Counts in a process and counts in Redis are written twice, in TypeScript and in Lua: whatever is asked, they say the same.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { Ask, Change, Hold, Taken } from '../../gateway/limits/counters.ts'
import { LocalCounters } from '../../gateway/limits/local-counters.ts'
import { makeConnectRedis } from '../../gateway/limits/redis-connection.ts'
import { RedisCounters } from '../../gateway/limits/redis-counters.ts'
import { RedisLink } from '../../gateway/limits/redis-link.ts'
import { systemClock } from '../../kube/clock.ts'
import { redisServer, startRedis } from '../helpers/redis.ts'

const ask: fc.Arbitrary<Ask> = fc
  .record({
    key: fc.constantFrom('a', 'b', 'c'),
    isSlot: fc.boolean(),
    max: fc.integer({ min: 1, max: 12 }),
    want: fc.integer({ min: 0, max: 14 }),
    need: fc.nat(14),
    acts: fc.boolean(),
  })
  .map(({ key, isSlot, max, want, need, acts }) =>
    isSlot
      ? { key: `slot ${key}`, kind: 'Slot', max: Math.ceil(max / 4), windowMs: 0, want: 1, need: 1, acts }
      : { key: `window ${key}`, kind: 'Window', max, windowMs: 3_600_000, want, need: Math.min(want, need), acts },
  )

/** Of one call every demand has a key of its own. */
const call = fc.record({
  asks: fc.uniqueArray(ask, { selector: ({ key }) => key, minLength: 1, maxLength: 4 }),
  /** Afterwards what is settled: which call, by how much. */
  settles: fc.option(fc.record({ which: fc.nat(100), amount: fc.integer({ min: -14, max: 14 }) })),
})

interface Held {
  readonly asks: readonly Ask[]
  readonly slot: string
  readonly local: readonly (Hold | string)[]
  readonly redis: readonly (Hold | string)[]
}

function toChanges({ asks, slot }: Held, holds: readonly (Hold | string)[], amount: number): readonly Change[] {
  return asks.flatMap(({ kind, key, windowMs }, i): readonly Change[] => {
    const hold = holds[i]
    if (typeof hold !== 'object') return []
    if (kind === 'Slot') return [{ kind, key, slot }]
    return [{ kind, key, windowMs, window: hold.window, amount: Math.max(amount, -hold.granted) }]
  })
}

/** Without what clocks decide: names of windows, how long they still last, and so which of two windows lasts longer. */
function toVerdict(taken: Taken | undefined): unknown {
  if (taken === undefined) return undefined
  if ('refused' in taken) return taken.refused.waitMs === undefined ? taken.refused : 'refused until a window ends'
  return taken.holds.map((hold) => (typeof hold === 'object' ? hold.granted : hold))
}

describe.skipIf(redisServer === undefined)('counts in this process and counts in Redis', () => {
  it('[LM9] say the same, whatever is asked', async () => {
    await using redis = await startRedis()
    const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-agree-'))
    const urlFile = path.join(folder, 'url')
    await writeFile(urlFile, `redis://127.0.0.1:${redis.port}`)
    const link = new RedisLink({
      connect: makeConnectRedis({ urlFile }),
      clock: systemClock,
      random: Math.random,
      waitMs: 5_000,
      onChange: () => {},
    })
    const life = new AbortController()
    const running = link.start(life.signal)
    await vi.waitUntil(() => link.isUp)
    let run = 0
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 25 }), async (calls) => {
        run += 1
        await compare(link, calls, `run ${run} `)
      }),
      { numRuns: 150 },
    )
    life.abort()
    await running
    await rm(folder, { recursive: true })
  })
})

type Call = typeof call extends fc.Arbitrary<infer T> ? T : never

async function compare(link: RedisLink, calls: readonly Call[], prefix: string): Promise<void> {
  const local = new LocalCounters({ nowMs: () => 0, maxKeys: 100 })
  const redis = new RedisCounters({ link, clock: systemClock, replica: 'r', leaseMs: 60_000 })
  const held: Held[] = []
  for (const [n, { asks, settles }] of calls.entries()) {
    const named = asks.map((one) => ({ ...one, key: prefix + one.key }))
    const slot = `call ${n}`
    const here = local.take(named)
    const there = await redis.take(named, slot)
    expect(toVerdict(there)).toEqual(toVerdict(here))
    if ('holds' in here && there !== undefined && 'holds' in there) {
      held.push({ asks: named, slot, local: here.holds, redis: there.holds })
    }
    const [settled] = settles === null || held.length === 0 ? [] : held.splice(settles.which % held.length, 1)
    if (settled === undefined || settles === null) continue
    local.change(toChanges(settled, settled.local, settles.amount))
    redis.change(toChanges(settled, settled.redis, settles.amount))
  }
}
