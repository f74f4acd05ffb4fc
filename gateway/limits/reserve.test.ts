import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { LimitDemand } from '../../policy/evaluate.ts'
import { LocalCounters } from './local-counters.ts'
import type { Reservation, Reserved, Spending } from './reservation.ts'
import { makeReserve } from './reserve.ts'

const chunk = 1_024
const nothing: Spending = { inputTokens: 0, maxTokens: 0 }

function makeDemand(given: Partial<LimitDemand>): LimitDemand {
  return {
    policy: 'team/policy',
    limit: 'limit',
    key: 'ada',
    measure: 'Requests',
    max: 1,
    windowMs: given.measure === 'Concurrent' ? 0 : 60_000,
    onUnavailable: 'Deny',
    acts: true,
    ...given,
  }
}

const tokens = (max: number, given: Partial<LimitDemand> = {}): LimitDemand =>
  makeDemand({ measure: 'Tokens', max, ...given })
const requests = (max: number, given: Partial<LimitDemand> = {}): LimitDemand => makeDemand({ max, ...given })
const concurrent = (max: number, given: Partial<LimitDemand> = {}): LimitDemand =>
  makeDemand({ measure: 'Concurrent', max, ...given })

class Bench {
  nowMs = 1_000
  readonly refusals: string[] = []
  readonly local: LocalCounters
  readonly #reserve: ReturnType<typeof makeReserve>

  constructor(maxKeys = 1_000) {
    this.local = new LocalCounters({ nowMs: () => this.nowMs, maxKeys })
    this.#reserve = makeReserve({
      local: this.local,
      newId: () => 'slot',
      onRefused: ({ acts }, { reason, rule }) => this.refusals.push(`${rule ?? ''} ${reason} ${acts}`),
    })
  }

  ask(demands: readonly LimitDemand[], spending: Spending = nothing): Reserved {
    const reserved = this.#reserve(demands, spending)
    if (reserved instanceof Promise) throw new Error('counts in this process wait for nobody')
    return reserved
  }

  take(demands: readonly LimitDemand[], spending?: Spending): Reservation {
    const reserved = this.ask(demands, spending)
    if ('refused' in reserved) throw new Error(`refused by ${reserved.refused.denied.rule}`)
    return reserved.reservation
  }

  isRefused(demands: readonly LimitDemand[], spending?: Spending): boolean {
    return 'refused' in this.ask(demands, spending)
  }

  /** How much a limit of tokens has left, by asking for it and giving it back. */
  left(demand: LimitDemand): number {
    let least = 0
    let most = demand.max
    while (least < most) {
      const middle = Math.ceil((least + most) / 2)
      const reserved = this.ask([demand], { inputTokens: 0, maxTokens: middle })
      if ('refused' in reserved) most = middle - 1
      else {
        reserved.reservation.settle({ inputTokens: 0, outputTokens: 0 })
        least = middle
      }
    }
    return least
  }
}

it('takes nothing and reads no answer for a call without limits', () => {
  const bench = new Bench()
  const first = bench.take([])
  expect(first).toMatchObject({ countsTokens: false, shadow: [] })
  expect(first.spend(1e9)).toBe(true)
  expect(bench.local.size).toBe(0)
  expect(bench.take([])).toBe(first)
})

it('[LM2] counts calls in a window that begins with the first, and says how long it still lasts', () => {
  const bench = new Bench()
  const demand = requests(2)
  bench.take([demand])
  bench.nowMs += 59_500
  bench.take([demand])
  expect(bench.ask([demand])).toEqual({
    refused: {
      denied: { effect: 'Deny', reason: 'LimitExceeded', policy: 'team/policy', rule: 'limit' },
      retryAfterSeconds: 1,
    },
  })
  bench.nowMs += 500
  bench.take([demand])
})

