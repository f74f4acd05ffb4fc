// An explanation that disagrees with the judgement would be worse than none: both are asked about generated policies and calls.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { InferencePolicySpec } from '../crds/generated/inference-policy.ts'
import { allowAll, makeBundle, makeConnection, makeFacts, makePolicy, makeSnapshot } from '../test/helpers/make.ts'
import type { BundlePolicy } from './bundle.ts'
import { evaluate } from './evaluate.ts'
import { explain } from './explain.ts'
import type { Decision, Facts, ResponseFacts, ScanRequest } from './model.ts'
import type { CompiledConnection } from './snapshot.ts'

type Rule = NonNullable<InferencePolicySpec['rules']>[number]

function compile(policies: readonly BundlePolicy[], spec: Parameters<typeof makeConnection>[0] = {}) {
  const snapshot = makeSnapshot(makeBundle({ connections: [makeConnection(spec)], policies }))
  const [connection] = snapshot.connections.values()
  if (connection === undefined) throw new Error('no connection')
  return connection
}

const answer: ResponseFacts = {
  status: 200,
  text: 'forty-two',
  toolCalls: [],
  finishReason: 'stop',
  body: { answer: 42 },
}

/** What judgement says, in the words of an explanation. */
function judged(connection: CompiledConnection, facts: Facts) {
  const { decision, shadow, demands, masks, answer: judge } = evaluate(connection, facts)
  return {
    decision: toPlain(decision),
    shadow,
    demands,
    masks: [...masks.request, ...masks.response]
      .map(({ policy, name, acts }) => `${policy} ${name} ${acts}`)
      .toSorted(),
    answer: judge === undefined ? { shadow: [] } : judge.judge(answer),
  }
}

function explained(connection: CompiledConnection, facts: Facts) {
  const { decision, policies, closed, explainAnswer } = explain(connection, facts)
  const isPermitted = decision.effect === 'Permit'
  const audits = policies.filter(({ mode }) => mode === 'Audit')
  const answers = isPermitted ? explainAnswer(answer) : []
  const denied = answers.find(({ mode, denied: reason }) => mode === 'Enforce' && reason !== undefined)?.denied
  const open = policies.filter((policy) => policy.speaks === 'Yes' && policy.denied === undefined)
  return {
    decision,
    shadow: closed ? [] : audits.flatMap((policy) => policy.denied ?? []),
    demands: isPermitted
      ? open.flatMap(({ limits }) => limits.flatMap((limit) => ('demand' in limit ? [limit.demand] : [])))
      : [],
    masks: isPermitted
      ? open
          .flatMap(({ policy, mode, masks }) => masks.map(({ mask }) => `${policy} ${mask} ${mode === 'Enforce'}`))
          .toSorted()
      : [],
    answer: {
      ...(denied === undefined ? {} : { denied }),
      shadow: answers.filter(({ mode }) => mode === 'Audit').flatMap((one) => one.denied ?? []),
    },
  }
}

function toPlain(decision: Decision) {
  return decision.effect === 'Deny' ? decision : { effect: 'Permit', rules: decision.permit.grant.rules }
}

const conditions = [
  'true',
  'false',
  'request.model == "small"',
  'request.stream',
  '"research" in identity.groups',
  'request.parameters.absent == 1',
  'variables.isSmall',
  'variables.fails == 1',
  'true || variables.fails == 1',
  'request.messages.all(a, request.messages.all(b, a.content == b.content))',
  'findings.PCI.count > 1',
  'findings[request.model].count > 1',
]
const condition = fc.constantFrom(undefined, ...conditions)
const requestRule = fc
  .record({ action: fc.constantFrom('Allow', 'Deny', 'Allow'), when: condition, message: fc.nat(3) })
  .map(({ action, when, message }) => ({
    phase: 'Request',
    action,
    ...(when === undefined ? {} : { when }),
    ...(message === 1 ? { message: 'no' } : {}),
    ...(message === 2 ? { messageExpression: '"not " + request.model' } : {}),
    ...(message === 3 ? { messageExpression: 'string(request.parameters.absent)' } : {}),
  }))
const answerRule = fc
  .constantFrom('response.text.contains("two")', 'response.status == 500', 'response.body.absent == 1', undefined)
  .map((when) => ({ phase: 'Response', action: 'Deny', ...(when === undefined ? {} : { when }) }))

function named(rules: readonly object[]): readonly Rule[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made of the literals above
  return rules.map((rule, i): unknown => ({ name: `r${i}`, ...rule })) as readonly Rule[]
}

const subjects = fc.constantFrom(
  undefined,
  [{ name: 'research', group: 'research' }],
  [{ name: 'nobody', user: 'nobody' }],
  [
    { name: 'nobody', user: 'nobody' },
    { name: 'clearance', when: 'identity.claims.level > 2' },
  ],
  [
    { name: 'fails', when: 'identity.claims.absent == 1' },
    { name: 'all', scopes: ['chat'] },
  ],
)
const risk = fc.constantFrom(
  undefined,
  { scores: [{ name: 'small', when: 'request.model == "small"', weight: 10 }], denyAbove: 5 },
  { scores: [{ name: 'fails', when: 'request.parameters.absent == 1', weight: 10 }], denyAbove: 50 },
)
const limits = fc.constantFrom(
  undefined,
  [{ name: 'calls', key: 'identity.username', requests: 10, window: '1m' }],
  [{ name: 'fails', key: 'string(identity.claims.absent)', concurrent: 1 }],
)

