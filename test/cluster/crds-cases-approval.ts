// Every rule of the ApprovalRequest CRD: objects that it accepts and refuses when they are created, and changes that it accepts and
// refuses afterwards.
import type { ObjectOfOurs } from './crds-api.ts'
import { forEach, toAcceptedCases, toRefusedCases } from './crds-cases.ts'

const baseline = { namespace: 'portcullis', name: 'baseline', uid: 'u1', generation: 1, rule: 'risk', required: 1 }
const fourEyes = { namespace: 'team-a', name: 'four-eyes', uid: 'u2', generation: 3, rule: 'tools', required: 2 }
const requester = { issuer: 'https://i.example.com', subject: 's1', username: 'alice' }
const access = { notBefore: '2030-01-01T12:00:00Z', notAfter: '2030-01-01T13:00:00Z' }
const digest = `hmac-sha256:${'0'.repeat(64)}`

export const inference = {
  type: 'Inference',
  connectionRef: { name: 'openai', uid: 'c1' },
  policies: [baseline, fourEyes],
  requester,
  digest,
  notAfter: '2030-01-01T12:15:00Z',
}

const change = { ...inference, type: 'Change', requester: undefined }

/** Everything optional is there, so that its removal can be tried. */
const full = {
  ...inference,
  type: 'Access',
  summary: 'chat',
  risk: { score: 1, reasons: ['a'] },
  justification: 'because',
  access,
}

export function makeRequest(spec: object, name = 'request'): ObjectOfOurs {
  return { kind: 'ApprovalRequest', metadata: { name }, spec }
}

const make = (spec: object): ObjectOfOurs => makeRequest({ ...inference, ...spec })

function approve(policy: string, approver: string, verdict = 'Approve'): object {
  return { policy, approver, verdict }
}

const byBaseline = approve('portcullis/baseline', 'bob')
const byBob = approve('team-a/four-eyes', 'bob')
const byCarol = approve('team-a/four-eyes', 'carol')
const quorum = [byBaseline, byBob, byCarol]
const deny = approve('team-a/four-eyes', 'dave', 'Deny')

export const acceptedRequests = toAcceptedCases({
  'a call': make({}),
  'elevation with everything': makeRequest({ ...full, access: { ...access, groups: ['on-call'] } }),
  'a change': makeRequest(change),
  'a decision when it is created: that is for the guard to refuse': make({ decisions: [byBaseline] }),
  'a summary in another script': make({ summary: 'Запрос на модель, 14 kB — 你好' }),
  'as many decisions as there may be': make({
    decisions: Array.from({ length: 64 }, (_, i) => approve('team-a/four-eyes', `${'x'.repeat(500)}${i}`)),
  }),
})

const printable = 'must be printable text on one line'

/** A terminal escape, a line break, a bidirectional override, a zero-width space, a line separator. */
const hostile = ['\u001B[31mred', 'a\nb', 'a\u202Eb', 'a\u200Bb', 'a\u2028b', '\u0000']

export const refusedRequests = toRefusedCases({
  'a call without requester': [makeRequest({ ...inference, requester: undefined }), 'spec.requester', 'need requester'],
  'a change with requester': [make({ type: 'Change' }), 'spec.requester', 'need requester'],
  'elevation that grants nothing': [make({ type: 'Access' }), 'spec.access', 'access is required for type Access'],
  'a call that grants access': [make({ access }), 'spec.access', 'access is required for type Access'],
  'access that ends before it begins': [
    makeRequest({ ...full, access: { notBefore: access.notAfter, notAfter: access.notBefore } }),
    'spec.access',
    'notBefore must be before notAfter',
  ],
  'a decision for another policy': [
    make({ decisions: [approve('team-b/four-eyes', 'bob')] }),
    'spec.decisions',
    'a decision must name one of spec.policies',
  ],
  'two decisions of one person for one policy': [
    make({ decisions: [byBob, byBob] }),
    'spec.decisions[1]',
    'Duplicate value',
  ],
  'a policy twice': [make({ policies: [baseline, baseline] }), 'spec.policies[1]', 'Duplicate value'],
  'no policy': [make({ policies: [] }), 'spec.policies', 'should have at least 1 items'],
  'a digest without key': [make({ digest: `sha256:${'0'.repeat(64)}` }), 'spec.digest', 'should match'],
  ...forEach(hostile, (text) => ({
    'a summary': [make({ summary: text }), 'spec.summary', printable],
    'a justification': [make({ justification: text }), 'spec.justification', printable],
    'an issuer': [make({ requester: { ...requester, issuer: text } }), 'spec.requester.issuer', printable],
    'a subject': [make({ requester: { ...requester, subject: text } }), 'spec.requester.subject', printable],
    'a username': [make({ requester: { ...requester, username: text } }), 'spec.requester.username', printable],
    'a group of the requester': [
      make({ requester: { ...requester, groups: [text] } }),
      'spec.requester.groups[0]',
      printable,
    ],
    'a reason of the risk': [make({ risk: { score: 1, reasons: [text] } }), 'spec.risk.reasons[0]', printable],
    'a group that is granted': [
      makeRequest({ ...full, access: { ...access, groups: [text] } }),
      'spec.access.groups[0]',
      printable,
    ],
    'an approver': [make({ decisions: [approve('team-a/four-eyes', text)] }), 'spec.decisions[0].approver', printable],
    'a reason of a decision': [
      make({ decisions: [{ ...byBob, reason: text }] }),
      'spec.decisions[0].reason',
      printable,
    ],
  })),
})

