// Every rule of the InferencePolicy CRD with objects that it accepts and refuses.
import type { ObjectOfOurs } from './crds-api.ts'
import { forEach, toAcceptedCases, toRefusedCases } from './crds-cases.ts'

const targetRefs = [{ name: 'openai' }]
const approval = { required: 1, lifetime: '15m', hold: 'Wait' }
const askRule = { name: 'ask', phase: 'Request', action: 'RequireApproval' }
const score = { name: 'a', when: 'true', weight: 10 }
const dataClasses = [{ name: 'PII', detectors: ['Email'] }]

function make(spec: object, name = 'production'): ObjectOfOurs {
  return { kind: 'InferencePolicy', metadata: { name }, spec: { mode: 'Enforce', ...spec } }
}

function withRule(fields: object): ObjectOfOurs {
  return make({ targetRefs, rules: [{ name: 'a', phase: 'Request', action: 'Deny', ...fields }] })
}

function withSubject(fields: object): ObjectOfOurs {
  return make({ targetRefs, subjects: [{ name: 'a', ...fields }] })
}

function withMask(phase: 'request' | 'response', fields: object): ObjectOfOurs {
  return make({ targetRefs, dataClasses, masking: { [phase]: [{ name: 'a', action: 'Redact', ...fields }] } })
}

function withLimit(fields: object): ObjectOfOurs {
  return make({ targetRefs, limits: [{ name: 'a', key: 'identity.username', ...fields }] })
}

function withRisk(fields: object): ObjectOfOurs {
  return make({ targetRefs, risk: { scores: [score], ...fields } })
}

function withExpression(fields: object): ObjectOfOurs {
  return make({ targetSelector: { matchExpressions: [{ key: 'tier', operator: 'In', ...fields }] } })
}

function many<Item>(count: number, toItem: (index: number) => Item): readonly Item[] {
  return Array.from({ length: count }, (_, index) => toItem(index))
}

const long = 'x'.repeat(4096)

export const acceptedPolicies = toAcceptedCases({
  'targets by name': make({ targetRefs }),
  'targets by label': make({ targetSelector: { matchLabels: { tier: '' } } }),
  'targets by expression': withExpression({ operator: 'NotIn', values: ['a'] }),
  'targets by an expression without values': withExpression({ key: 'example.com/tier', operator: 'Exists' }),
  'all namespaces': make({ targetNamespaces: { mode: 'All' } }),
  'some namespaces': make({ targetNamespaces: { mode: 'Listed', names: ['a', 'b'] } }),
  audit: make({ mode: 'Audit', targetRefs }),
  disabled: make({ mode: 'Disabled', targetRefs }),
  'a subject of each kind': make({
    targetRefs,
    subjects: [
      { name: 'a', user: 'alice@corp' },
      { name: 'b', group: 'team' },
      { name: 'c', serviceAccount: { namespace: 'a', name: 'b.c' } },
      { name: 'd', issuer: 'https://i' },
      { name: 'e', scopes: ['a', 'b'] },
      { name: 'f', when: 'true' },
    ],
  }),
  'rules of every action': make({
    targetRefs,
    approval,
    rules: [
      askRule,
      { name: 'deny', phase: 'Response', action: 'Deny', message: 'no' },
      { name: 'hold', phase: 'Response', action: 'Deny', onStream: 'Hold' },
      { name: 'cut', phase: 'Response', action: 'Deny', onStream: 'Cut' },
      { name: 'allow', phase: 'Request', action: 'Allow', when: 'true' },
      { name: 'text', phase: 'Request', action: 'Deny', messageExpression: '"a"' },
    ],
  }),
  'approval for risk': make({ targetRefs, approval, risk: { scores: [score], approveAbove: 1, denyAbove: 2 } }),
  'denial for risk alone': withRisk({ denyAbove: 5 }),
  'a mask of a class': withMask('request', { class: 'PII' }),
  'a mask of a field': withMask('request', { field: '/a' }),
  'a pseudonym that is restored': withMask('request', {
    class: 'PII',
    action: 'Pseudonymize',
    restore: 'Response',
    label: 'P',
  }),
  'a partial mask': withMask('response', { class: 'PII', action: 'Partial', keepLast: 0 }),
  'a replacement': withMask('response', { class: 'PII', action: 'Replace', label: 'somebody' }),
  'a limit on requests': withLimit({ requests: 1, window: '1s' }),
  'a limit on tokens': withLimit({ tokens: 1, window: '744h', onUnavailable: 'LocalShare' }),
  'a limit on concurrency': withLimit({ concurrent: 1 }),
  'temporary access': make({ targetRefs, access: { maxDuration: '4h', required: 1, lifetime: '1h', groups: ['g'] } }),
  'guarded changes': make({ targetRefs, changes: { approval: 'Required', required: 8, lifetime: '72h' } }),
  'a policy as large as it may be': make({
    targetRefs: many(16, (i) => ({ name: `c${i}` })),
    subjects: many(8, (i) => ({ name: `s${i}`, when: long })),
    variables: many(32, (i) => ({ name: `v${i}`, expression: long })),
    dataClasses: many(32, (i) => ({ name: `C${i}`, fields: many(16, (j) => `/f${j}`) })),
    rules: many(64, (i) => ({ name: `r${i}`, phase: 'Request', action: 'Deny', when: long })),
    masking: { request: many(64, (i) => ({ name: `m${i}`, class: `C${i % 32}`, action: 'Redact' })) },
    limits: many(16, (i) => ({ name: `l${i}`, key: long, requests: 1, window: '1m' })),
  }),
})