const variables = [
  { name: 'isSmall', expression: 'request.model == "small"' },
  { name: 'fails', expression: 'request.parameters.absent' },
]
const masking = fc.constantFrom(
  undefined,
  { request: [{ name: 'cards', class: 'PCI', action: 'Redact' }] },
  { response: [{ name: 'back', field: '/a', action: 'Hash' }] },
)
const scan: ScanRequest = (classes) => new Map(classes.map(({ name }) => [name, { count: 2, paths: [] }]))
const policy = fc
  .record({
    masking,
    mode: fc.constantFrom('Enforce', 'Enforce', 'Audit', 'Disabled'),
    subjects,
    risk,
    limits,
    rules: fc.array(requestRule, { maxLength: 4 }),
    answers: fc.array(answerRule, { maxLength: 2 }),
    broken: fc.nat(15),
  })
  .map(({ rules, answers, broken, ...spec }) => ({
    ...Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined)),
    variables,
    dataClasses: [{ name: 'PCI', detectors: ['PCI'] }],
    rules: named([
      ...rules,
      ...answers,
      ...(broken === 0 ? [{ phase: 'Request', action: 'Deny', when: 'nonsense' }] : []),
    ]),
  }))
const request = fc.record({ model: fc.constantFrom('small', 'large'), stream: fc.boolean() })

describe('explain', () => {
  it('[EV1] [EV2] comes to what evaluate comes to, whatever the policies', () => {
    const reasons = new Set<string>()
    fc.assert(
      fc.property(fc.array(policy, { maxLength: 4 }), request, fc.boolean(), (specs, asked, paused) => {
        const policies = specs.map((spec, i) => makePolicy(spec, { name: `p${i}` }))
        const connection = compile(policies, paused && asked.stream ? { mode: 'Paused' } : {})
        const facts = makeFacts({ request: asked, scan })
        const judgement = judged(connection, facts)
        expect(explained(connection, facts)).toEqual(judgement)
        reasons.add('reason' in judgement.decision ? judgement.decision.reason : 'Permit')
      }),
      { numRuns: 250, seed: 5 },
    )
    // Otherwise the cases are too tame to show anything.
    expect([...reasons]).toEqual(
      expect.arrayContaining(['Permit', 'DeniedByRule', 'EvaluationFailed', 'PolicyInvalid']),
    )
    expect([...reasons]).toEqual(expect.arrayContaining(['NoRuleAllows', 'NoPolicySelectsCaller', 'ConnectionPaused']))
  })

  it('comes to what evaluate comes to when the budget of a call is used up', () => {
    // Each is under the budget of an expression; together they are over that of a call.
    const loop = '[1,2,3,4,5,6,7,8,9,10]'
    const heavy = `${loop}.all(a, ${loop}.all(b, ${loop}.all(c, ${loop}.all(d, a + b + c + d > 0)))) && request.stream`
    const rules = named(Array.from({ length: 64 }, () => ({ phase: 'Request', action: 'Deny', when: heavy })))
    const connection = compile([makePolicy({ rules: [allowAll, ...rules] })])
    const facts = makeFacts({ request: { stream: false } })
    const judgement = judged(connection, facts)
    expect(judgement.decision).toMatchObject({ reason: 'EvaluationFailed' })
    expect(explained(connection, facts)).toEqual(judgement)
  })

  it('tells what each rule, subject, variable, score, limit and mask says, also after the first denial', () => {
    const connection = compile([
      makePolicy({
        subjects: [
          { name: 'bob', user: 'bob', scopes: ['admin', 'chat'] },
          { name: 'research', group: 'research' },
        ],
        variables,
        rules: [
          allowAll,
          { name: 'small', phase: 'Request', action: 'Deny', when: 'variables.isSmall', message: 'too small' },
          { name: 'streams', phase: 'Request', action: 'Deny', when: 'request.stream' },
          { name: 'fails', phase: 'Request', action: 'Deny', when: 'variables.fails == 1' },
        ],
        risk: {
          scores: [{ name: 'small', when: 'variables.isSmall', weight: 7, reason: 'a small model' }],
          denyAbove: 9,
        },
        limits: [{ name: 'calls', key: 'identity.username', requests: 10, window: '1m' }],
        dataClasses: [{ name: 'PCI', detectors: ['PCI'] }],
        masking: {
          request: [{ name: 'cards', class: 'PCI', action: 'Redact' }],
          response: [{ name: 'back', field: '/patient', action: 'Hash' }],
        },
      }),
    ])
    const failure = 'the expression could not be evaluated (no_such_key)'
    expect(explain(connection, makeFacts()).policies).toEqual([
      {
        policy: 'team-a/policy',
        mode: 'Enforce',
        speaks: 'Yes',
        subjects: [
          { name: 'bob', outcome: 'Differs', in: ['user', 'scopes'] },
          { name: 'research', outcome: 'Matches' },
        ],
        rules: [
          { name: 'allow', action: 'Allow', outcome: 'Matched' },
          { name: 'small', action: 'Deny', outcome: 'Matched', message: 'too small' },
          { name: 'streams', action: 'Deny', outcome: 'NotMatched' },
          { name: 'fails', action: 'Deny', outcome: 'Failed', failure: 'the expression could not be evaluated (host)' },
        ],
        variables: [
          { name: 'isSmall', value: true },
          { name: 'fails', failure },
        ],
        risk: { score: 7, reasons: ['a small model'], denyAbove: 9 },
        limits: [{ limit: 'calls', demand: expect.objectContaining({ key: 'alice', max: 10 }) }],
        masks: [
          { mask: 'cards', phase: 'Request', class: 'PCI', action: 'Redact' },
          { mask: 'back', phase: 'Response', field: '/patient', action: 'Hash' },
        ],
        denied: {
          effect: 'Deny',
          reason: 'DeniedByRule',
          policy: 'team-a/policy',
          rule: 'small',
          message: 'too small',
        },
      },
    ])
  })
})
