// Revalidation at release: what voids a question for everybody, and what only keeps this replica from releasing.
import { expect, test } from 'vitest'
import { type InForce, type Standing, judgeStanding } from './standing.ts'
import type { Question } from './request.ts'

const team = { namespace: 'team', name: 'one', uid: 'u1', generation: 2, rule: 'tools', required: 1 }
const platform = { namespace: 'platform', name: 'one', uid: 'u2', generation: 5, rule: 'risk', required: 2 }

const question: Question = {
  type: 'Inference',
  connectionRef: { name: 'model', uid: 'c1' },
  policies: [team, platform],
  digest: 'hmac-sha256:aa',
  notAfterMs: 1_000,
}

const policies: Standing = { kind: 'Differs', why: 'Policies' }
const connection: Standing = { kind: 'Differs', why: 'Connection' }

test.for<[string, InForce, Standing]>([
  ['nothing changed', { connectionUid: 'c1', policies: [team, platform] }, { kind: 'Holds' }],
  ['another order', { connectionUid: 'c1', policies: [platform, team] }, { kind: 'Holds' }],
  [
    'newer generation',
    { connectionUid: 'c1', policies: [{ ...team, generation: 3 }, platform] },
    { kind: 'Void', policy: 'team/one' },
  ],
  [
    'older generation: this replica is behind',
    { connectionUid: 'c1', policies: [{ ...team, generation: 1 }, platform] },
    policies,
  ],
  ['policy made again', { connectionUid: 'c1', policies: [{ ...team, uid: 'u9', generation: 9 }, platform] }, policies],
  ['another rule of it', { connectionUid: 'c1', policies: [{ ...team, rule: 'risk' }, platform] }, policies],
  ['another quorum', { connectionUid: 'c1', policies: [{ ...team, required: 2 }, platform] }, policies],
  ['a policy no longer demands', { connectionUid: 'c1', policies: [team] }, policies],
  ['one more policy demands', { connectionUid: 'c1', policies: [team, platform, { ...team, name: 'new' }] }, policies],
  ['connection made again', { connectionUid: 'c2', policies: [team, platform] }, connection],
  ['connection gone', { policies: [team, platform] }, connection],
])('%s', ([, inForce, standing]) => {
  expect(judgeStanding(question, inForce)).toEqual(standing)
})
