import { describe, expect, it } from 'vitest'
import { ManualClock } from '../test/helpers/manual-clock.ts'
import { sleep, startDeadline } from './clock.ts'
import { LeaseObserver, toMicroTime } from './lease.ts'
import { TokenBucket, backoffMs } from './pace.ts'
import type { Lease } from './resource.ts'

describe('a backoff', () => {
  it('doubles from min to max with a quarter of jitter either way', () => {
    const range = { minMs: 800, maxMs: 30_000 }
    expect([0, 1, 2, 10, 1_000].map((failures) => backoffMs(range, failures, () => 0.5))).toEqual([
      800, 1_600, 3_200, 30_000, 30_000,
    ])
    expect([backoffMs(range, 0, () => 0), backoffMs(range, 0, () => 1)]).toEqual([600, 1_000])
  })
})

describe('a token bucket', () => {
  it('lets a burst pass and then keeps its rate', async () => {
    const clock = new ManualClock()
    const bucket = new TokenBucket({ perSecond: 10, burst: 2 }, clock.monotonicMs)
    expect([1, 2, 3, 4].map(() => bucket.reserveMs())).toEqual([0, 0, 100, 200])
    await clock.advance(10_000)
    expect([1, 2, 3].map(() => bucket.tryTake())).toEqual([true, true, false])
  })
})

describe('a deadline', () => {
  it('fires at its time, later when extended, and knows whether time was the reason', async () => {
    const clock = new ManualClock()
    const parent = new AbortController()
    using one = startDeadline(clock, 100, parent.signal)
    using two = startDeadline(clock, 100, parent.signal)
    await clock.advance(60)
    two.extend()
    await clock.advance(60)
    expect([one.signal.aborted, one.expired(), two.signal.aborted, two.remainingMs()]).toEqual([true, true, false, 40])
    parent.abort()
    expect([two.signal.aborted, two.expired()]).toEqual([true, false])
  })

  it('leaves no timer behind, and starts fired under a fired parent', () => {
    const clock = new ManualClock()
    {
      using deadline = startDeadline(clock, 100, AbortSignal.abort())
      expect([deadline.signal.aborted, clock.pending]).toEqual([true, 1])
    }
    expect(clock.pending).toBe(0)
  })

  it('is a sleep that a signal ends', async () => {
    const clock = new ManualClock()
    const stop = new AbortController()
    const slept = sleep(clock, 1_000, stop.signal)
    stop.abort()
    await slept
    await sleep(clock, 1_000, stop.signal)
    expect(clock.pending).toBe(0)
  })
})

function lease(renewTime: string): Lease {
  const metadata = { namespace: 'home', name: 'a', uid: 'u', resourceVersion: '1' }
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec: { holderIdentity: 'one', renewTime } }
}

describe('a lease', () => {
  it('is as old as the time since it was seen to change, not as its clock claims', async () => {
    const clock = new ManualClock()
    const observer = new LeaseObserver(clock.monotonicMs)
    expect(observer.see(lease('2099'))).toEqual({ ageMs: 0, wasRenewed: false })
    await clock.advance(5_000)
    expect(observer.see(lease('2099'))).toEqual({ ageMs: 5_000, wasRenewed: false })
    expect(observer.see(lease('1999'))).toEqual({ ageMs: 0, wasRenewed: true })
    await clock.advance(1_000)
    expect(observer.get('home/a')).toEqual({ ageMs: 1_000, wasRenewed: true })
    observer.forget('home/a')
    expect(observer.get('home/a')).toBeUndefined()
  })

  it('writes its times with six digits', () => {
    expect(toMicroTime(new Date(5))).toBe('1970-01-01T00:00:00.005000Z')
  })
})
