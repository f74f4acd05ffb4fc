import { describe, expect, it } from 'vitest'

import { runRounds } from './rounds.ts'
import type { Sample } from './statistics.ts'

const plan = { targets: ['a', 'b', 'c'], budgeted: ['b', 'c'], rounds: 4, minimumUtilization: 0.9 }

/** Runs a plan with the given utilization per call and returns the calls in their order. */
async function runWith(utilizationOf: (target: string, round: number) => number, changes: Partial<typeof plan> = {}) {
  const calls: string[] = []
  const samples = await runRounds({ ...plan, ...changes }, async (target, round): Promise<Sample> => {
    calls.push(`${target}${round}`)
    return { target, round, errors: 0, utilization: utilizationOf(target, round) }
  })
  return { calls: calls.join(' '), samples }
}

describe('rounds', () => {
  it('interleave the targets, and only those with a budget go on after three', async () => {
    const { calls, samples } = await runWith(() => 1)
    expect(calls).toBe('a1 b1 c1 a2 b2 c2 a3 b3 c3 b4 c4')
    expect(samples).toHaveLength(11)
  })

  it('are repeated for both targets of a pair when one of them was discarded', async () => {
    const { calls } = await runWith((target, round) => (target === 'b' && round === 2 ? 0.5 : 1))
    expect(calls).toBe('a1 b1 c1 a2 b2 c2 a3 b3 c3 b4 c4 b5 c5')
  })

  it('are repeated for a target without a budget until it has three', async () => {
    const { calls } = await runWith((target, round) => (target === 'a' && round < 3 ? 0.5 : 1))
    expect(calls).toBe('a1 b1 c1 a2 b2 c2 a3 b3 c3 b4 c4 a5 a6')
  })

  it('end after as many again, however bad they are', async () => {
    const { calls } = await runWith((target) => (target === 'c' ? 0.5 : 1))
    expect(calls.split(' ').at(-1)).toBe('c8')
  })

  it('are repeated three times at most for a target without a budget', async () => {
    const { calls } = await runWith((target) => (target === 'a' ? 0.5 : 1))
    expect(calls).toBe('a1 b1 c1 a2 b2 c2 a3 b3 c3 b4 c4 a5 a6 a7')
  })

  it('are as few as asked for', async () => {
    const { calls } = await runWith(() => 1, { rounds: 1 })
    expect(calls).toBe('a1 b1 c1')
  })

  it('are three without any budget', async () => {
    const { calls } = await runWith(() => 1, { budgeted: [], targets: ['a'] })
    expect(calls).toBe('a1 a2 a3')
  })
})
