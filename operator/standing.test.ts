// Where an object stands: from "about to be published" to Programmed, over restarts of the operator and moving fleets.
import { describe, expect, it } from 'vitest'
import type { Revision } from '../policy/bundle.ts'
import { Publication } from './publish/publication.ts'
import type { Replica } from './publish/replicas.ts'
import type { PreviousStatus, Standing, Subject } from './standing.ts'
import { toStanding } from './standing.ts'

const key = 'ModelConnection team-a/chat'
const plan = {
  bundle: {
    format: 1,
    settings: { issuers: [], grants: [] },
    network: { apiServer: [], clusterRanges: [] },
    connections: [],
    policies: [],
  },
  connections: new Map(),
  policies: new Map(),
  policyCounts: new Map(),
} as const

function toRevision(n: number): Revision {
  return { epoch: 1, n, digest: `sha256:${String(n).repeat(64)}` }
}

/** Enforcing these sequences; undefined: nothing. */
function makeReplicas(...enforced: readonly (number | undefined)[]): readonly Replica[] {
  return enforced.map((n, i) => ({ pod: `gw-${i + 1}`, ...(n === undefined ? {} : { enforced: { epoch: 1, n } }) }))
}

interface Given {
  readonly publication: Publication
  readonly at: (nowMs: number, more?: Partial<Subject>) => Standing
}

function publish(fingerprint = 'a', inherited = false): Given {
  const publication = new Publication()
  const published = { revision: toRevision(5), fingerprints: new Map([[key, fingerprint]]), nowMs: 0 }
  if (inherited) publication.inherit(published)
  else publication.publish(published)
  publication.judge({ plan, policies: new Map(), fingerprints: new Map([[key, fingerprint]]) })
  return {
    publication,
    at: (nowMs, more = {}) => toStanding(publication, { key, generation: 2, previous: undefined, ...more }, nowMs),
  }
}

const programmed: PreviousStatus = {
  observedGeneration: 2,
  conditions: [{ type: 'Programmed', status: 'True', reason: 'Programmed', message: 'Was so.' }],
  enforced: '3/3',
  revision: 'abc',
  sequence: '1.2',
}

describe('toStanding', () => {
  it('counts who enforces it, and names the rest', () => {
    const { publication, at } = publish()
    publication.observe(makeReplicas(5, 4, undefined), 0)
    expect(at(0)).toMatchObject({
      programmed: { status: 'Unknown', reason: 'Pending' },
      enforced: '1/3',
      laggards: ['gw-2', 'gw-3'],
      sequence: '1.5',
      revision: '555555555555',
      againInMs: 60_000,
    })
  })

  it('is Programmed with the full count at the very moment when the last one follows', () => {
    const { publication, at } = publish()
    const previous: PreviousStatus = {
      ...programmed,
      conditions: [{ type: 'Programmed', status: 'Unknown', reason: 'Pending', message: '' }],
      enforced: '2/3',
    }
    publication.observe(makeReplicas(5, 5, 5), 0)
    expect(at(0, { previous })).toMatchObject({ programmed: { status: 'True' }, enforced: '3/3', laggards: [] })
  })

  it('does not write new counts into a Programmed object while the fleet is moving, and does when it rests', () => {
    const { publication, at } = publish()
    publication.observe(makeReplicas(5, 5, 5), 0)
    publication.observe(makeReplicas(5, 5, 5, undefined), 1_000)
    expect(at(1_000, { previous: programmed })).toMatchObject({
      programmed: { status: 'True' },
      enforced: '3/3',
      laggards: [],
    })
    publication.observe(makeReplicas(5, 5, 5, 5), 2_000)
    expect(at(11_999, { previous: programmed }).enforced).toBe('3/3')
    expect(at(12_000, { previous: programmed }).enforced).toBe('4/4')
  })

  it('after a restart leaves what was Programmed alone until acks were heard', () => {
    const { publication, at } = publish('a', true)
    publication.observe(makeReplicas(undefined), 0)
    expect(at(0, { previous: programmed })).toMatchObject({
      programmed: { status: 'True', message: 'Was so.' },
      enforced: '3/3',
      sequence: '1.2',
      revision: 'abc',
    })
    expect(at(60_000, { previous: programmed }).programmed).toMatchObject({ status: 'False', reason: 'ReplicaLagging' })
  })

  it('after a restart believes no status of another generation', () => {
    const { publication, at } = publish('a', true)
    publication.observe(makeReplicas(undefined), 0)
    expect(at(0, { previous: { ...programmed, observedGeneration: 1 } }).programmed.status).toBe('Unknown')
  })

  it('an entry that changed since is judged anew', () => {
    const { publication, at } = publish('a', true)
    publication.publish({ revision: toRevision(6), fingerprints: new Map([[key, 'b']]), nowMs: 5 })
    publication.judge({ plan, policies: new Map(), fingerprints: new Map([[key, 'b']]) })
    publication.observe(makeReplicas(5), 10)
    expect(at(10, { previous: programmed })).toMatchObject({
      programmed: { status: 'Unknown' },
      enforced: '0/1',
      sequence: '1.6',
    })
  })

  it('says that a plan is about to be published, or why it could not be', () => {
    const { publication, at } = publish('a')
    publication.judge({ plan, policies: new Map(), fingerprints: new Map([[key, 'b']]) })
    expect(at(0).programmed).toMatchObject({ status: 'Unknown', message: 'About to be published.' })
    publication.fail('part 1 of the bundle is too large')
    expect(at(0).programmed).toMatchObject({
      status: 'False',
      reason: 'PublishFailed',
      message: expect.stringContaining('too large'),
    })
  })

  it('is never Programmed when its calls are refused instead, whoever enforces that', () => {
    const { publication, at } = publish()
    publication.observe(makeReplicas(5), 0)
    const refused = { reason: 'NotSupported', message: 'spec.protocol: not supported.' }
    expect(at(0, { refused })).toMatchObject({
      enforced: '1/1',
      programmed: {
        status: 'False',
        reason: 'NotSupported',
        message:
          'Not programmed as written: spec.protocol: not supported. 1 of 1 gateway replicas refuse the calls instead.',
      },
    })
  })

  it('says that there is nothing to enforce where an object has no entry', () => {
    const publication = new Publication()
    publication.judge({ plan, policies: new Map(), fingerprints: new Map() })
    const refused = { reason: 'BaselineNotPermitted', message: 'x' }
    expect(toStanding(publication, { key, generation: 1, previous: undefined, refused }, 0)).toEqual({
      programmed: { status: 'False', reason: 'BaselineNotPermitted', message: 'There is nothing to enforce.' },
      laggards: [],
    })
  })
})

describe('Publication', () => {
  it('knows nothing of completeness before it looked, so that nothing is taken away too early', () => {
    const { publication } = publish()
    expect(publication.isComplete()).toBe(false)
    publication.observe([], 0)
    expect(publication.isComplete()).toBe(true)
  })

  it('is complete when every gateway enforces the newest revision', () => {
    const { publication } = publish()
    publication.observe(makeReplicas(5, 4), 0)
    expect(publication.isComplete()).toBe(false)
    publication.observe(makeReplicas(5, 5), 0)
    expect(publication.isComplete()).toBe(true)
  })
})
