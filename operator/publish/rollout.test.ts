// Programmed: latched per entry, honest about laggards.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Replica } from './replicas.ts'
import type { Progress, ProgressByObject } from './rollout.ts'
import { judgeProgramming, laggingAfterMs, latchEntries, trackEntries } from './rollout.ts'

const revision = (n: number): Progress['since'] => ({ epoch: 1, n, digest: `sha256:${n}` })
const replica = (pod: string, n?: number): Replica => ({
  pod,
  ...(n === undefined ? {} : { enforced: { epoch: 1, n } }),
})

function makeProgress(more: Partial<Progress> = {}): Progress {
  return { fingerprint: 'f', since: revision(5), sinceMs: 1_000, latched: false, ...more }
}

describe('trackEntries', () => {
  it('counts from the publication that brought the entry as it is', () => {
    const first = trackEntries(
      new Map(),
      new Map([
        ['a', 'x'],
        ['b', 'x'],
      ]),
      { revision: revision(1), nowMs: 10 },
    )
    const second = trackEntries(
      first,
      new Map([
        ['a', 'y'],
        ['b', 'x'],
        ['c', 'x'],
      ]),
      { revision: revision(2), nowMs: 20 },
    )
    expect(second.get('a')).toMatchObject({ fingerprint: 'y', since: revision(2), sinceMs: 20 })
    expect(second.get('b')).toBe(first.get('b'))
    expect(second.get('c')).toMatchObject({ since: revision(2) })
  })

  it('forgets what left the bundle', () => {
    const first = trackEntries(new Map(), new Map([['a', 'x']]), { revision: revision(1), nowMs: 10 })
    expect(trackEntries(first, new Map(), { revision: revision(2), nowMs: 20 }).size).toBe(0)
  })
})

describe('latchEntries', () => {
  it('latches when every serving replica enforces the entry, and not before', () => {
    const before: ProgressByObject = new Map([['a', makeProgress()]])
    expect(latchEntries(before, [replica('x', 5), replica('y', 4)]).get('a')?.latched).toBe(false)
    expect(latchEntries(before, [replica('x', 5), replica('y', 6)]).get('a')?.latched).toBe(true)
  })

  it('latches nothing while nobody serves', () => {
    expect(latchEntries(new Map([['a', makeProgress()]]), []).get('a')?.latched).toBe(false)
  })

  it('gives the same map when nothing changed, so that nothing is written', () => {
    const before: ProgressByObject = new Map([['a', makeProgress({ latched: true })]])
    expect(latchEntries(before, [replica('x', 9)])).toBe(before)
  })

  it('never loosens a latch for the same entry, whatever replicas do', () => {
    const replicas = fc.array(
      fc.record({ pod: fc.string({ minLength: 1, maxLength: 2 }), n: fc.option(fc.nat(12), { nil: undefined }) }),
    )
    const step = fc.record({ replicas, publishes: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        let progress: ProgressByObject = trackEntries(new Map(), new Map([['a', 'x']]), {
          revision: revision(1),
          nowMs: 0,
        })
        let wasLatched = false
        let n = 1
        for (const { replicas: pods, publishes } of steps) {
          if (publishes)
            progress = trackEntries(
              progress,
              new Map([
                ['a', 'x'],
                ['b', String(n)],
              ]),
              { revision: revision((n += 1)), nowMs: n },
            )
          progress = latchEntries(
            progress,
            pods.map(({ pod, n: enforced }) => replica(pod, enforced)),
          )
          const latched = progress.get('a')?.latched ?? false
          expect(latched || !wasLatched).toBe(true)
          wasLatched = latched
        }
      }),
    )
  })
})

describe('judgeProgramming', () => {
  const refusing: Replica = {
    pod: 'y',
    enforced: { epoch: 1, n: 4 },
    rejected: { sequence: { epoch: 1, n: 5 }, reason: 'format 2' },
  }

  it.each<[string, [Progress, readonly Replica[], number], { status: string; reason: string; message: string }]>([
    [
      'is True once latched, also while a new pod starts',
      [makeProgress({ latched: true }), [replica('x', 5), replica('y')], 999_999],
      { status: 'True', reason: 'Programmed', message: 'Every serving gateway replica has enforced revision 1.5.' },
    ],
    [
      'names who is missing while there is still time',
      [makeProgress(), [replica('x', 5), replica('y', 4), replica('z')], 1_000],
      { status: 'Unknown', reason: 'Pending', message: '1 of 3 gateway replicas enforce revision 1.5; missing: y, z.' },
    ],
    [
      'is False for a laggard past the deadline',
      [makeProgress(), [replica('x', 5), replica('y', 4)], 1_000 + laggingAfterMs],
      {
        status: 'False',
        reason: 'ReplicaLagging',
        message: '1 of 2 gateway replicas enforce revision 1.5; missing: y.',
      },
    ],
    [
      'tells at once when a gateway refuses, with its reason',
      [makeProgress(), [replica('x', 5), refusing], 1_000],
      {
        status: 'False',
        reason: 'RejectedByGateway',
        message: 'Gateway y keeps its last good bundle instead of revision 1.5: format 2',
      },
    ],
    [
      'is False when nobody serves',
      [makeProgress(), [], 1_000],
      {
        status: 'False',
        reason: 'NoReplicas',
        message: 'No gateway replica serves, so nobody enforces revision 1.5; see Deployment portcullis-gateway.',
      },
    ],
  ])('%s', (_, given, finding) => {
    expect(judgeProgramming(...given).finding).toEqual(finding)
  })

  it('asks to be called again at the deadline, and only while waiting', () => {
    expect(judgeProgramming(makeProgress(), [replica('x', 4)], 11_000).againInMs).toBe(50_000)
    expect(judgeProgramming(makeProgress(), [replica('x', 4)], 99_000).againInMs).toBeUndefined()
  })

  it('names eight laggards and counts the rest', () => {
    const replicas = Array.from({ length: 11 }, (_, i) => replica(`pod-${i}`))
    expect(judgeProgramming(makeProgress(), replicas, 1_000).finding.message).toMatch(/pod-7 and 3 more\.$/u)
  })
})
