import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  allowAll,
  denyWhen,
  makeBundle,
  makeConnection,
  makeFacts,
  makePolicy,
  makeSnapshot,
} from '../test/helpers/make.ts'
import type { BundleConnection, BundlePolicy } from './bundle.ts'
import { evaluate } from './evaluate.ts'
import type { Decision, Facts } from './model.ts'

function judge(policies: readonly BundlePolicy[], facts: Facts = makeFacts(), connection?: BundleConnection): Decision {
  const snapshot = makeSnapshot(makeBundle({ policies, connections: [connection ?? makeConnection()] }))
  const compiled = snapshot.connections.get('team-a/chat')
  if (compiled === undefined) throw new Error('the connection is missing')
  return evaluate(compiled, facts).decision
}

const denied = (reason: string, more: object = {}): object => ({ effect: 'Deny', reason, ...more })

describe('evaluate', () => {
  it('[EV1] denies when no policy speaks about the caller', () => {
    expect(judge([])).toEqual(denied('NoPolicySelectsCaller'))
    const others = makePolicy({ subjects: [{ name: 'bob', user: 'bob' }] })
    expect(judge([others])).toEqual(denied('NoPolicySelectsCaller'))
  })

  it('[EV1] denies when no rule allows', () => {
    expect(judge([makePolicy({ rules: [] })])).toEqual(denied('NoRuleAllows'))
    const never = makePolicy({ rules: [{ ...allowAll, when: 'request.model == "large"' }] })
    expect(judge([never])).toEqual(denied('NoRuleAllows'))
  })

  it('[EV1] permits what a rule allows, and says which', () => {
    const decision = judge([makePolicy({ rules: [{ ...allowAll, when: 'request.model in ["small"]' }] })])
    expect(JSON.parse(JSON.stringify(decision))).toEqual({
      effect: 'Permit',
      permit: { connection: 'team-a/chat', policies: ['team-a/policy'], rules: ['team-a/policy/allow'] },
    })
  })

  it('[EV2] a denial beats every permission, with its author’s message', () => {
    const strict = makePolicy({ rules: [denyWhen('request.maxTokens > 50', 'too many tokens')] }, { name: 'strict' })
    expect(judge([makePolicy(), strict])).toEqual(
      denied('DeniedByRule', { policy: 'team-a/strict', rule: 'deny', message: 'too many tokens' }),
    )
  })

  it('[EV4] an expression that fails on this request denies it', () => {
    const policy = makePolicy({ rules: [allowAll, denyWhen('request.body.absent == 1')] })
    expect(judge([policy])).toEqual(denied('EvaluationFailed', { policy: 'team-a/policy', rule: 'deny' }))
    const absorbed = makePolicy({ rules: [{ ...allowAll, when: 'true || request.body.absent == 1' }] })
    expect(judge([absorbed])).toMatchObject({ effect: 'Permit' })
  })

  it('[EV5] a policy that does not compile denies its connection for everybody', () => {
    const broken = makePolicy(
      { subjects: [{ name: 'bob', user: 'bob' }], rules: [denyWhen('request.modle == "x"')] },
      { name: 'broken' },
    )
    expect(judge([makePolicy(), broken])).toEqual(denied('PolicyInvalid', { policy: 'team-a/broken' }))
    const elsewhere = { ...broken, spec: { ...broken.spec, targetRefs: [{ name: 'other' }] } }
    expect(judge([makePolicy(), elsewhere])).toMatchObject({ effect: 'Permit' })
  })

  it('[EV6] a paused or invalid connection refuses', () => {
    expect(judge([makePolicy()], makeFacts(), makeConnection({ mode: 'Paused' }))).toEqual(denied('ConnectionPaused'))
    const blocked = makeConnection({}, { blocked: { reason: 'NotSupported', message: 'not yet' } })
    expect(judge([makePolicy()], makeFacts(), blocked)).toEqual(denied('ConnectionInvalid', { message: 'not yet' }))
  })

  it('[EV7] a message is computed from the request, and its failure leaves the denial', () => {
    const rule = { name: 'deny', phase: 'Request', action: 'Deny' } as const
    const computed = makePolicy({ rules: [{ ...rule, messageExpression: '"not for " + identity.username' }] })
    expect(judge([computed])).toMatchObject({ message: 'not for alice' })
    const failing = makePolicy({ rules: [{ ...rule, messageExpression: 'request.body.absent' }] })
    expect(judge([failing])).toEqual(denied('DeniedByRule', { policy: 'team-a/policy', rule: 'deny' }))
  })

  it('[EV8] variables see those before them, and fail only where they are used', () => {
    const variables = [
      { name: 'limit', expression: '50 + 10' },
      { name: 'over', expression: 'request.maxTokens > variables.limit' },
      { name: 'broken', expression: 'request.body.absent' },
    ]
    expect(judge([makePolicy({ variables, rules: [allowAll, denyWhen('variables.over')] })])).toMatchObject({
      reason: 'DeniedByRule',
    })
    expect(judge([makePolicy({ variables })])).toMatchObject({ effect: 'Permit' })
    expect(judge([makePolicy({ variables, rules: [denyWhen('variables.broken == 1')] })])).toMatchObject({
      reason: 'EvaluationFailed',
    })
  })

  it.for([
    ['one by one', 'variables.a == 1 && variables.constructor == 2 && variables.__proto__ == 3'],
    ['as a whole', 'dyn(variables).a == 1 && dyn(variables).constructor == 2 && dyn(variables).size() == 3'],
    ['in a list', '[variables].exists(v, v.a == 1 && v.constructor == 2)'],
    ['at all', 'has(variables.a) && has(variables.__proto__)'],
  ] as const)('[EV8] variables of any name are seen %s', ([, when]) => {
    const names = ['a', 'constructor', '__proto__']
    const variables = names.map((name, i) => ({ name, expression: `${i} + 1` }))
    expect(judge([makePolicy({ variables, rules: [allowAll, denyWhen(when)] })])).toMatchObject({
      reason: 'DeniedByRule',
    })
  })

  it('[SE4] a disabled policy neither allows nor denies', () => {
    expect(judge([makePolicy({ mode: 'Disabled' })])).toEqual(denied('NoPolicySelectsCaller'))
    const off = makePolicy({ mode: 'Disabled', rules: [denyWhen('nonsense(')] }, { name: 'off' })
    expect(judge([makePolicy(), off])).toMatchObject({ effect: 'Permit' })
  })

  it('[SE3] a subject may be an expression over the caller', () => {
    const leads = makePolicy({ subjects: [{ name: 'leads', when: 'identity.claims.level >= 3' }] })
    expect(judge([leads])).toMatchObject({ effect: 'Permit' })
    expect(judge([leads], makeFacts({ identity: { claims: { level: 1 } } }))).toEqual(denied('NoPolicySelectsCaller'))
    expect(judge([leads], makeFacts({ identity: { claims: {} } }))).toMatchObject({ reason: 'EvaluationFailed' })
  })
})

