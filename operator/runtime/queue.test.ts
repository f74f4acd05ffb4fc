import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sleep } from '../../kube/clock.ts'
import { ManualClock, settle } from '../../test/helpers/manual-clock.ts'
import type { Counts } from '../../test/helpers/quiet.ts'
import { makeMetrics } from '../../test/helpers/quiet.ts'
import { WorkQueue } from './queue.ts'

function makeQueue(counts: Counts = {}): { clock: ManualClock; queue: WorkQueue } {
  const clock = new ManualClock()
  const queue = new WorkQueue(
    { clock, random: () => 0.5, metrics: makeMetrics(counts) },
    { name: 'q', rate: { perSecond: 1, burst: 3 } },
  )
  return { clock, queue }
}

/** Which keys a worker gets, in order, as long as there are some at once. */
async function takeAll(queue: WorkQueue): Promise<string[]> {
  const taken: string[] = []
  for (;;) {
    let key: string | undefined
    void queue.take().then((next) => (key = next))
    await settle()
    if (key === undefined) return taken
    taken.push(key)
    queue.done(key)
  }
}

describe('a work queue', () => {
  it('hands out each key once, oldest first, however often it was added', async () => {
    const { queue } = makeQueue()
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key)
    expect(await takeAll(queue)).toEqual(['a', 'b', 'c'])
  })

  it('runs a key again that changed while it was worked on, and not beside itself', async () => {
    const { queue } = makeQueue()
    queue.add('a')
    const first = await queue.take()
    queue.add('a')
    queue.add('a')
    const second = queue.take()
    let isTaken = false
    void second.then(() => (isTaken = true))
    await settle()
    expect([first, isTaken]).toEqual(['a', false])
    queue.done('a')
    expect(await second).toBe('a')
  })

  it('adds later, at the earliest of several times', async () => {
    const { clock, queue } = makeQueue()
    queue.addAfter('a', 1_000)
    queue.addAfter('a', 500)
    queue.addAfter('a', 2_000)
    await clock.advance(499)
    expect(clock.pending).toBe(1)
    await clock.advance(1)
    expect(clock.pending).toBe(0)
    expect(await takeAll(queue)).toEqual(['a'])
  })

  it('doubles the pause of a failing key up to five minutes, and forgets it after success', async () => {
    const clock = new ManualClock()
    const queue = new WorkQueue(
      { clock, random: () => 0.5, metrics: makeMetrics() },
      { name: 'q', rate: { perSecond: 1e6, burst: 1e6 } },
    )
    const pauseMs = async (): Promise<number> => {
      const startedMs = clock.monotonicMs()
      queue.retry('a')
      const taken = queue.take().then((key) => {
        queue.done(key ?? '')
        return clock.monotonicMs() - startedMs
      })
      await clock.advance(1_000)
      return taken
    }
    expect([await pauseMs(), await pauseMs(), await pauseMs()]).toEqual([5, 10, 20])
    queue.forget('a')
    expect(await pauseMs()).toBe(5)
  })

  it('slows all failing keys together', async () => {
    const { clock, queue } = makeQueue()
    for (const key of ['a', 'b', 'c', 'd', 'e']) queue.retry(key)
    await clock.advance(10)
    expect(clock.pending).toBe(2)
    await clock.advance(2_000)
    expect(clock.pending).toBe(0)
  })

  it('waits as long as the server asked', async () => {
    const { clock, queue } = makeQueue()
    queue.retry('a', 60_000)
    await clock.advance(59_999)
    expect(await takeAll(queue)).toEqual([])
  })

  it('hands out nothing after it is closed, and lets work in progress be given back', async () => {
    const { clock, queue } = makeQueue()
    queue.add('a')
    queue.add('b')
    queue.addAfter('c', 10)
    const key = await queue.take()
    const waiting = [queue.take(), queue.take()]
    queue.close()
    await clock.advance(20)
    queue.add('d')
    queue.done(key ?? '')
    expect([key, await waiting[0], await waiting[1], await queue.take()]).toEqual(['a', 'b', undefined, undefined])
  })

  it('counts what it does', async () => {
    const counts: Counts = {}
    const { clock, queue } = makeQueue(counts)
    queue.add('a')
    queue.add('a')
    queue.retry('b')
    await clock.advance(10)
    await takeAll(queue)
    expect(counts).toEqual({ added: 2, retried: 1, waited: 2, worked: 2 })
  })

  it('refuses to take back what it did not hand out', () => {
    expect(() => makeQueue().queue.done('a')).toThrow(/not taken/)
  })
})

describe('under any load', () => {
  const key = fc.constantFrom('a', 'b', 'c')
  const steps = fc.array(
    fc.oneof(
      fc.record({ do: fc.constantFrom('add', 'retry', 'later'), key, ms: fc.nat(50) }),
      fc.record({ do: fc.constant('advance'), key: fc.constant(''), ms: fc.nat(30) }),
    ),
    { maxLength: 40 },
  )

  it('never runs a key twice at once, and always runs it after its last change', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 4 }), fc.nat(20), async (plan, workers, workMs) => {
        const { clock, queue } = makeQueue()
        const seen = { running: new Set<string>(), stale: new Set<string>(), overlaps: 0 }
        const crew = Array.from({ length: workers }, async () => work(queue, clock, workMs, seen))
        for (const step of plan) {
          if (step.key !== '') seen.stale.add(step.key)
          if (step.do === 'add') queue.add(step.key)
          if (step.do === 'retry') queue.retry(step.key)
          if (step.do === 'later') queue.addAfter(step.key, step.ms)
          if (step.do === 'advance') await clock.advance(step.ms)
        }
        await clock.advance(600_000)
        queue.close()
        await Promise.all(crew)
        expect({ overlaps: seen.overlaps, stale: [...seen.stale] }).toEqual({ overlaps: 0, stale: [] })
      }),
      { numRuns: 150, seed: 11 },
    )
  })
})

interface Seen {
  readonly running: Set<string>
  readonly stale: Set<string>
  overlaps: number
}

async function work(queue: WorkQueue, clock: ManualClock, workMs: number, seen: Seen): Promise<void> {
  for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
    if (seen.running.has(key)) seen.overlaps += 1
    seen.running.add(key)
    seen.stale.delete(key)
    await sleep(clock, workMs)
    seen.running.delete(key)
    queue.done(key)
  }
}
