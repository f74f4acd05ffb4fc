// Single steps of the machine: what a claim is answered, what a lagging view may change, and when leaving cancels.
import { expect, test } from 'vitest'
import { type ApprovalEvent, reduceApproval } from './reduce.ts'
import type { ApprovalRecord, Question } from './request.ts'
import type { Standing } from './standing.ts'

const question: Question = {
  type: 'Inference',
  connectionRef: { name: 'model', uid: 'c1' },
  policies: [{ namespace: 'team', name: 'one', uid: 'u1', generation: 1, rule: 'tools', required: 1 }],
  requester: { issuer: 'i', subject: 's', username: 'requester' },
  digest: 'hmac-sha256:aa',
  notAfterMs: 100,
}
const by = { pod: 'gateway-0', session: 's0' }
const holds: Standing = { kind: 'Holds' }
const yes = { policy: 'team/one', approver: 'ann', verdict: 'Approve' } as const
const open: ApprovalRecord = { generation: 1, phase: 'Pending', decisions: [] }
const given: ApprovalRecord = { generation: 2, phase: 'Pending', decisions: [yes] }

const toClaim = (standing: Standing = holds, digest = question.digest): ApprovalEvent => ({
  kind: 'Claimed',
  by,
  digest,
  standing,
})

test('a claim goes from Pending to Released in one write, and a second one is refused', () => {
  const first = reduceApproval(question, given, toClaim(), 0)
  expect(first).toEqual({ record: { ...given, phase: 'Released', releasedBy: by }, claim: { kind: 'Released' } })
  expect(reduceApproval(question, first.record, toClaim(), 0)).toEqual({
    record: first.record,
    claim: { kind: 'Refused', why: 'AlreadyUsed' },
  })
})

test.for<[string, Question, ApprovalRecord, ApprovalEvent, string, string]>([
  ['before the quorum', question, open, toClaim(), 'Pending', 'NotApproved'],
  ['after a denial', question, { ...given, phase: 'Denied' }, toClaim(), 'Denied', 'NotApproved'],
  ['under a newer policy', question, given, toClaim({ kind: 'Void', policy: 'team/one' }), 'Canceled', 'NotInForce'],
  [
    'where another thing is in force',
    question,
    given,
    toClaim({ kind: 'Differs', why: 'Policies' }),
    'Approved',
    'NotInForce',
  ],
  [
    'by another call, which changes nothing',
    question,
    given,
    toClaim({ kind: 'Void', policy: 'team/one' }, 'hmac-sha256:bb'),
    'Pending',
    'AnotherQuestion',
  ],
  ['of an elevation', { ...question, type: 'Access' }, given, toClaim(), 'Approved', 'NotACall'],
])('a claim is refused %s', ([, asked, record, event, phase, why]) => {
  expect(reduceApproval(asked, record, event, 0)).toMatchObject({ record: { phase }, claim: { kind: 'Refused', why } })
})

test('a claim after the end is refused', () => {
  const late = reduceApproval(question, { ...given, phase: 'Approved' }, toClaim(), 100)
  expect(late).toMatchObject({ record: { phase: 'Expired' }, claim: { why: 'NotApproved' } })
})

test('an older view changes nothing, a newer one is taken', () => {
  const denied: ApprovalRecord = {
    generation: 3,
    phase: 'Pending',
    decisions: [yes, { ...yes, approver: 'bob', verdict: 'Deny' }],
  }
  expect(reduceApproval(question, given, { kind: 'Observed', record: open }, 0).record).toEqual({
    ...given,
    phase: 'Approved',
  })
  expect(reduceApproval(question, given, { kind: 'Observed', record: denied }, 0).record).toEqual({
    ...denied,
    phase: 'Denied',
  })
  const remembered: ApprovalRecord = { ...denied, phase: 'Denied' }
  expect(reduceApproval(question, remembered, { kind: 'Observed', record: given }, 0).record).toEqual(remembered)
})

test.for<[string, ApprovalRecord['decisions']]>([
  ['taken away', []],
  ['turned round', [{ ...yes, verdict: 'Deny' }]],
  ['given a reason', [{ ...yes, reason: 'later' }]],
  ['renamed', [{ ...yes, approver: 'bob' }]],
])('a decision that was %s cancels', ([, decisions]) => {
  const { record } = reduceApproval(
    question,
    given,
    { kind: 'Observed', record: { ...given, generation: 3, decisions } },
    0,
  )
  expect(record).toMatchObject({ phase: 'Canceled', canceledFor: 'DecisionsEdited' })
})

test('what is stored as final outweighs what was only remembered as final', () => {
  const remembered: ApprovalRecord = { ...given, phase: 'Canceled', canceledFor: 'CallerLeft' }
  const released: ApprovalRecord = { ...given, phase: 'Released', releasedBy: by }
  expect(reduceApproval(question, remembered, { kind: 'Observed', record: released }, 0).record).toEqual(released)
})

test.for<[number, string]>([
  [0, 'Canceled'],
  [1, 'Pending'],
])('a caller leaves and %i still wait: %s', ([stillWaiting, phase]) => {
  expect(reduceApproval(question, open, { kind: 'Left', stillWaiting }, 0).record.phase).toBe(phase)
})

test.for<[string, Standing, string]>([
  ['a newer policy', { kind: 'Void', policy: 'team/one' }, 'Canceled'],
  ['a replica that may be behind', { kind: 'Differs', why: 'Connection' }, 'Pending'],
  ['nothing new', holds, 'Pending'],
])('revalidated by %s: %s', ([, standing, phase]) => {
  expect(reduceApproval(question, open, { kind: 'Revalidated', standing }, 0).record.phase).toBe(phase)
})

test('looking again lets time pass, and cancels what is Approved without the decisions for it', () => {
  expect(reduceApproval(question, open, { kind: 'Looked' }, 100).record.phase).toBe('Expired')
  const forged = reduceApproval(question, { ...open, phase: 'Approved' }, { kind: 'Looked' }, 0)
  expect(forged.record).toMatchObject({ phase: 'Canceled', canceledFor: 'DecisionsEdited' })
})