describe('properties', () => {
  const anyRule = fc
    .record({
      action: fc.constantFrom('Allow' as const, 'Deny' as const),
      when: fc.constantFrom(
        'true',
        'false',
        'request.model == "small"',
        'request.body.absent == 1',
        'identity.groups.exists(g, g == "research")',
      ),
    })
    .map((rule) => ({ name: 'rule', phase: 'Request' as const, ...rule }))
  const anyPolicies = fc
    .array(fc.array(anyRule, { maxLength: 3 }), { maxLength: 5 })
    .map((all) => all.map((rules, i) => makePolicy({ rules }, { name: `p${i}` })))

  it('[EV3] the order of policies never matters', () => {
    fc.assert(
      fc.property(anyPolicies, (policies) => {
        expect(JSON.stringify(judge(policies.toReversed()))).toBe(JSON.stringify(judge(policies)))
      }),
    )
  })

  it('[EV2] adding a denial never permits', () => {
    const denial = makePolicy({ rules: [denyWhen('true')] }, { name: 'zz' })
    fc.assert(
      fc.property(anyPolicies, (policies) => {
        expect(judge([...policies, denial]).effect).toBe('Deny')
      }),
    )
  })

  it('[EV2] adding a policy that allows nothing new never turns a denial into a permission', () => {
    const silent = makePolicy({ rules: [] }, { name: 'silent' })
    fc.assert(
      fc.property(anyPolicies, (policies) => {
        expect(judge([...policies, silent]).effect).toBe(judge(policies).effect)
      }),
    )
  })
})