export interface Step {
  readonly part: 'main' | 'status'
  readonly patch: object
}

/** A request, what has happened to it, and what somebody tries then. */
export interface ChangeCase {
  readonly title: string
  readonly spec: object
  readonly before: readonly Step[]
  readonly attempt: Step
  /** Absent: it must be accepted. */
  readonly refused?: readonly [field: string, message: string]
}

const status = (fields: object): Step => ({ part: 'status', patch: { status: fields } })
const phase = (name: string): Step => status({ phase: name })
const edit = (spec: object): Step => ({ part: 'main', patch: { spec } })
const decide = (...decisions: object[]): Step => edit({ decisions })
const release = (pod: string): Step => status({ phase: 'Released', releasedBy: { pod, session: 's' } })

const final = ['Denied', 'Expired', 'Canceled'] as const
const needsQuorum = ['status.phase', 'Approved and Released need'] as const

interface Attempt {
  readonly spec?: object
  readonly before?: readonly Step[]
  readonly attempt: Step
  readonly refused?: readonly [field: string, message: string]
}

function toChangeCases(table: Readonly<Record<string, Attempt>>): readonly ChangeCase[] {
  return Object.entries(table).map(([title, attempt]) => ({ spec: inference, before: [], ...attempt, title }))
}

/** title → [edit, message]; `full` has every optional field. */
const frozen = toFrozen(full, {
  'the type': [{ type: 'Inference', access: null }, 'type, connectionRef and policies are frozen'],
  'the connection': [{ connectionRef: { uid: 'c2' } }, 'type, connectionRef and policies are frozen'],
  'the policies': [{ policies: [baseline] }, 'type, connectionRef and policies are frozen'],
  'the digest': [{ digest: `hmac-sha256:${'1'.repeat(64)}` }, 'digest and notAfter are frozen'],
  'the end': [{ notAfter: '2031-01-01T00:00:00Z' }, 'digest and notAfter are frozen'],
  'the requester': [{ requester: { username: 'mallory' } }, 'requester is frozen'],
  'the requester, made unknown': [{ requester: { username: null } }, 'requester is frozen'],
  'the requester, put into a group': [{ requester: { groups: ['admins'] } }, 'requester is frozen'],
  'the summary': [{ summary: 'harmless' }, 'summary is frozen'],
  'the summary, removed': [{ summary: null }, 'summary is frozen'],
  'the risk': [{ risk: { score: 0 } }, 'risk is frozen'],
  'the risk, removed': [{ risk: null }, 'risk is frozen'],
  'the justification': [{ justification: 'other' }, 'justification is frozen'],
  'the justification, removed': [{ justification: null }, 'justification is frozen'],
  'the access': [{ access: { notAfter: '2040-01-01T00:00:00Z' } }, 'access is frozen'],
  'the access, with more groups': [{ access: { groups: ['admins'] } }, 'access is frozen'],
})

const added = toFrozen(inference, {
  'a summary, added later': [{ summary: 'harmless' }, 'summary is frozen'],
  'a risk, added later': [{ risk: { score: 0 } }, 'risk is frozen'],
  'a justification, added later': [{ justification: 'other' }, 'justification is frozen'],
})

function toFrozen(spec: object, edits: Readonly<Record<string, readonly [patch: object, message: string]>>) {
  return Object.fromEntries(
    Object.entries(edits).map(([title, [patch, message]]): [string, Attempt] => [
      `frozen: ${title}`,
      { spec, attempt: edit(patch), refused: ['spec', message] },
    ]),
  )
}

