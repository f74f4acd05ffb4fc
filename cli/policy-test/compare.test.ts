// Differences between what is expected and what came; above all, that there are some when there should be.
import { describe, expect, it } from 'vitest'
import type { Outcome } from '../offline/judge-call.ts'
import { compare } from './compare.ts'
import type { Expectation } from './fixture.ts'

const limit = {
  policy: 'a/b',
  limit: 'calls',
  key: 'alice',
  measure: 'Requests',
  max: 10,
  windowMs: 1000,
  onUnavailable: 'Deny',
  acts: true,
} as const
const shadow = { effect: 'Deny', reason: 'DeniedByRule', policy: 'a/canary', rule: 'strict' } as const
const permit: Outcome = { decision: 'Permit', rules: ['a/b/one', 'a/b/two'], limits: [limit], shadow: [shadow] }
const finding = {
  phase: 'Request',
  policy: 'a/b',
  mask: 'pii',
  class: 'PII',
  action: 'Redact',
  acted: true,
  count: 2,
  paths: ['/x'],
} as const
const masked: Outcome = {
  ...permit,
  body: Buffer.from('{"a": "[PII]"}'),
  answer: 'Released',
  answerBody: Buffer.from('hi [PII]'),
  answerText: 'hi [PII]',
  masked: [finding],
}
const deny: Outcome = {
  decision: 'Deny',
  reason: 'DeniedByRule',
  code: 'policy_denied',
  policy: 'a/b',
  rule: 'no',
  message: 'not today',
  limits: [],
  shadow: [],
}

describe('compare', () => {
  it.each<[string, Expectation, Outcome]>([
    ['a decision', { decision: 'Permit' }, permit],
    ['rules in any order', { decision: 'Permit', rules: ['a/b/two', 'a/b/one'] }, permit],
    ['a limit by name', { decision: 'Permit', limits: [{ limit: 'calls' }] }, permit],
    [
      'a limit in full',
      { decision: 'Permit', limits: [{ policy: 'a/b', limit: 'calls', key: 'alice', measure: 'Requests', max: 10 }] },
      permit,
    ],
    ['a masked body as JSON', { decision: 'Permit', body: { json: { a: '[PII]' } } }, masked],
    ['a masked body as text', { decision: 'Permit', body: { text: '{"a": "[PII]"}' } }, masked],
    ['a masked answer', { decision: 'Permit', answerBody: { text: 'hi [PII]' }, answerText: 'hi [PII]' }, masked],
    ['what masks found', { decision: 'Permit', masked: [{ mask: 'pii', class: 'PII', count: 2 }] }, masked],
    ['a shadow', { decision: 'Permit', shadow: [{ policy: 'a/canary', rule: 'strict' }] }, permit],
    [
      'everything about a denial',
      {
        decision: 'Deny',
        reason: 'DeniedByRule',
        code: 'policy_denied',
        policy: 'a/b',
        rule: 'no',
        message: 'not today',
      },
      deny,
    ],
    ['no limits', { decision: 'Deny', rule: 'no', limits: [], shadow: [] }, deny],
    [
      'a general and a special limit, in whatever order',
      { decision: 'Permit', limits: [{ limit: 'calls' }, { limit: 'calls', key: 'alice' }] },
      { ...permit, limits: [limit, { ...limit, key: 'bob' }] },
    ],
  ])('is content with %s', (_, expected, found) => {
    expect(compare(expected, found)).toEqual([])
  })

  it.each<[string, Expectation, Outcome, string]>([
    ['another decision', { decision: 'Deny', rule: 'no' }, permit, 'decision: Deny, Permit'],
    ['no rule', { decision: 'Deny', rule: 'no' }, permit, 'rule: no, (nothing)'],
    ['another rule', { decision: 'Deny', rule: 'yes' }, deny, 'rule: yes, no'],
    ['another message', { decision: 'Deny', message: 'never' }, deny, 'message: never, not today'],
    ['one rule too few', { decision: 'Permit', rules: ['a/b/one'] }, permit, 'rules: a/b/one, a/b/one, a/b/two'],
    [
      'a limit that is not there',
      { decision: 'Deny', rule: 'no', limits: [{ limit: 'calls' }] },
      deny,
      'limits: calls, (nothing)',
    ],
    [
      'a limit that is not expected',
      { decision: 'Permit', limits: [] },
      permit,
      'limits: (nothing), a/b/calls (Requests, max 10, key alice)',
    ],
    [
      'another key',
      { decision: 'Permit', limits: [{ limit: 'calls', key: 'bob' }] },
      permit,
      'limits: calls (key bob), a/b/calls (Requests, max 10, key alice)',
    ],
    [
      'one limit for two',
      { decision: 'Permit', limits: [{ limit: 'calls' }] },
      { ...permit, limits: [limit, limit] },
      'limits: calls, a/b/calls',
    ],
    [
      'a shadow that is not expected',
      { decision: 'Permit', shadow: [] },
      permit,
      'shadow: (nothing), a/canary/strict (DeniedByRule)',
    ],
    [
      'a shadow of another rule',
      { decision: 'Permit', shadow: [{ policy: 'a/canary', rule: 'lax' }] },
      permit,
      'shadow: a/canary/lax, a/canary/strict',
    ],
    ['no answer', { decision: 'Permit', answer: 'Released' }, permit, 'answer: Released, (nothing)'],
    ['another body', { decision: 'Permit', body: { json: { a: 'x' } } }, masked, 'body: {"a":"x"}, {"a":"[PII]"}'],
    ['a body that was never sent', { decision: 'Permit', body: { text: 'x' } }, permit, 'body: x, (nothing)'],
    [
      'a finding that is not expected',
      { decision: 'Permit', masked: [] },
      masked,
      'masked: (nothing), Request a/b pii PII Redact x 2',
    ],
  ])('tells of %s', (_, expected, found, difference) => {
    const told = compare(expected, found).map((one) => `${one.field}: ${one.expected}, ${one.found}`)
    expect(told).toContainEqual(expect.stringContaining(difference))
  })
})
