import { describe, expect, it } from 'vitest'
import { makeConnection, makeIdentity, makePolicy } from '../test/helpers/make.ts'
import { matchesLabels, matchesSubject, selectsConnection } from './select.ts'

describe('selectsConnection', () => {
  const chat = makeConnection({}, { labels: { tier: 'gold' } })
  const cases: readonly (readonly [string, ReturnType<typeof makePolicy>, boolean])[] = [
    ['[SE1] by name in its own namespace', makePolicy({ targetRefs: [{ name: 'chat' }] }), true],
    ['[SE1] not by another name', makePolicy({ targetRefs: [{ name: 'other' }] }), false],
    [
      '[SE1] not by the same name elsewhere',
      makePolicy({ targetRefs: [{ name: 'chat' }] }, { namespace: 'team-b' }),
      false,
    ],
    ['[SE1] by labels', makePolicy({ targetSelector: { matchLabels: { tier: 'gold' } } }), true],
    ['[SE1] not by other labels', makePolicy({ targetSelector: { matchLabels: { tier: 'iron' } } }), false],
    [
      '[SE2] a baseline selects all',
      makePolicy({ targetNamespaces: { mode: 'All' } }, { namespace: 'portcullis', baseline: true }),
      true,
    ],
    [
      '[SE2] a baseline selects listed namespaces',
      makePolicy(
        { targetNamespaces: { mode: 'Listed', names: ['team-a'] } },
        { namespace: 'portcullis', baseline: true },
      ),
      true,
    ],
    [
      '[SE2] a baseline leaves others alone',
      makePolicy(
        { targetNamespaces: { mode: 'Listed', names: ['team-b'] } },
        { namespace: 'portcullis', baseline: true },
      ),
      false,
    ],
    ['[SE2] a team cannot write a baseline', makePolicy({ targetNamespaces: { mode: 'All' } }), false],
  ]
  it.each(cases)('%s', (_title, policy, selected) => {
    expect(selectsConnection(policy, chat)).toBe(selected)
  })
})

describe('matchesLabels', () => {
  const labels = { tier: 'gold', zone: 'eu' }
  it.each([
    ['In', { key: 'tier', operator: 'In', values: ['gold', 'iron'] }, true],
    ['In, absent key', { key: 'nope', operator: 'In', values: ['gold'] }, false],
    ['NotIn', { key: 'tier', operator: 'NotIn', values: ['iron'] }, true],
    ['NotIn, absent key', { key: 'nope', operator: 'NotIn', values: ['iron'] }, true],
    ['Exists', { key: 'zone', operator: 'Exists' }, true],
    ['DoesNotExist', { key: 'zone', operator: 'DoesNotExist' }, false],
    ['an inherited name is no label', { key: 'constructor', operator: 'Exists' }, false],
  ] as const)('%s', (_title, requirement, matched) => {
    expect(matchesLabels({ matchExpressions: [requirement] }, labels)).toBe(matched)
  })
})

describe('matchesSubject', () => {
  const alice = makeIdentity()
  const robot = makeIdentity({ kind: 'ServiceAccount', subject: 'system:serviceaccount:team-a:robot' })
  it.each([
    ['[SE3] a user', { name: 's', user: 'alice' }, alice, true],
    ['[SE3] another user', { name: 's', user: 'bob' }, alice, false],
    ['[SE3] a group', { name: 's', group: 'research' }, alice, true],
    ['[SE3] every field must match', { name: 's', group: 'research', user: 'bob' }, alice, false],
    ['[SE3] scopes must all be held', { name: 's', scopes: ['chat', 'admin'] }, alice, false],
    ['[SE3] another issuer', { name: 's', issuer: 'https://other.example', user: 'alice' }, alice, false],
    ['[SE3] a service account', { name: 's', serviceAccount: { namespace: 'team-a', name: 'robot' } }, robot, true],
    [
      '[SE3] a person who is called like a service account',
      { name: 's', serviceAccount: { namespace: 'team-a', name: 'robot' } },
      makeIdentity({ subject: 'system:serviceaccount:team-a:robot' }),
      false,
    ],
  ])('%s', (_title, subject, identity, matched) => {
    expect(matchesSubject(subject, identity)).toBe(matched)
  })
})
