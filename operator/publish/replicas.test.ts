// Serving pods and their acks, folded.
import { describe, expect, it } from 'vitest'
import type { EndpointSlice, Lease } from '../../kube/resource.ts'
import type { Ack } from './replicas.ts'
import { foldReplicas, judgeEnforcement, listServingPods, parseAck } from './replicas.ts'

const published = { epoch: 1, n: 7, digest: 'sha256:seven' }

type Endpoint = NonNullable<EndpointSlice['endpoints']>[number]

function makeSlice(...endpoints: readonly (Omit<Endpoint, 'addresses'> & { readonly pod?: string })[]): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'gateway-1', namespace: 'portcullis', uid: 'u', resourceVersion: '1' },
    addressType: 'IPv4',
    endpoints: endpoints.map(({ pod, ...rest }) => ({
      addresses: ['10.0.0.1'],
      ...(pod === undefined ? {} : { targetRef: { kind: 'Pod', name: pod } }),
      ...rest,
    })),
  }
}

function makeAck(pod: string, n: number, more: Partial<Ack> = {}): [string, Ack] {
  return [pod, { pod, sequence: { epoch: 1, n }, digest: n === 7 ? 'sha256:seven' : 'sha256:other', ...more }]
}

function makeLease(name: string, annotations: Readonly<Record<string, string>>): Lease {
  const metadata = { name, namespace: 'portcullis', uid: 'u', resourceVersion: '1', annotations }
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata }
}

describe('listServingPods', () => {
  it.each<[string, Omit<Endpoint, 'addresses'> & { readonly pod?: string }, readonly string[]]>([
    ['counts a ready pod', { pod: 'a', conditions: { ready: true, serving: true } }, ['a']],
    ['counts a pod without conditions, as Kubernetes says', { pod: 'a' }, ['a']],
    [
      'counts a draining pod that still serves',
      { pod: 'a', conditions: { ready: false, serving: true, terminating: true } },
      ['a'],
    ],
    [
      'counts a draining pod that takes no new calls',
      { pod: 'a', conditions: { ready: false, serving: false, terminating: true } },
      ['a'],
    ],
    ['leaves out a pod that is not ready yet', { pod: 'a', conditions: { ready: false } }, []],
    ['leaves out an address without a pod', { conditions: { ready: true } }, []],
    ['leaves out a target that is no pod', { targetRef: { kind: 'Node', name: 'n' } }, []],
  ])('%s', (_, endpoint, pods) => {
    expect(listServingPods([makeSlice(endpoint)])).toEqual(pods)
  })

  it('names a dual-stack pod once, sorted', () => {
    expect(listServingPods([makeSlice({ pod: 'b' }, { pod: 'a' }), makeSlice({ pod: 'b' })])).toEqual(['a', 'b'])
    expect(listServingPods([{ ...makeSlice(), endpoints: [] }])).toEqual([])
  })
})

describe('parseAck', () => {
  it('reads what a gateway reports', () => {
    const annotations = {
      'portcullis.dev/sequence': '1.7',
      'portcullis.dev/digest': 'sha256:seven',
      'portcullis.dev/rejected-sequence': '1.8',
      'portcullis.dev/rejected-reason': 'bundle format 2',
    }
    expect(parseAck(makeLease('portcullis-ack-gw-1', annotations))).toEqual({
      pod: 'gw-1',
      sequence: { epoch: 1, n: 7 },
      digest: 'sha256:seven',
      rejected: { sequence: { epoch: 1, n: 8 }, reason: 'bundle format 2' },
    })
  })

  it('cleans and cuts the reason, which a gateway wrote', () => {
    const annotations = {
      'portcullis.dev/rejected-sequence': '1.8',
      'portcullis.dev/rejected-reason': `a\n\u001b[31m${'x'.repeat(999)}`,
    }
    const reason = parseAck(makeLease('portcullis-ack-a', annotations))?.rejected?.reason
    expect(reason).toMatch(/^a \[31mx+$/u)
    expect(reason).toHaveLength(512)
  })

  it('is nothing for other Leases, and says nothing from nonsense', () => {
    expect(parseAck(makeLease('portcullis-operator', {}))).toBeUndefined()
    expect(parseAck(makeLease('portcullis-ack-a', { 'portcullis.dev/sequence': 'NaN' }))).toEqual({ pod: 'a' })
    expect(
      parseAck(makeLease('portcullis-ack-a', { 'portcullis.dev/rejected-sequence': '1.1' }))?.rejected?.reason,
    ).toBe('no reason given')
  })
})

function judge(acks: readonly [string, Ack][], since = 7): ReturnType<typeof judgeEnforcement> {
  return judgeEnforcement(foldReplicas(['a', 'b', 'c'], new Map(acks), published), { epoch: 1, n: since })
}

describe('foldReplicas and judgeEnforcement', () => {
  it.each<[string, readonly [string, Ack][], number, readonly string[]]>([
    ['all of three', [makeAck('a', 7), makeAck('b', 7), makeAck('c', 7)], 3, []],
    ['a pod without a fresh ack is a laggard', [makeAck('a', 7), makeAck('b', 7)], 2, ['c']],
    ['a pod on an older bundle is a laggard', [makeAck('a', 7), makeAck('b', 6), makeAck('c', 7)], 2, ['b']],
    [
      'the right sequence with another digest counts for nothing',
      [makeAck('a', 7, { digest: 'sha256:forged' }), makeAck('b', 7), makeAck('c', 7)],
      2,
      ['a'],
    ],
    [
      'a sequence that was never published counts for nothing',
      [makeAck('a', 8), makeAck('b', 7), makeAck('c', 7)],
      2,
      ['a'],
    ],
    ['acks of pods that do not serve are ignored', [makeAck('z', 7)], 0, ['a', 'b', 'c']],
  ])('%s', (_, acks, enforced, laggards) => {
    expect(judge(acks)).toMatchObject({ enforced, of: 3, laggards })
  })

  it('an older bundle is enough for what stood in it already', () => {
    expect(judge([makeAck('a', 6), makeAck('b', 7), makeAck('c', 6)], 6)).toEqual({ enforced: 3, of: 3, laggards: [] })
  })

  it('names the gateway that refuses, and why', () => {
    const refusing = makeAck('b', 6, { rejected: { sequence: { epoch: 1, n: 7 }, reason: 'too new' } })
    expect(judge([makeAck('a', 7), refusing, makeAck('c', 7)]).rejected).toEqual({ pod: 'b', reason: 'too new' })
  })

  it('forgets a refusal of something older, and one that was overcome', () => {
    const old = makeAck('b', 6, { rejected: { sequence: { epoch: 1, n: 5 }, reason: 'too new' } })
    const overcome = makeAck('c', 7, { rejected: { sequence: { epoch: 1, n: 7 }, reason: 'too new' } })
    expect(judge([makeAck('a', 7), old, overcome]).rejected).toBeUndefined()
  })
})