it('[LM1] counts apart what differs in policy, limit, key, measure, window or mode, and nothing else', () => {
  const bench = new Bench()
  bench.take([requests(1)])
  const apart: Partial<LimitDemand>[] = [
    { policy: 'team/other' },
    { limit: 'other' },
    { key: 'bob' },
    { windowMs: 1 },
    { acts: false },
  ]
  for (const given of apart) expect(bench.take([requests(1, given)]).shadow).toEqual([])
  expect(bench.isRefused([requests(1, { onUnavailable: 'LocalShare' })])).toBe(true)
  expect(bench.isRefused([requests(2)])).toBe(false)
})

it('[LM3] reserves for all limits of a call or for none', () => {
  const bench = new Bench()
  const full = concurrent(1, { limit: 'full' })
  bench.take([full])
  const others = [requests(1, { limit: 'a' }), tokens(100, { limit: 'b' }), concurrent(1, { limit: 'c' })]
  for (const order of [
    [...others, full],
    [full, ...others],
  ]) {
    expect(bench.ask(order, { inputTokens: 50, maxTokens: 50 })).toMatchObject({
      refused: { denied: { rule: 'full' } },
    })
  }
  bench.take(others, { inputTokens: 50, maxTokens: 50 })
})

it('[LM3] names the limit that keeps the caller waiting longest', () => {
  const bench = new Bench()
  const short = requests(1, { limit: 'short', windowMs: 1_000 })
  const long = requests(1, { limit: 'long', windowMs: 5_000 })
  bench.take([short, long])
  const expected = { refused: { denied: { rule: 'long' }, retryAfterSeconds: 5 } }
  expect(bench.ask([short, long])).toMatchObject(expected)
  expect(bench.ask([long, short])).toMatchObject(expected)
})

it('[LM4] frees a place when the call ends, once', () => {
  const bench = new Bench()
  const first = bench.take([concurrent(2)])
  bench.take([concurrent(2)])
  expect(bench.ask([concurrent(2)])).toEqual({
    refused: { denied: { effect: 'Deny', reason: 'LimitExceeded', policy: 'team/policy', rule: 'limit' } },
  })
  first.settle(undefined)
  first.settle(undefined)
  bench.take([concurrent(2)])
  expect(bench.isRefused([concurrent(2)])).toBe(true)
})

it.each([
  ['what the server counted, when less', { inputTokens: 10, outputTokens: 20 }, 30],
  ['what the server counted, when more', { inputTokens: 300, outputTokens: 500 }, 800],
  ['what was reserved, when nothing is told', undefined, 200],
  ['nothing, when the call never reached the model', { inputTokens: 0, outputTokens: 0 }, 0],
  ['what was reserved, when what is told is no count', { inputTokens: -5, outputTokens: Number.NaN }, 200],
])('[LM6] counts %s', (_, usage, counted) => {
  const bench = new Bench()
  const demand = tokens(1_000)
  bench.take([demand], { inputTokens: 100, maxTokens: 100 }).settle(usage)
  expect(bench.left(demand)).toBe(1_000 - counted)
})

it('[LM6] charges beyond the limit, so that the next call is refused', () => {
  const bench = new Bench()
  const demand = tokens(100)
  bench.take([demand], { inputTokens: 1, maxTokens: 1 }).settle({ inputTokens: 500, outputTokens: 500 })
  expect(bench.isRefused([demand], { inputTokens: 0, maxTokens: 1 })).toBe(true)
})

it('[LM6] gives back only to the window that it took from, and charges the one that runs', () => {
  const bench = new Bench()
  const demand = tokens(1_000)
  const less = bench.take([demand], { inputTokens: 400, maxTokens: 100 })
  const more = bench.take([demand], { inputTokens: 0, maxTokens: 100 })
  bench.nowMs += 60_000
  bench.take([demand], { inputTokens: 0, maxTokens: 10 })
  less.settle({ inputTokens: 0, outputTokens: 0 })
  expect(bench.left(demand)).toBe(990)
  more.settle({ inputTokens: 100, outputTokens: 100 })
  expect(bench.left(demand)).toBe(890)
})

