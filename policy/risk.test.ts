import { describe, expect, it } from 'vitest'
import type { InferencePolicySpec } from '../crds/generated/inference-policy.ts'
import { allowAll, denyWhen, makeBundle, makeFacts, makePolicy, makeSnapshot } from '../test/helpers/make.ts'
import { evaluate } from './evaluate.ts'
import type { Decision, Facts } from './model.ts'

type Spec = Partial<InferencePolicySpec>

function judge(specs: Readonly<Record<string, Spec>>, request: Partial<Facts['request']> = {}): Decision {
  const policies = Object.entries(specs).map(([name, spec]) => makePolicy(spec, { name }))
  const connection = makeSnapshot(makeBundle({ policies })).connections.get('team-a/chat')
  if (connection === undefined) throw new Error('the connection is missing')
  return evaluate(connection, makeFacts({ request })).decision
}

const small = { name: 'small', when: 'request.model == "small"', weight: 30, reason: 'it is small' }
const hello = { name: 'hello', when: 'request.prompt.contains("hello")', weight: 20 }
const never = { name: 'never', when: 'false', weight: 500 }
const broken = { name: 'broken', when: 'request.body.absent == 1', weight: 1 }

const weighing = (denyAbove: number, more: Spec = {}): Spec => ({
  risk: { scores: [small, hello, never], denyAbove },
  ...more,
})

const tooHigh = { effect: 'Deny', reason: 'RiskTooHigh', policy: 'team-a/p', rule: '' }

describe('risk', () => {
  it.for([
    ['a sum above the threshold', 49, tooHigh],
    ['not a sum that equals it', 50, { effect: 'Permit' }],
    ['not a sum below it', 51, { effect: 'Permit' }],
    ['a sum of 0 above a negative threshold', -1, tooHigh],
  ] as const)('[RK1] [RK2] denies %s', ([, denyAbove, expected]) => {
    expect(judge({ p: weighing(denyAbove) })).toMatchObject(expected)
  })

  it('[RK1] is 0 where no score holds', () => {
    const spec = { risk: { scores: [never], denyAbove: 0 }, rules: [allowAll, denyWhen('risk.score == 0')] }
    expect(judge({ p: spec })).toMatchObject({ reason: 'DeniedByRule' })
  })

  it('[RK1] falls with a negative weight', () => {
    const scores = [small, { name: 'trusted', when: '"research" in identity.groups', weight: -31 }]
    expect(judge({ p: { risk: { scores, denyAbove: -2 } } })).toEqual(tooHigh)
    expect(judge({ p: { risk: { scores, denyAbove: -1 } } })).toMatchObject({ effect: 'Permit' })
  })

  it('[RK2] tells the caller neither sum nor reasons', () => {
    expect(Object.keys(judge({ p: weighing(1) }))).toEqual(['effect', 'reason', 'policy', 'rule'])
  })

  it('[RK3] gives sum and reasons to rules and their messages', () => {
    const rule = { name: 'deny', phase: 'Request', action: 'Deny', when: 'risk.score == 50' } as const
    const message = { messageExpression: '"because " + risk.reasons.join(" and ")' }
    expect(judge({ p: weighing(100, { rules: [{ ...rule, ...message }] }) })).toMatchObject({
      reason: 'DeniedByRule',
      message: 'because it is small and hello',
    })
  })

  it('[RK3] is not declared in a policy without risk', () => {
    expect(judge({ p: { rules: [allowAll, denyWhen('risk.score > 1')] } })).toMatchObject({ reason: 'PolicyInvalid' })
  })

  it.for([
    ['scores', { risk: { scores: [{ name: 'a', when: 'risk.score > 0', weight: 1 }], denyAbove: 1 } }],
    ['variables', weighing(100, { variables: [{ name: 'a', expression: 'risk.score' }] })],
    ['limit keys', weighing(100, { limits: [{ name: 'a', key: 'string(risk.score)', concurrent: 1 }] })],
  ] as const)('[RK1] [LI2] is not declared in %s', ([, spec]) => {
    expect(judge({ p: spec })).toMatchObject({ reason: 'PolicyInvalid' })
  })

  it('[RK4] denies with the name of a score that cannot be evaluated', () => {
    const risk = { scores: [small, broken], denyAbove: 1000 }
    const failed = { effect: 'Deny', reason: 'EvaluationFailed', policy: 'team-a/p' }
    expect(judge({ p: { risk } })).toEqual({ ...failed, rule: 'broken' })
    expect(judge({ p: { risk, rules: [allowAll, denyWhen('risk.score > 9')] } })).toEqual({ ...failed, rule: 'deny' })
    expect(judge({ p: { risk, rules: [allowAll, denyWhen('true || risk.score > 9')] } })).toMatchObject({
      reason: 'DeniedByRule',
    })
    expect(judge({ p: { risk, rules: [{ ...allowAll, when: 'true || risk.score > 9' }] } })).toEqual({
      ...failed,
      rule: 'broken',
    })
  })

  it('[RK5] is weighed for each policy apart', () => {
    expect(judge({ p: weighing(50), q: weighing(50) })).toMatchObject({ effect: 'Permit' })
    expect(judge({ a: { risk: { scores: [small], denyAbove: 1000 } }, p: weighing(49) })).toEqual(tooHigh)
  })

  it('[EV3] is reported after the rules of its policy, and before those of the next', () => {
    const denying = { rules: [denyWhen('true')] }
    expect(judge({ p: weighing(1, denying) })).toMatchObject({ reason: 'DeniedByRule', policy: 'team-a/p' })
    expect(judge({ p: weighing(1), q: denying })).toEqual(tooHigh)
    expect(judge({ a: denying, p: weighing(1) })).toMatchObject({ reason: 'DeniedByRule', policy: 'team-a/a' })
  })

  it('sees variables', () => {
    const spec = {
      variables: [{ name: 'size', expression: 'request.prompt.size()' }],
      risk: { scores: [{ name: 'long', when: 'variables.size > 4', weight: 5 }], denyAbove: 4 },
    }
    expect(judge({ p: spec })).toEqual(tooHigh)
    expect(judge({ p: spec }, { prompt: 'hi' })).toMatchObject({ effect: 'Permit' })
  })
})