const approvalNeeded = 'asks for approval, so say how it is given'
const exactlyOneTarget = 'set exactly one of targetRefs'
const month = 'must be a duration from 1s to 744h'

export const refusedPolicies = toRefusedCases({
  'a name with capitals': [make({ targetRefs }, 'a.b'), 'metadata.name', 'metadata.name must be a DNS label'],
  'no target': [make({}), 'spec', exactlyOneTarget],
  'two kinds of target': [make({ targetRefs, targetNamespaces: { mode: 'All' } }), 'spec', exactlyOneTarget],
  'three kinds of target': [
    make({ targetRefs, targetNamespaces: { mode: 'All' }, targetSelector: { matchLabels: { a: 'b' } } }),
    'spec',
    exactlyOneTarget,
  ],
  'an empty list of targets': [make({ targetRefs: [] }), 'spec.targetRefs', 'should have at least 1 items'],
  ...forEach([{}, { matchLabels: {} }, { matchExpressions: [] }], (targetSelector) => ({
    'an empty selector': [
      make({ targetSelector }),
      'spec.targetSelector',
      'an empty targetSelector would select every connection',
    ],
  })),
  'In without values': [
    withExpression({}),
    'spec.targetSelector.matchExpressions[0]',
    'operators In and NotIn need values',
  ],
  'Exists with values': [
    withExpression({ operator: 'Exists', values: ['a'] }),
    'spec.targetSelector.matchExpressions[0]',
    'operators In and NotIn need values',
  ],
  'all namespaces, and a list': [
    make({ targetNamespaces: { mode: 'All', names: ['a'] } }),
    'spec.targetNamespaces',
    'names are required for mode: Listed',
  ],
  'a list of no namespaces': [
    make({ targetNamespaces: { mode: 'Listed' } }),
    'spec.targetNamespaces',
    'names are required for mode: Listed',
  ],
  'no mode': [
    { kind: 'InferencePolicy', metadata: { name: 'a' }, spec: { targetRefs } },
    'spec.mode',
    'Required value',
  ],
  'a subject that says nothing': [withSubject({}), 'spec.subjects[0]', 'a subject needs at least one of'],
  'an empty list of subjects': [make({ targetRefs, subjects: [] }), 'spec.subjects', 'should have at least 1 items'],
  'a subject without scopes': [withSubject({ scopes: [] }), 'spec.subjects[0].scopes', 'should have at least 1 items'],
  'a variable that is no identifier': [
    make({ targetRefs, variables: [{ name: 'a-b', expression: '1' }] }),
    'spec.variables[0].name',
    'should match',
  ],
  'an expression that is too long': [withRule({ when: `${long}x` }), 'spec.rules[0].when', 'Too long'],
  'a class that finds nothing': [
    make({ targetRefs, dataClasses: [{ name: 'A' }] }),
    'spec.dataClasses[0]',
    'a data class needs at least one of',
  ],
  'two rules of one name': [
    make({
      targetRefs,
      rules: [
        { name: 'a', phase: 'Request', action: 'Allow' },
        { name: 'a', phase: 'Request', action: 'Deny' },
      ],
    }),
    'spec.rules[1]',
    'Duplicate value',
  ],
  'approval of a response': [
    make({ targetRefs, approval, rules: [{ ...askRule, phase: 'Response' }] }),
    'spec.rules[0].action',
    'only a request can wait for approval',
  ],
  'a response that is allowed': [
    withRule({ phase: 'Response', action: 'Allow' }),
    'spec.rules[0].action',
    'an answer needs no permission',
  ],
  'another way to judge a stream': [
    withRule({ phase: 'Response', onStream: 'Drop' }),
    'spec.rules[0].onStream',
    'Unsupported value',
  ],
  'a request that is judged on the stream': [
    withRule({ onStream: 'Cut' }),
    'spec.rules[0].onStream',
    'use phase: Response',
  ],
  'two messages': [withRule({ message: 'a', messageExpression: '"a"' }), 'spec.rules[0].messageExpression', 'not both'],
  'a rule that asks without saying how': [make({ targetRefs, rules: [askRule] }), 'spec.approval', approvalNeeded],
  'a risk that asks without saying how': [withRisk({ approveAbove: 1 }), 'spec.approval', approvalNeeded],
  'an approval that nothing asks for': [
    make({ targetRefs, approval }),
    'spec.approval',
    'nothing in this policy asks for approval',
  ],
  'risk without threshold': [withRisk({}), 'spec.risk', 'risk needs approveAbove, denyAbove or both'],
  'thresholds the wrong way round': [
    make({ targetRefs, approval, risk: { scores: [score], approveAbove: 2, denyAbove: 2 } }),
    'spec.risk',
    'approveAbove must be below denyAbove',
  ],
  ...forEach(['request', 'response'] as const, (phase) => ({
    'a mask of an undeclared class': [
      withMask(phase, { class: 'PHI' }),
      `spec.masking.${phase}`,
      'names a class that is not declared',
    ],
    'a mask of a class without any class': [
      make({ targetRefs, masking: { [phase]: [{ name: 'a', class: 'PII', action: 'Redact' }] } }),
      `spec.masking.${phase}`,
      'names a class that is not declared',
    ],
    'a mask of nothing': [withMask(phase, {}), `spec.masking.${phase}[0]`, 'set exactly one of class'],
    'a mask of both': [
      withMask(phase, { class: 'PII', field: '/a' }),
      `spec.masking.${phase}[0]`,
      'set exactly one of class',
    ],
    'keepLast without Partial': [
      withMask(phase, { class: 'PII', keepLast: 1 }),
      `spec.masking.${phase}[0].keepLast`,
      'keepLast is only for action: Partial',
    ],
    'a label of Deny': [
      withMask(phase, { class: 'PII', action: 'Deny', label: 'x' }),
      `spec.masking.${phase}[0].label`,
      'write no label',
    ],
    'a replacement without label': [
      withMask(phase, { class: 'PII', action: 'Replace' }),
      `spec.masking.${phase}[0].label`,
      'action: Replace needs label',
    ],
  })),
  'restore of what cannot be restored': [
    withMask('request', { class: 'PII', action: 'Hash', restore: 'Never' }),
    'spec.masking.request[0].restore',
    'restore is only for action: Pseudonymize',
  ],
  'a limit on nothing': [withLimit({ window: '1m' }), 'spec.limits[0]', 'set exactly one of requests'],
  'a limit on two': [
    withLimit({ requests: 1, tokens: 1, window: '1m' }),
    'spec.limits[0]',
    'set exactly one of requests',
  ],
  'a limit without window': [withLimit({ requests: 1 }), 'spec.limits[0].window', 'requests and tokens need window'],
  'concurrency with window': [
    withLimit({ concurrent: 1, window: '1m' }),
    'spec.limits[0].window',
    'requests and tokens need window',
  ],
  ...forEach(['0s', '999ms', '745h', '1d', '1 week'], (time) => ({
    'a window': [withLimit({ requests: 1, window: time }), 'spec.limits[0].window', month],
    'a lifetime of approvals': [
      make({ targetRefs, approval: { ...approval, lifetime: time }, rules: [askRule] }),
      'spec.approval.lifetime',
      month,
    ],
    'a length of access': [
      make({ targetRefs, access: { maxDuration: time, required: 1, lifetime: '1h' } }),
      'spec.access.maxDuration',
      month,
    ],
    'a lifetime of access requests': [
      make({ targetRefs, access: { maxDuration: '1h', required: 1, lifetime: time } }),
      'spec.access.lifetime',
      month,
    ],
    'a lifetime of change requests': [
      make({ targetRefs, changes: { approval: 'Required', required: 1, lifetime: time } }),
      'spec.changes.lifetime',
      month,
    ],
  })),
})
