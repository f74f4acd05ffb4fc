// Single judgements: quorum, denial, time and the requester, and all combinations of decisions in all orders.
import { expect, test } from 'vitest'
import type { ApprovalRequestDecision, ApprovalRequestPolicy } from '../../crds/generated/approval-request.ts'
import { judgeApproval } from './judge.ts'
import type { ApprovalRecord, Question } from './request.ts'

const notAfterMs = 1_000

function makePolicy(fields: Partial<ApprovalRequestPolicy> = {}): ApprovalRequestPolicy {
  return { namespace: 'team', name: 'one', uid: 'u1', generation: 1, rule: 'tools', required: 1, ...fields }
}

function makeQuestion(fields: Partial<Question> = {}): Question {
  return {
    type: 'Inference',
    connectionRef: { name: 'model', uid: 'c1' },
    policies: [makePolicy()],
    requester: { issuer: 'https://issuer.example', subject: 's1', username: 'requester' },
    digest: 'hmac-sha256:aa',
    notAfterMs,
    ...fields,
  }
}

function makeRecord(fields: Partial<ApprovalRecord> = {}): ApprovalRecord {
  return { generation: 1, phase: 'Pending', decisions: [], ...fields }
}

function approve(approver: string, policy = 'team/one'): ApprovalRequestDecision {
  return { policy, approver, verdict: 'Approve' }
}

function deny(approver: string, policy = 'team/one'): ApprovalRequestDecision {
  return { policy, approver, verdict: 'Deny' }
}

const two = [makePolicy(), makePolicy({ namespace: 'platform', name: 'two', required: 2 })]
const change = makeQuestion({ type: 'Change' })
const access = makeQuestion({ type: 'Access', accessNotAfterMs: 5_000 })
const nameless = makeQuestion({ requester: { issuer: 'i', subject: 's' } })
const { requester: _requester, ...unasked } = makeQuestion()
const approved = makeRecord({ phase: 'Approved', decisions: [approve('ann')] })
const given = makeRecord({ decisions: [approve('ann')] })

test.for<[string, Question, ApprovalRecord, number, string, string]>([
  ['nobody has decided', makeQuestion(), makeRecord(), 0, 'Pending', 'WaitingForApprovals'],
  ['one approval of one', makeQuestion(), given, 0, 'Approved', 'QuorumReached'],
  [
    'a question without policies has no quorum',
    makeQuestion({ policies: [] }),
    given,
    0,
    'Pending',
    'WaitingForApprovals',
  ],
  [
    'one policy has its quorum and the other not',
    makeQuestion({ policies: two }),
    given,
    0,
    'Pending',
    'WaitingForApprovals',
  ],
  [
    'the requester approves',
    makeQuestion(),
    makeRecord({ decisions: [approve('requester')] }),
    0,
    'Pending',
    'WaitingForApprovals',
  ],
  ['the requester has no name, so anybody might be it', nameless, given, 0, 'Pending', 'RequesterUnknown'],
  ['the requester is missing altogether', unasked, given, 0, 'Pending', 'RequesterUnknown'],
  ['a change has no requester', change, given, 0, 'Approved', 'QuorumReached'],
  [
    'an approval for a policy that was not asked',
    makeQuestion(),
    makeRecord({ decisions: [approve('ann', 'x/one')] }),
    0,
    'Pending',
    'WaitingForApprovals',
  ],
  [
    'the same entry twice is one person',
    makeQuestion({ policies: [makePolicy({ required: 2 })] }),
    makeRecord({ decisions: [approve('ann'), approve('ann')] }),
    0,
    'Pending',
    'WaitingForApprovals',
  ],
  [
    'a denial beside a quorum',
    makeQuestion(),
    makeRecord({ decisions: [approve('ann'), deny('bob')] }),
    0,
    'Denied',
    'DeniedByApprover',
  ],
  [
    'a denial after Approved was written',
    makeQuestion(),
    makeRecord({ phase: 'Approved', decisions: [approve('ann'), deny('bob')] }),
    0,
    'Denied',
    'DeniedByApprover',
  ],
  [
    'a denial seen too late is still a denial',
    makeQuestion(),
    makeRecord({ decisions: [deny('bob')] }),
    2_000,
    'Denied',
    'DeniedByApprover',
  ],
  ['the last moment', makeQuestion(), given, notAfterMs - 1, 'Approved', 'QuorumReached'],
  ['not decided in time', makeQuestion(), makeRecord(), notAfterMs, 'Expired', 'NotDecidedInTime'],
  ['approved and not used in time', makeQuestion(), approved, notAfterMs, 'Expired', 'NotUsedInTime'],
  [
    'Expired keeps its reason',
    makeQuestion(),
    makeRecord({ ...approved, phase: 'Expired' }),
    0,
    'Expired',
    'NotUsedInTime',
  ],
  ['a time that is no number is late', makeQuestion(), given, Number.NaN, 'Expired', 'NotUsedInTime'],
  ['an end that is no number is past', makeQuestion({ notAfterMs: Number.NaN }), given, 0, 'Expired', 'NotUsedInTime'],
  ['an elevation outlives the time to decide', access, approved, 4_999, 'Approved', 'QuorumReached'],
  ['an elevation ends', access, approved, 5_000, 'Expired', 'ElevationEnded'],
  ['an elevation is not decided late', access, makeRecord(), notAfterMs, 'Expired', 'NotDecidedInTime'],
  ['an approved change does not end', change, approved, 1e15, 'Approved', 'QuorumReached'],
  ['a change is not decided late', change, given, notAfterMs, 'Expired', 'NotDecidedInTime'],
  [
    'Approved without the decisions for it',
    makeQuestion(),
    makeRecord({ phase: 'Approved' }),
    0,
    'Canceled',
    'DecisionsEdited',
  ],
  ['a used approval', makeQuestion(), makeRecord({ ...approved, phase: 'Released' }), 9_999, 'Released', 'AlreadyUsed'],
  ['Denied is final', makeQuestion(), makeRecord({ ...approved, phase: 'Denied' }), 0, 'Denied', 'DeniedByApprover'],
  [
    'Canceled says why',
    makeQuestion(),
    makeRecord({ phase: 'Canceled', canceledFor: 'CallerLeft' }),
    0,
    'Canceled',
    'CallerLeft',
  ],
  [
    'Canceled by somebody who said nothing',
    makeQuestion(),
    makeRecord({ phase: 'Canceled' }),
    0,
    'Canceled',
    'Canceled',
  ],
])('%s', ([, question, record, nowMs, phase, why]) => {
  expect(judgeApproval(question, record, nowMs)).toMatchObject({ phase, why })
})

