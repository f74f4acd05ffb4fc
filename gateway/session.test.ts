import { expect, it } from 'vitest'
import { noMasks } from '../policy/judgement.ts'
import type { Denied } from '../policy/model.ts'
import { mintPermit } from '../policy/permit.ts'
import { makeBundle, makeConnection, makeFacts, makeIdentity, makeSnapshot } from '../test/helpers/make.ts'
import { readJsonObject } from './protocols/json/fields.ts'
import { renderOpenAIError } from './protocols/openai/error.ts'
import { readChat } from './protocols/openai/chat.ts'
import { Session } from './session.ts'

function start(): Session {
  let elapsed = 100
  return new Session(
    {
      newId: () => 'id',
      nowMs: () => Date.UTC(2026, 10, 20, 12),
      elapsedMs: () => (elapsed += 1.25),
      digestCaller: ({ subject }) => `digest of ${subject.length}`,
      gateway: 'g',
    },
    'POST',
  )
}

const { connections } = makeSnapshot(
  makeBundle({
    connections: [makeConnection({ models: [{ name: 'known' }] }), makeConnection({}, { name: 'open' })],
    policies: [],
  }),
)
const connectionOf = (name: string) => {
  const found = connections.get(`team-a/${name}`)
  if (found === undefined) throw new Error('no such connection')
  return found
}

it('that ended at once is a record of just that', () => {
  const session = start()
  session.refused({ status: 401, code: 'credentials_missing', message: 'x' }, 9)
  expect(session.toRecord()).toEqual({
    format: 1,
    session: 'id',
    startedAt: '2026-11-20T12:00:00.000Z',
    durationMs: 1.25,
    gateway: 'g',
    revision: '',
    request: { method: 'POST', bytes: 0 },
    response: { status: 401, bytes: 9, outcome: 'Refused', error: 'credentials_missing' },
  })
})

it('that nobody ended is a record of a mistake', () => {
  expect(start().toRecord().response).toEqual({ status: 0, bytes: 0, outcome: 'Cut', error: 'internal' })
})

it('names its caller by digest and no text of the request', () => {
  const session = start()
  session.judgedBy({ epoch: 2, n: 7, digest: 'sha256:0123456789abcdef' })
  session.calledBy(makeIdentity({ subject: 'canary-subject', username: 'canary', email: 'canary' }))
  session.routedTo(connectionOf('chat'), renderOpenAIError)
  const body = '{"model":"canary","messages":[{"role":"user","content":"canary"}],"user":"canary"}'
  session.asked(body.length, { facts: readChat(readJsonObject(Buffer.from(body)).body) })
  session.decided({ effect: 'Deny', reason: 'DeniedByRule', policy: 'team-a/p', rule: 'r', message: 'canary' })
  const record = session.toRecord()
  expect(JSON.stringify(record)).not.toContain('canary')
  expect(record).toMatchObject({
    revision: '2.7-0123456789ab',
    caller: { issuer: 'https://idp.example', kind: 'User', subject: 'digest of 14' },
    connection: { namespace: 'team-a', name: 'chat' },
    request: { operation: 'chat.completions', stream: false, bytes: body.length },
    decision: { effect: 'Deny', reason: 'DeniedByRule', rules: ['team-a/p/r'] },
  })
  expect(session.replyHeaders).toEqual({ 'x-portcullis-session': 'id', 'x-portcullis-revision': '2.7-0123456789ab' })
})

it.each([
  ['declared', 'chat', 'known', 'known'],
  ['not declared', 'chat', 'constructor', undefined],
  ['of a connection that declares none', 'open', 'known', undefined],
])('keeps a model that is %s', (_title, name, model, kept) => {
  const session = start()
  session.routedTo(connectionOf(name), renderOpenAIError)
  const { operation = '', stream = false, messages = [] } = makeFacts().request
  session.asked(1, {
    facts: {
      operation,
      model,
      stream,
      prompt: '',
      messages,
      tools: [],
      toolCalls: [],
      parameters: {},
      maxTokens: 0,
      body: null,
    },
  })
  expect(session.toRecord().request.model).toBe(kept)
})

it('lists every rule that permitted', () => {
  const session = start()
  session.decided({ effect: 'Permit', permit: mintPermit({ connection: 'c', policies: ['p'], rules: ['p/a', 'p/b'] }) })
  expect(session.toRecord().decision).toEqual({ effect: 'Permit', rules: ['p/a', 'p/b'] })
})

it('a denial without a policy lists none', () => {
  const session = start()
  session.decided({ effect: 'Deny', reason: 'NoPolicySelectsCaller' })
  expect(session.toRecord().decision).toEqual({ effect: 'Deny', reason: 'NoPolicySelectsCaller', rules: [] })
})

const denied = (rule: string): Denied => ({
  effect: 'Deny',
  reason: 'DeniedByRule',
  policy: 'team-a/p',
  rule,
  message: 'canary',
})

it('names the rules of policies in mode Audit, those too that a limit adds while the answer comes', () => {
  const session = start()
  const growing: Denied[] = []
  session.judged({ decision: denied('one'), shadow: [denied('two')], demands: [], masks: noMasks })
  session.shadowed(growing)
  session.shadowed(undefined)
  growing.push(denied('three'))
  const record = session.toRecord()
  expect(record.shadow?.map(({ policy, rule }) => `${policy}/${rule}`)).toEqual(['team-a/p/two', 'team-a/p/three'])
  expect(JSON.stringify(record)).not.toContain('canary')
})

it('names the rule that ended an answer, and its code', () => {
  const refusal = { status: 403, code: 'response_denied' as const, message: 'canary' }
  const ended = start()
  ended.carried({ outcome: 'Ended', status: 200, responseBytes: 9, ending: { refusal, denied: denied('a') } })
  expect(ended.toRecord().response).toEqual({
    status: 200,
    bytes: 9,
    outcome: 'Ended',
    error: 'response_denied',
    rule: 'team-a/p/a',
  })
  const refused = start()
  refused.refused(refusal, 7, denied('a'))
  expect(refused.toRecord().response).toMatchObject({ status: 403, bytes: 7, outcome: 'Refused', rule: 'team-a/p/a' })
})
