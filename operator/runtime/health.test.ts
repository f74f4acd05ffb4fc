import { describe, expect, it } from 'vitest'
import type { HealthDeps } from './health.ts'
import { checkAlive, checkReady, measureLoopLag } from './health.ts'

const cache = { name: 'widgets', isSynced: true, silence: () => ({ quietMs: 10, budgetMs: 150_000 }) }
const healthy: HealthDeps = {
  caches: () => [cache],
  leader: () => 'standby',
  isStopping: () => false,
  loopLagMs: () => 3,
}

describe('health', () => {
  it('is ready with caches read, leading or standing by', () => {
    expect(checkReady(healthy)).toEqual({
      ok: true,
      text: '[+] running ok\n[+] cache widgets ok\n[+] leader election ok\n',
    })
    expect(checkReady({ ...healthy, leader: () => 'leading' }).ok).toBe(true)
  })

  it.each<[string, Partial<HealthDeps>, string]>([
    ['a cache is not read', { caches: () => [{ ...cache, isSynced: false }] }, '[-] cache widgets: not read yet'],
    ['leadership is lost', { leader: () => 'lost' }, '[-] leader election: lost'],
    ['it shuts down', { isStopping: () => true }, '[-] running: the process is shutting down'],
  ])('is not ready while %s, and says so', (_case, change, line) => {
    const { ok, text } = checkReady({ ...healthy, ...change })
    expect([ok, text.split('\n')]).toEqual([false, expect.arrayContaining([line])])
  })

  it('is alive while the server is merely away', () => {
    expect(checkAlive({ ...healthy, caches: () => [{ ...cache, isSynced: false }] }).ok).toBe(true)
  })

  it.each<[string, Partial<HealthDeps>, string]>([
    [
      'a watch loop is stuck',
      { caches: () => [{ ...cache, silence: () => ({ quietMs: 301_000, budgetMs: 150_000 }) }] },
      '[-] watch widgets: no attempt for 301 s, twice the allowed 150 s',
    ],
    ['the event loop is stuck', { loopLagMs: () => 9_000 }, '[-] event loop: stalled for 9000 ms, allowed are 5000'],
  ])('is not alive when %s, and says so', (_case, change, line) => {
    const { ok, text } = checkAlive({ ...healthy, ...change })
    expect([ok, text.split('\n')]).toEqual([false, expect.arrayContaining([line])])
  })

  it('measures how long the event loop was blocked, once', async () => {
    using lag = measureLoopLag()
    await new Promise((resolve) => setTimeout(resolve, 50))
    for (const startedMs = performance.now(); performance.now() - startedMs < 120;);
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(lag.readMs()).toBeGreaterThan(80)
    expect(lag.readMs()).toBeLessThan(80)
  })
})
