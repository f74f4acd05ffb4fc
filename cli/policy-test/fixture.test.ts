// What a PolicyTest may say, and what it may not: nothing that nobody reads, and nothing that could not fail.
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Problem } from '../../policy/problem.ts'
import { toProblemText } from '../../policy/problem.ts'
import { toIdentity } from '../offline/call.ts'
import { readFixture } from './fixture.ts'

const good = `
apiVersion: cli.portcullis.dev/v1alpha1
kind: PolicyTest
metadata: { name: chat }
objects: [../chat.yaml]
now: 2026-11-20T12:00:00Z
identities:
  alice: { username: alice, groups: [research], claims: { level: 3 } }
cases:
  - name: hello
    as: alice
    connection: team/chat
    request: { path: /v1/chat/completions, headers: { x-team: a }, json: { model: m } }
    expect: { decision: Permit, rules: [team/chat/allow], limits: [{ limit: calls }], shadow: [] }
`

function problemsOf(text: string): readonly string[] {
  const problems: Problem[] = []
  const read = readFixture(parse(text), { path: '', problems })
  if (problems.length === 0 && read === undefined) throw new Error('nothing was read, and nothing said')
  return problems.map(toProblemText)
}

const expecting = (expected: string, answer = ''): string =>
  good.replace(/ {4}expect: .*\n/, `${answer === '' ? '' : `    answer: ${answer}\n`}    expect: ${expected}\n`)