it('[LM5] refuses a call that asks for more than there ever is, and names no time to wait', () => {
  const bench = new Bench()
  const reserved = bench.ask([tokens(100)], { inputTokens: 50, maxTokens: 51 })
  expect(reserved).toEqual({ refused: { denied: expect.objectContaining({ reason: 'LimitExceeded' }) } })
})

it('[LM5] takes what is left for a call without a ceiling, if that lets it begin', () => {
  const bench = new Bench()
  bench.take([tokens(100)], { inputTokens: 99, maxTokens: 0 }).settle({ inputTokens: 0, outputTokens: 0 })
  expect(bench.isRefused([tokens(100)], { inputTokens: 100, maxTokens: 0 })).toBe(true)
})

it('[LM5] extends while the answer flows, ahead of it, until the budget is spent', () => {
  const bench = new Bench()
  const demand = tokens(3 * chunk)
  const call = bench.take([demand], { inputTokens: 100, maxTokens: 0 })
  expect(bench.left(demand)).toBe(2 * chunk - 100)
  expect(call.spend(10)).toBe(true)
  expect(bench.left(demand)).toBe(2 * chunk - 100)
  expect(call.spend(600)).toBe(true)
  expect(bench.left(demand)).toBe(chunk - 100)
  for (let output = 600; output <= 3 * chunk - 100; output += 1) expect(call.spend(output)).toBe(true)
  expect(call.spend(3 * chunk - 99)).toBe(false)
  expect(call.spend(3 * chunk - 99)).toBe(false)
  call.settle({ inputTokens: 100, outputTokens: 100 })
  expect(bench.left(demand)).toBe(3 * chunk - 200)
})

it('[LM5] goes on when others gave back meanwhile', () => {
  const bench = new Bench()
  const demand = tokens(2 * chunk)
  const other = bench.take([demand], { inputTokens: chunk, maxTokens: 0 })
  expect(bench.isRefused([demand], { inputTokens: 0, maxTokens: 1 })).toBe(true)
  other.settle({ inputTokens: 0, outputTokens: 0 })
  const call = bench.take([demand], { inputTokens: 0, maxTokens: 0 })
  const rival = bench.take([demand], { inputTokens: 0, maxTokens: chunk })
  expect(call.spend(chunk + 1)).toBe(false)
  rival.settle({ inputTokens: 0, outputTokens: 0 })
  expect(call.spend(chunk + 1)).toBe(true)
})

it('[LM5] trusts the model server with the ceiling of a call, within reason', () => {
  const bench = new Bench()
  const demand = tokens(200)
  const call = bench.take([demand], { inputTokens: 100, maxTokens: 100 })
  expect(call.spend(16 * 100)).toBe(true)
  expect(call.spend(16 * 100 + 1)).toBe(false)
})

it('[LM5] counts an extension in the window that runs then', () => {
  const bench = new Bench()
  const demand = tokens(chunk)
  const call = bench.take([demand], { inputTokens: 0, maxTokens: 0 })
  bench.nowMs += 60_000
  expect(call.spend(chunk + 10)).toBe(true)
  expect(bench.isRefused([demand], { inputTokens: 0, maxTokens: 1 })).toBe(true)
  call.settle({ inputTokens: 0, outputTokens: chunk + 24 })
  expect(bench.left(demand)).toBe(chunk - 24)
})

