import { describe, expect, it } from 'vitest'
import { KubeError } from '../../kube/errors.ts'
import type { KubeErrorCode } from '../../kube/errors.ts'
import { ManualClock, settle } from '../../test/helpers/manual-clock.ts'
import type { Counts, Line } from '../../test/helpers/quiet.ts'
import { makeLog, makeMetrics } from '../../test/helpers/quiet.ts'
import { Controller } from './controller.ts'
import type { Outcome } from './outcome.ts'
import { StalledError, classify, done } from './outcome.ts'
import { WorkQueue } from './queue.ts'

type Reconcile = (key: string, signal: AbortSignal) => Promise<Outcome>

function run(reconcile: Reconcile, options: { keys?: readonly string[]; workers?: number } = {}) {
  const clock = new ManualClock()
  const counts: Counts = {}
  const lines: Line[] = []
  const metrics = makeMetrics(counts)
  const queue = new WorkQueue({ clock, random: () => 0.5, metrics }, { name: 'q' })
  const [stop, abort] = [new AbortController(), new AbortController()]
  const deps = {
    clock,
    random: () => 0.5,
    log: makeLog(lines),
    metrics,
    queue,
    reconcile,
    keys: () => options.keys ?? ['a'],
  }
  const controller = new Controller(deps, { name: 'c', workers: options.workers ?? 2, deadlineMs: 1_000 })
  const ended = controller.run({ stop: stop.signal, abort: abort.signal })
  return { clock, counts, lines, queue, stop, abort, ended }
}

const failing = (code: KubeErrorCode, retryAfterMs?: number): KubeError =>
  new KubeError(code, { verb: 'get', resource: 'widgets', namespace: 'home', name: 'a' }, { retryAfterMs })

describe('a controller', () => {
  it('reconciles every key there is at its start, with as many workers as it has', async () => {
    let now = 0
    let most = 0
    const seen: string[] = []
    const { stop, ended } = run(
      async (key) => {
        now += 1
        most = Math.max(most, now)
        seen.push(key)
        await settle()
        now -= 1
        return done
      },
      { keys: ['a', 'b', 'c', 'd'], workers: 2 },
    )
    await settle()
    await settle()
    await settle()
    stop.abort()
    await ended
    expect([seen, most]).toEqual([['a', 'b', 'c', 'd'], 2])
  })

  it('runs again when asked to, and at the resync', async () => {
    const runs: number[] = []
    const { clock, stop, ended } = run(async () => {
      runs.push(clock.monotonicMs())
      return runs.length === 1 ? { type: 'requeueAfter', ms: 500 } : done
    })
    await clock.advance(36_000_000)
    expect(runs).toEqual([0, 500, 36_000_000])
    stop.abort()
    await ended
  })

  it.each<[string, unknown, number]>([
    ['a conflict soon', failing('Conflict'), 5],
    ['an unavailable server soon', failing('Unavailable'), 5],
    ['when the server says so', failing('TooManyRequests', 7_000), 7_000],
    ['a mistake of ours with backoff', new TypeError('x'), 5],
    ['a refusal after five minutes only', failing('Forbidden'), 300_000],
    ['an invalid object after five minutes only', failing('Invalid'), 300_000],
    ['what was declared hopeless after five minutes only', new StalledError('no'), 300_000],
  ])('tries again: %s', async (_case, error, afterMs) => {
    const runs: number[] = []
    const { clock, stop, ended } = run(async () => {
      runs.push(clock.monotonicMs())
      if (runs.length === 1) throw error
      return done
    })
    await clock.advance(400_000)
    expect(runs).toEqual([0, afterMs])
    stop.abort()
    await ended
  })

  it('tells a reconcile that its time is over, and never starts the key beside it', async () => {
    let running = 0
    const { clock, queue, counts, stop, ended } = run(async (_key, signal) => {
      running += 1
      expect(running).toBe(1)
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      running -= 1
      return done
    })
    await settle()
    queue.add('a')
    await clock.advance(999)
    expect(counts['reconciled done']).toBeUndefined()
    await clock.advance(1)
    expect(counts['reconciled done']).toBe(1)
    stop.abort()
    await clock.advance(1_000)
    await ended
  })

  it('lets work in progress finish when stopped, and abandons it when told', async () => {
    const signals: AbortSignal[] = []
    const { stop, abort, ended } = run(async (_key, signal) => {
      signals.push(signal)
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return done
    })
    await settle()
    stop.abort()
    await settle()
    expect(signals[0]?.aborted).toBe(false)
    abort.abort()
    await ended
    expect(signals).toHaveLength(1)
  })

  it('logs a mistake of ours by name and place, never by its text', async () => {
    const { lines, stop, ended } = run(async () => JSON.parse('s3cret'))
    await settle()
    stop.abort()
    await ended
    expect(lines.map(({ level }) => level)).toEqual(['error', 'warn'])
    expect(JSON.stringify(lines)).toContain('SyntaxError')
    expect(JSON.stringify(lines)).not.toContain('s3cret')
  })
})

it('classifies every code of the API in one way', () => {
  expect(classify(failing('Gone')).type).toBe('retry')
  expect(classify(failing('NotFound')).type).toBe('retry')
  expect(classify(failing('TooLarge')).type).toBe('stalled')
  expect(classify('thrown text')).toEqual({ type: 'retry', reason: 'unknown error' })
})