describe('readFixture', () => {
  it('takes what is right', () => {
    expect(problemsOf(good)).toEqual([])
  })

  it.each([
    ['no cases', good.replace(/cases:[^]*/, 'cases: []'), 'cases: must have 1 to 10000 items'],
    ['cases left out', good.replace(/cases:[^]*/, ''), 'cases: is required'],
    ['no objects', good.replace('[../chat.yaml]', '[]'), 'objects: must have 1 to 100 items'],
    ['two cases of one name', `${good}${good.replace(/[^]*cases:\n/, '')}`, 'cases[1]: is already in this list'],
    ['an unknown field', good.replace('now:', 'when:'), ': has an unknown field "when"; known are: '],
    [
      'an unknown field of a case',
      good.replace('as: alice', 'as: alice\n    skip: true'),
      'cases[0]: has an unknown field "skip"',
    ],
    [
      'an unknown field of a request',
      good.replace('path:', 'url: /, path:'),
      'cases[0].request: has an unknown field "url"',
    ],
    [
      'an unknown field of an expectation',
      expecting('{ decision: Deny, rules: [a], ruel: b }'),
      'cases[0].expect: has an unknown field "ruel"',
    ],
    ['a misspelt decision', expecting('{ decision: Allow }'), 'cases[0].expect.decision: must be one of Permit, Deny'],
    ['nothing expected', expecting('{}'), 'cases[0].expect.decision: is required'],
    ['a denial for no reason', expecting('{ decision: Deny }'), 'cases[0].expect: must say why'],
    ['a denial by anything of a policy', expecting('{ decision: Deny, policy: a/b }'), 'cases[0].expect: must say why'],
    [
      'a permit by a rule that refuses',
      expecting('{ decision: Permit, rule: a }'),
      'cases[0].expect: has rule, which say who refuses',
    ],
    [
      'limits of a denial',
      expecting('{ decision: Deny, rule: a, limits: [] }'),
      'cases[0].expect: has answer, rules, limits or body',
    ],
    [
      'a body that says nothing',
      expecting('{ decision: Permit, body: {} }'),
      'cases[0].expect.body: needs json, text or base64',
    ],
    [
      'a body of a denial',
      expecting('{ decision: Deny, rule: a, body: { text: x } }'),
      'cases[0].expect: has answer, rules, limits or body',
    ],
    [
      'a text of an answer that is kept back',
      expecting('{ decision: Permit, answer: Denied, rule: a, answerText: x }', '{ json: {} }'),
      'cases[0].expect: has answerBody or answerText',
    ],
    [
      'an answer without an expectation',
      expecting('{ decision: Permit }', '{ json: {} }'),
      'cases[0]: has an answer; say in expect.answer',
    ],
    [
      'an expectation without an answer',
      expecting('{ decision: Permit, answer: Released }'),
      'cases[0]: expects something of an answer',
    ],
    [
      'a refused answer for no reason',
      expecting('{ decision: Permit, answer: Denied }', '{ json: {} }'),
      'cases[0].expect: must say why',
    ],
    [
      'a body in two ways',
      good.replace('json: {', 'text: a, json: {'),
      'cases[0].request: has json and text; a body is written in one way',
    ],
    [
      'an answer in two ways',
      expecting('{ decision: Permit, answer: Released }', '{ json: {}, events: [{ data: a }] }'),
      'cases[0].answer: has json and events',
    ],
    [
      'a body that is no base64',
      good.replace('json: { model: m }', 'base64: "&"'),
      'cases[0].request.base64: must be base64',
    ],
    [
      'a header that is no text',
      good.replace('x-team: a', 'x-team: 1'),
      'cases[0].request.headers: must be a map of texts',
    ],
    [
      'a header that none can be',
      good.replace('x-team: a', '"x team": a'),
      'cases[0].request.headers: has a name that no header can have',
    ],
    [
      'a relative path',
      good.replace('/v1/chat/completions', 'v1'),
      'cases[0].request.path: must be a path that starts with a slash',
    ],
    ['a person that nobody knows', good.replace('as: alice', 'as: mallory'), 'cases[0].as: is no name of identities'],
    [
      'a person that every object inherits',
      good.replace('as: alice', 'as: constructor'),
      'cases[0].as: is no name of identities',
    ],
    ['a person without a name', good.replace('username: alice, ', ''), 'identities.alice: needs a username'],
    [
      'a service account with a name',
      good.replace('username: alice', 'username: alice, serviceAccount: a/b'),
      'identities.alice: serviceAccount says username',
    ],
    ['a moment without a zone', good.replace('12:00:00Z', '12:00:00'), 'now: must be a time such as'],
    ['a day that does not exist', good.replace('11-20T', '13-20T'), 'now: must be a time such as'],
    ['another kind', good.replace('PolicyTest', 'PolicyTests'), 'kind: must be one of PolicyTest'],
    ['another version', good.replace('v1alpha1', 'v1'), 'apiVersion: must be one of cli.portcullis.dev/v1alpha1'],
    ['no document of fields', '[]', ': must be an object'],
    ['numbers that JSON has not', good.replace('level: 3', 'level: .inf'), ': must be JSON'],
  ])('refuses %s', (_, text, problem) => {
    expect(problemsOf(text)).toContainEqual(expect.stringContaining(problem))
  })

  it.each([
    ['an answer', expecting('{ decision: Permit, answer: Released }', '{ status: 200, json: null }')],
    [
      'a stream',
      expecting(
        '{ decision: Permit, answer: Denied, rule: a }',
        '{ events: [{ event: a, data: { b: 1 } }, { data: "[DONE]" }] }',
      ),
    ],
    ['an identity of its own', good.replace('as: alice', 'as: { serviceAccount: team/nightly }')],
    ['a message of two lines', expecting('{ decision: Deny, message: "a\\nb" }')],
    ['no name of the test', good.replace('metadata: { name: chat }\n', '')],
  ])('takes %s', (_, text) => {
    expect(problemsOf(text)).toEqual([])
  })
})

describe('toIdentity', () => {
  it('gives what is not said as a token without that claim does', () => {
    expect(toIdentity({ username: 'alice' })).toEqual({
      issuer: 'https://idp.example.com',
      subject: 'alice',
      username: 'alice',
      email: '',
      kind: 'User',
      groups: [],
      scopes: [],
      claims: {},
    })
  })

  it('gives a service account as its token does', () => {
    expect(toIdentity({ serviceAccount: 'team/nightly', groups: ['extra'] })).toMatchObject({
      issuer: 'https://kubernetes.default.svc.cluster.local',
      subject: 'system:serviceaccount:team:nightly',
      username: 'system:serviceaccount:team:nightly',
      kind: 'ServiceAccount',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:team', 'extra'],
    })
  })
})