test('counts policy by policy, and sums up no more than each needs', () => {
  const decisions = [approve('ann'), approve('bob'), approve('ann', 'platform/two')]
  const judgement = judgeApproval(makeQuestion({ policies: two }), makeRecord({ decisions }), 0)
  expect(judgement.tally).toEqual([
    { policy: 'team/one', approvals: 2, required: 1 },
    { policy: 'platform/two', approvals: 1, required: 2 },
  ])
  expect(judgement.approvals).toBe('2/3')
})

/** Every way in which three people (one of them the requester) can answer two policies: approve, deny or nothing. */
function* everyBallot(): Generator<readonly ApprovalRequestDecision[]> {
  const seats = ['ann', 'bob', 'requester'].flatMap((who) =>
    ['team/one', 'platform/two'].map((policy) => ({ who, policy })),
  )
  for (let ballot = 0; ballot < 3 ** seats.length; ballot += 1) {
    yield seats.flatMap(({ who, policy }, seat) => {
      const choice = Math.floor(ballot / 3 ** seat) % 3
      return choice === 0 ? [] : [(choice === 1 ? approve : deny)(who, policy)]
    })
  }
}

test('all 729 ballots: one Deny denies, Approved is exactly every quorum without the requester, and order never matters', () => {
  const question = makeQuestion({ policies: two })
  let approvals = 0
  for (const decisions of everyBallot()) {
    const judgement = judgeApproval(question, makeRecord({ decisions }), 0)
    const yes = (policy: string) => decisions.filter((d) => d.policy === policy && d.approver !== 'requester').length
    const denied = decisions.some((d) => d.verdict === 'Deny')
    const enough = yes('team/one') >= 1 && yes('platform/two') >= 2
    expect(judgement.phase).toBe(denied ? 'Denied' : enough ? 'Approved' : 'Pending')
    approvals += judgement.phase === 'Approved' ? 1 : 0
    for (let turn = 1; turn < decisions.length; turn += 1) {
      const turned = makeRecord({ decisions: [...decisions.slice(turn), ...decisions.slice(0, turn)].toReversed() })
      expect(judgeApproval(question, turned, 0)).toEqual(judgement)
    }
  }
  // Three ways to fill the first quorum, one to fill the second, and the requester's two votes either way.
  expect(approvals).toBe(3 * 4)
})