const afterTheEnd: Readonly<Record<string, Attempt>> = Object.fromEntries(
  final.flatMap((end) => [
    [
      `${end} is final`,
      {
        before: [decide(...quorum), phase(end)],
        attempt: phase('Approved'),
        refused: ['status.phase', 'are final; the phase cannot change any more'],
      } satisfies Attempt,
    ],
    [
      `no decision after ${end}`,
      {
        before: [phase(end)],
        attempt: decide(byBob),
        refused: ['spec.decisions', 'already decided, expired or canceled'],
      } satisfies Attempt,
    ],
    [
      `${end} may be explained further`,
      { before: [phase(end)], attempt: status({ sessionId: 's' }) } satisfies Attempt,
    ],
  ]),
)

export const changeCases = toChangeCases({
  ...frozen,
  ...added,
  ...afterTheEnd,
  'a label does not touch what is frozen': { attempt: { part: 'main', patch: { metadata: { labels: { a: 'b' } } } } },
  'a first decision': { attempt: decide(byBob) },
  'another decision': { before: [decide(byBob)], attempt: decide(byBob, byCarol) },
  'a decision that is changed': {
    before: [decide(byBob)],
    attempt: decide({ ...byBob, verdict: 'Deny' }),
    refused: ['spec.decisions', 'append-only'],
  },
  'a reason that is added to a decision': {
    before: [decide(byBob)],
    attempt: decide({ ...byBob, reason: 'later' }),
    refused: ['spec.decisions', 'append-only'],
  },
  'a decision that is replaced': {
    before: [decide(byBob)],
    attempt: decide(byCarol),
    refused: ['spec.decisions', 'append-only'],
  },
  'decisions that are emptied': {
    before: [decide(byBob)],
    attempt: decide(),
    refused: ['spec.decisions', 'append-only'],
  },
  'decisions that are removed': {
    before: [decide(byBob)],
    attempt: edit({ decisions: null }),
    refused: ['spec.decisions', 'append-only'],
  },
  'Approved without decisions': { attempt: phase('Approved'), refused: needsQuorum },
  'Approved without the quorum of one policy': {
    before: [decide(byBaseline, byBob)],
    attempt: phase('Approved'),
    refused: needsQuorum,
  },
  'Approved with two approvals of the wrong policy': {
    before: [decide(byBob, byCarol)],
    attempt: phase('Approved'),
    refused: needsQuorum,
  },
  'Approved with every quorum': { before: [decide(...quorum)], attempt: phase('Approved') },
  'Approved against a denial': {
    before: [decide(...quorum, deny)],
    attempt: phase('Approved'),
    refused: ['status.phase', 'somebody has denied this request'],
  },
  'a denial after Approved': { before: [decide(...quorum), phase('Approved')], attempt: decide(...quorum, deny) },
  'Denied after Approved, for a late denial': {
    before: [decide(...quorum), phase('Approved'), decide(...quorum, deny)],
    attempt: phase('Denied'),
  },
  'Released against a late denial': {
    before: [decide(...quorum), phase('Approved'), decide(...quorum, deny)],
    attempt: release('a'),
    refused: ['status.phase', 'somebody has denied this request'],
  },
  'Released without quorum': { before: [decide(byBaseline)], attempt: release('a'), refused: needsQuorum },
  'Released with every quorum': { before: [decide(...quorum), phase('Approved')], attempt: release('a') },
  'Released at once, with every quorum': { before: [decide(...quorum)], attempt: release('a') },
  'Released by nobody': {
    before: [decide(...quorum)],
    attempt: phase('Released'),
    refused: ['status.releasedBy', 'together with the phase Released'],
  },
  'claimed without being released': {
    before: [decide(...quorum), phase('Approved')],
    attempt: status({ releasedBy: { pod: 'a', session: 's' } }),
    refused: ['status.releasedBy', 'together with the phase Released'],
  },
  'claimed twice': {
    before: [decide(...quorum), release('a')],
    attempt: release('b'),
    refused: ['status.releasedBy', 'already claimed'],
  },
  'a claim that is withdrawn': {
    before: [decide(...quorum), release('a')],
    attempt: status({ releasedBy: null }),
    refused: ['status.releasedBy', 'already claimed'],
  },
  'no decision after Released': {
    before: [decide(...quorum), release('a')],
    attempt: decide(...quorum, deny),
    refused: ['spec.decisions', 'already decided, expired or canceled'],
  },
  'back to Pending': {
    before: [decide(...quorum), phase('Approved')],
    attempt: phase('Pending'),
    refused: ['status.phase', 'a phase cannot be removed or go back to Pending'],
  },
  'a phase that is removed': {
    before: [phase('Pending')],
    attempt: status({ phase: null }),
    refused: ['status.phase', 'a phase cannot be removed or go back to Pending'],
  },
  'a status that is removed': {
    before: [phase('Denied')],
    attempt: { part: 'status', patch: { status: null } },
    refused: ['status.phase', 'are final; the phase cannot change any more'],
  },
})
