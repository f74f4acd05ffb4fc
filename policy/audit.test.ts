import { describe, expect, it } from 'vitest'
import type { InferencePolicySpec } from '../crds/generated/inference-policy.ts'
import {
  allowAll,
  denyWhen,
  makeBundle,
  makeConnection,
  makeFacts,
  makePolicy,
  makeSnapshot,
} from '../test/helpers/make.ts'
import type { BundlePolicy } from './bundle.ts'
import { evaluate } from './evaluate.ts'
import type { Judgement } from './judgement.ts'

const open = makePolicy({}, { name: 'open' })

const audit = (spec: Partial<InferencePolicySpec>, name = 'audit'): BundlePolicy =>
  makePolicy({ mode: 'Audit', ...spec }, { name })

function judge(policies: readonly BundlePolicy[], connection = makeConnection(), facts = makeFacts()): Judgement {
  const compiled = makeSnapshot(makeBundle({ policies, connections: [connection] })).connections.get('team-a/chat')
  if (compiled === undefined) throw new Error('the connection is missing')
  return evaluate(compiled, facts)
}

const denied = { effect: 'Deny', reason: 'DeniedByRule', policy: 'team-a/audit', rule: 'deny', message: 'no' }
const denyAll = denyWhen('true')
const risk = { scores: [{ name: 'a', when: 'true', weight: 5 }], denyAbove: 4 }
const fragile = denyWhen('request.body.absent == 1')

describe('mode Audit', () => {
  it('[AU1] neither denies nor allows', () => {
    expect(judge([open, audit({ rules: [denyAll] })]).decision.effect).toBe('Permit')
    expect(judge([audit({})]).decision).toEqual({ effect: 'Deny', reason: 'NoPolicySelectsCaller' })
    const closed = makePolicy({ rules: [] }, { name: 'closed' })
    expect(judge([closed, audit({})]).decision).toEqual({ effect: 'Deny', reason: 'NoRuleAllows' })
  })

  it.for([
    ['a rule, with its message', { rules: [allowAll, denyAll] }, denied],
    ['risk', { risk }, { ...denied, reason: 'RiskTooHigh', rule: '' }],
    ['a failing rule', { rules: [fragile] }, { ...denied, reason: 'EvaluationFailed' }],
    [
      'a failing subject',
      { subjects: [{ name: 's', when: 'identity.claims.absent == 1' }] },
      { ...denied, reason: 'EvaluationFailed', rule: '' },
    ],
    [
      'a failing limit key',
      { limits: [{ name: 'per-team', key: 'string(request.body.absent)', concurrent: 1 }] },
      { ...denied, reason: 'EvaluationFailed', rule: 'per-team' },
    ],
  ] as const)('[AU2] shadows what %s would refuse', ([, spec, expected]) => {
    const { message, ...withoutMessage } = expected
    const { decision, shadow } = judge([open, audit(spec)])
    expect(decision.effect).toBe('Permit')
    expect(shadow).toEqual([expected.reason === 'DeniedByRule' ? { ...withoutMessage, message } : withoutMessage])
  })

  it('[AU2] shadows a call that is refused anyway', () => {
    const strict = makePolicy({ rules: [denyAll] }, { name: 'strict' })
    const { decision, shadow } = judge([open, strict, audit({ rules: [denyAll] })])
    expect(decision).toMatchObject({ policy: 'team-a/strict' })
    expect(shadow).toEqual([denied])
  })

  it('[AU2] shadows one denial for each policy, by name', () => {
    const twice = [denyAll, { ...denyAll, name: 'again' }]
    const { shadow } = judge([open, audit({ rules: twice }, 'b'), audit({ rules: twice }, 'a')])
    expect(shadow.map(({ policy, rule }) => [policy, rule])).toEqual([
      ['team-a/a', 'deny'],
      ['team-a/b', 'deny'],
    ])
  })

  it('[AU2] is silent about callers that it does not speak about', () => {
    expect(judge([open, audit({ subjects: [{ name: 'bob', user: 'bob' }], rules: [denyAll] })]).shadow).toEqual([])
  })

  it('[AU3] does not shadow that it allows nothing', () => {
    expect(judge([open, audit({ rules: [] })]).shadow).toEqual([])
    expect(judge([audit({ rules: [] })]).shadow).toEqual([])
  })

  it('[AU4] denies nothing where it does not compile, and shadows that it would', () => {
    const broken = audit({ rules: [denyWhen('request.modle == ""')], subjects: [{ name: 'bob', user: 'bob' }] })
    const { decision, shadow } = judge([open, broken])
    expect(decision.effect).toBe('Permit')
    expect(shadow).toEqual([{ effect: 'Deny', reason: 'PolicyInvalid', policy: 'team-a/audit' }])
  })

  it('[AU5] demands nothing and hears no answer for a call that it would refuse', () => {
    const limits = [{ name: 'calls', key: '"all"', concurrent: 1 }]
    const answerRule = { ...denyAll, name: 'answer', phase: 'Response' } as const
    const { demands, answer } = judge([open, audit({ limits, rules: [denyAll, answerRule] })])
    expect(demands).toEqual([])
    expect(answer).toBeUndefined()
  })

  it('[AU6] demands limits that do not act, after those that do', () => {
    const limits = [{ name: 'calls', key: '"all"', concurrent: 1 }]
    const limited = makePolicy({ limits }, { name: 'limited' })
    const { demands } = judge([limited, audit({ limits })])
    expect(demands.map(({ policy, acts }) => [policy, acts])).toEqual([
      ['team-a/limited', true],
      ['team-a/audit', false],
    ])
  })

  it('[EV9] has a budget of its own, for each policy', () => {
    const loops = 'request.prompt.split("").all(a, request.prompt.split("").all(b, a == b || true))'
    const most = Array.from({ length: 25 }, (_, i) => ({ ...denyWhen(`!(${loops})`), name: `r${i}` }))
    const facts = makeFacts({ request: { prompt: 'x'.repeat(120) } })
    const connection = makeConnection()
    const enforced = makePolicy({ rules: [allowAll, ...most] }, { name: 'enforced' })
    const { decision, shadow } = judge(
      [enforced, audit({ rules: most }, 'a'), audit({ rules: most }, 'b')],
      connection,
      facts,
    )
    expect(decision.effect).toBe('Permit')
    expect(shadow).toEqual([])
    const second = makePolicy({ rules: most }, { name: 'second' })
    expect(judge([enforced, second], connection, facts).decision).toMatchObject({ reason: 'EvaluationFailed' })
  })

  it('[EV6] is not asked about a connection that refuses every call', () => {
    expect(judge([audit({ rules: [denyAll] })], makeConnection({ mode: 'Paused' })).shadow).toEqual([])
  })

  it('[SE4] mode Disabled shadows nothing', () => {
    const disabled = audit({ mode: 'Disabled', rules: [denyAll] })
    expect(judge([open, disabled])).toMatchObject({ shadow: [], demands: [], decision: { effect: 'Permit' } })
  })
})
