// What an approval is bound to: the exact letters of the document, that every named part changes them, and who joins.
import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Binding, joinsRequest, toBindingDocument, toQuestionDigest } from './binding.ts'
import type { ApprovalRecord, Question } from './request.ts'

const team = { namespace: 'team', name: 'one', uid: 'u1', generation: 2, rule: 'tools', required: 1 }
const platform = { namespace: 'platform', name: 'base', uid: 'u2', generation: 5, rule: 'risk', required: 2 }

const binding: Binding = {
  caller: { issuer: 'https://issuer.example', subject: 's1' },
  connection: { namespace: 'team', name: 'model', uid: 'c1', generation: 3 },
  operation: 'chat.completions',
  model: 'gpt-4o',
  bodyDigest: 'b1',
  policies: [team, platform],
}

const keyedBy = (key: string) => (text: string) => createHmac('sha256', key).update(text).digest('hex')
const hash = keyedBy('key')

test('the document is one canonical text', () => {
  expect(toBindingDocument(binding)).toBe(
    '{"bodyDigest":"b1","caller":{"issuer":"https://issuer.example","subject":"s1"},' +
      '"connection":{"generation":3,"name":"model","namespace":"team","uid":"c1"},' +
      '"format":"portcullis.dev/approval-binding/v1","model":"gpt-4o","operation":"chat.completions","policies":[' +
      '{"generation":5,"name":"base","namespace":"platform","required":2,"rule":"risk","uid":"u2"},' +
      '{"generation":2,"name":"one","namespace":"team","required":1,"rule":"tools","uid":"u1"}]}',
  )
})

test('the digest has the form that the CRD asks for, and another key gives another one', () => {
  expect(toQuestionDigest(binding, hash)).toMatch(/^hmac-sha256:[0-9a-f]{64}$/u)
  expect(toQuestionDigest(binding, keyedBy('other'))).not.toBe(toQuestionDigest(binding, hash))
})

test.for(['', 'abc', 'A'.repeat(64), `${'a'.repeat(64)}\n`])('a hash of another form is a mistake: %j', (hex) => {
  expect(() => toQuestionDigest(binding, () => hex)).toThrow(TypeError)
})

test('neither the order of policies nor fields beyond the named ones matter', () => {
  const wider = { ...binding, policies: [platform, team], caller: { ...binding.caller, groups: ['g'] }, revision: 'r9' }
  expect(toBindingDocument(wider)).toBe(toBindingDocument(binding))
})

const { model: _model, ...modelless } = binding
const { caller, connection } = binding

test.for<[string, Binding]>([
  ['issuer', { ...binding, caller: { ...caller, issuer: 'https://other.example' } }],
  ['subject', { ...binding, caller: { ...caller, subject: 's2' } }],
  ['namespace of the connection', { ...binding, connection: { ...connection, namespace: 'other' } }],
  ['name of the connection', { ...binding, connection: { ...connection, name: 'other' } }],
  ['connection made again', { ...binding, connection: { ...connection, uid: 'c2' } }],
  ['connection edited', { ...binding, connection: { ...connection, generation: 4 } }],
  ['operation', { ...binding, operation: 'embeddings' }],
  ['model', { ...binding, model: 'gpt-4o-mini' }],
  ['no model', modelless],
  ['body', { ...binding, bodyDigest: 'b2' }],
  ['one policy less', { ...binding, policies: [team] }],
  ['same policy in another namespace', { ...binding, policies: [{ ...team, namespace: 'other' }, platform] }],
  ['another policy', { ...binding, policies: [{ ...team, name: 'other' }, platform] }],
  ['policy made again', { ...binding, policies: [{ ...team, uid: 'u9' }, platform] }],
  ['policy edited', { ...binding, policies: [{ ...team, generation: 3 }, platform] }],
  ['another rule', { ...binding, policies: [{ ...team, rule: 'risk' }, platform] }],
  ['another quorum', { ...binding, policies: [{ ...team, required: 2 }, platform] }],
])('another question: %s', ([, other]) => {
  expect(toQuestionDigest(other, hash)).not.toBe(toQuestionDigest(binding, hash))
})

test('text cannot slip from one part into the next', () => {
  const left = { ...binding, caller: { issuer: 'a","subject":"b', subject: 'c' } }
  const right = { ...binding, caller: { issuer: 'a', subject: 'b","subject":"c' } }
  expect(toBindingDocument(left)).not.toBe(toBindingDocument(right))
})

const question: Question = {
  type: 'Inference',
  connectionRef: { name: 'model', uid: 'c1' },
  policies: [team],
  requester: { issuer: 'https://issuer.example', subject: 's1', username: 'requester' },
  digest: 'hmac-sha256:aa',
  notAfterMs: 1_000,
}
const open: ApprovalRecord = { generation: 1, phase: 'Pending', decisions: [] }
const yes = { policy: 'team/one', approver: 'ann', verdict: 'Approve' } as const

test.for<[string, Question, ApprovalRecord, number, boolean]>([
  ['pending', question, open, 0, true],
  ['approved and not used', question, { ...open, decisions: [yes] }, 0, true],
  ['overdue, though nobody has written that yet', question, open, 1_000, false],
  [
    'denied, though nobody has written that yet',
    question,
    { ...open, decisions: [{ ...yes, verdict: 'Deny' }] },
    0,
    false,
  ],
  ['used', question, { ...open, phase: 'Released' }, 0, false],
  ['another digest', { ...question, digest: 'hmac-sha256:bb' }, open, 0, false],
  ['not a call', { ...question, type: 'Access' }, open, 0, false],
])('whether a call joins a request: %s', ([, asked, record, nowMs, joins]) => {
  expect(joinsRequest(asked, record, 'hmac-sha256:aa', nowMs)).toBe(joins)
})