it('[LM7] counts a limit in mode Audit apart, reports and never refuses', () => {
  const bench = new Bench()
  const audited = tokens(chunk, { acts: false, limit: 'audited' })
  const first = bench.take([audited], { inputTokens: 10, maxTokens: 0 })
  expect(first).toMatchObject({ countsTokens: true, shadow: [] })
  const second = bench.take([audited], { inputTokens: 10, maxTokens: 0 })
  const shadow = [{ effect: 'Deny', reason: 'LimitExceeded', policy: 'team/policy', rule: 'audited' }]
  expect(second.shadow).toEqual(shadow)
  expect(first.spend(5_000)).toBe(true)
  expect(first.shadow).toEqual(shadow)
  expect(bench.refusals).toEqual(['audited LimitExceeded false', 'audited LimitExceeded false'])
  expect(bench.isRefused([{ ...audited, acts: true }], { inputTokens: 1, maxTokens: 1 })).toBe(false)
})

it('[LM7] reports a limit in mode Audit that a long answer spends little by little, once', () => {
  const bench = new Bench()
  const call = bench.take([tokens(chunk + 500, { acts: false })])
  for (let output = 0; output <= chunk + 500; output += 1) expect(call.spend(output)).toBe(true)
  expect(call.shadow).toEqual([])
  for (let output = chunk + 501; output <= 3 * chunk; output += 1) expect(call.spend(output)).toBe(true)
  expect(bench.refusals).toEqual(['limit LimitExceeded false'])
  expect(call.shadow).toHaveLength(1)
})

it('[LM8] refuses rather than forget when it is full of live counts, and sweeps those that are over', () => {
  const bench = new Bench(3)
  for (const key of ['a', 'b', 'c']) bench.take([requests(5, { key })])
  expect(bench.ask([requests(5, { key: 'd' })])).toMatchObject({ refused: { denied: { reason: 'LimitUnavailable' } } })
  bench.take([requests(5, { key: 'a' })])
  expect(bench.take([requests(5, { key: 'd', acts: false })]).shadow).toMatchObject([{ reason: 'LimitUnavailable' }])
  bench.nowMs += 60_000
  for (const key of ['d', 'e', 'f']) bench.take([requests(5, { key })])
  expect(bench.local.size).toBe(3)
})

it('[LM8] keeps no more counts than there are live ones, for long', () => {
  const bench = new Bench(100_000)
  for (let i = 0; i < 10_000; i += 1) {
    bench.nowMs += 600
    bench.take([requests(1, { key: `key ${i}` })])
  }
  expect(bench.local.size).toBeLessThan(110)
})

const calls = fc.array(
  fc.record({
    inputTokens: fc.nat(200),
    maxTokens: fc.nat(200),
    output: fc.nat(4_000),
    usage: fc.option(fc.record({ inputTokens: fc.nat(300), outputTokens: fc.nat(4_000) }), { nil: undefined }),
    waitMs: fc.nat(30_000),
  }),
  { maxLength: 30 },
)

it('[LM3] admits exactly as many calls as there is room for, however many ask at once', () => {
  fc.assert(
    fc.property(fc.nat(50), fc.nat(50), fc.constantFrom(requests, concurrent), (max, already, make) => {
      const bench = new Bench()
      const demand = make(max + 1)
      const admitted = Array.from({ length: already + 2 * max + 2 }, () => !bench.isRefused([demand]))
      expect(admitted.filter(Boolean)).toHaveLength(Math.min(max + 1, admitted.length))
    }),
  )
})

it('[LM6] never reserves more than the limit, and forgets nothing that was used, whatever calls come', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5_000 }), calls, (max, list) => {
      const bench = new Bench()
      const demand = tokens(max, { windowMs: 1e9 })
      let used = 0
      for (const { inputTokens, maxTokens, output, usage } of list) {
        const reserved = bench.ask([demand], { inputTokens, maxTokens })
        if ('refused' in reserved) continue
        expect(used).toBeLessThan(max)
        const went = reserved.reservation.spend(output)
        reserved.reservation.settle(usage)
        if (usage !== undefined) used += usage.inputTokens + usage.outputTokens
        else if (maxTokens === 0 && went === true) used += inputTokens + output
        else used += inputTokens + maxTokens
      }
      expect(bench.left(demand)).toBeLessThanOrEqual(Math.max(0, max - used))
    }),
  )
})
