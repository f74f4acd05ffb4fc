// One line for each thing that happened, and silence about the rest.
import { describe, expect, it } from 'vitest'
import type { InferencePolicy, ModelConnection } from '../operator/objects.ts'
import { toLogLine, toObjectLines } from './news.ts'

type Status = NonNullable<InferencePolicy['status']>

function makePolicy(status?: Status): InferencePolicy {
  const metadata = { namespace: 'team', name: 'policy', uid: 'u', resourceVersion: '9', generation: 2 }
  const base = { apiVersion: 'portcullis.dev/v1alpha1', kind: 'InferencePolicy', metadata, spec: { mode: 'Enforce' } }
  return status === undefined ? { ...base, spec: { mode: 'Enforce' } } : { ...base, spec: { mode: 'Enforce' }, status }
}

const condition = (type: string, status: 'True' | 'False' | 'Unknown', message: string) => ({
  type,
  status,
  reason: 'SomeReason',
  message,
  lastTransitionTime: '2026-01-01T00:00:00Z',
})

describe('toObjectLines', () => {
  it.each<[string, Status | undefined, readonly string[]]>([
    ['nothing before the operator looked', undefined, []],
    [
      'nothing about an older generation',
      { observedGeneration: 1, problems: [{ path: 'a', reason: 'b', message: 'c' }] },
      [],
    ],
    [
      'nothing while it is on its way',
      { observedGeneration: 2, conditions: [condition('Accepted', 'True', 'fine')] },
      [],
    ],
    [
      'whom it is in force for',
      { observedGeneration: 2, conditions: [condition('Ready', 'True', 'fine')], targets: ['team/chat', 'team/code'] },
      ['InferencePolicy team/policy: in force for team/chat, team/code'],
    ],
    [
      'that it has no effect',
      { observedGeneration: 2, conditions: [condition('Ready', 'True', 'fine')], targetCount: '0' },
      ['InferencePolicy team/policy: in force, but it selects no connection'],
    ],
    [
      'every problem, with its place inside an expression',
      {
        observedGeneration: 2,
        conditions: [condition('Accepted', 'False', 'see problems')],
        problems: [
          {
            path: 'spec.rules[0].when',
            reason: 'InvalidExpression',
            message: 'unknown field "modle"',
            line: 1,
            column: 9,
          },
          { path: 'spec.masking', reason: 'NotSupported', message: 'remove it' },
        ],
      },
      [
        'InferencePolicy team/policy, spec.rules[0].when 1:9: unknown field "modle"',
        'InferencePolicy team/policy, spec.masking: remove it',
      ],
    ],
    [
      'the first line of what failed where there are no problems of the spec',
      {
        observedGeneration: 2,
        conditions: [
          condition('Accepted', 'True', 'fine'),
          condition('ResolvedRefs', 'False', 'no such Secret\napiVersion: v1'),
          condition('Ready', 'False', 'because of that'),
        ],
      },
      ['InferencePolicy team/policy: SomeReason, no such Secret'],
    ],
  ])('says %s', (_, status, lines) => {
    expect(toObjectLines(makePolicy(status), 'http://gateway')).toEqual(lines)
  })
})

describe('toObjectLines of a connection', () => {
  it('says where it is ready', () => {
    const status = { observedGeneration: 2, conditions: [condition('Ready', 'True', 'fine')] }
    const { metadata } = makePolicy()
    const connection = (routes: readonly string[]): ModelConnection => ({
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'ModelConnection',
      metadata,
      spec: { mode: 'Active', protocol: 'OpenAI', endpoints: [] },
      status: { ...status, routes },
    })
    expect(toObjectLines(connection(['/team/chat/']), 'http://gateway')).toEqual([
      'ModelConnection team/policy: ready at http://gateway/team/chat/',
    ])
    expect(toObjectLines(connection(['models.example.com/']), 'http://gateway')).toEqual([
      'ModelConnection team/policy: ready at http://models.example.com/',
    ])
  })
})

describe('toLogLine', () => {
  const call = {
    level: 30,
    msg: 'call',
    session: 's',
    connection: 'team/chat',
    status: 200,
    ms: 2.6,
    outcome: 'Completed',
  }

  it.each([
    ['an allowed call', call, 'team/chat 200 (3 ms)'],
    [
      'a denied call with its rule',
      { ...call, status: 403, code: 'policy_denied', rule: 'team/policy/no' },
      'team/chat 403 policy_denied, team/policy/no (3 ms)',
    ],
    [
      'a call that met no connection',
      { ...call, connection: undefined, status: 404, code: 'route_not_found' },
      'no connection 404 route_not_found (3 ms)',
    ],
  ])('tells %s', (_, logged, line) => {
    expect(toLogLine(JSON.stringify(logged))).toBe(line)
  })

  it.each([
    [
      { msg: 'the settings are invalid', problems: ['issuers: must be a list', 'b'] },
      'the settings are invalid: issuers: must be a list: b',
    ],
    [{ msg: 'endpoint failed', reason: 'r', cause: 'Error ECONNREFUSED' }, 'endpoint failed: r: Error ECONNREFUSED'],
  ])('passes a warning on: %j', (logged, line) => {
    expect(toLogLine(JSON.stringify({ level: 40, ...logged }))).toBe(line)
    expect(toLogLine(JSON.stringify({ level: 30, ...logged }))).toBeUndefined()
  })

  it.each([[JSON.stringify({ level: 30, msg: 'listening' })], ['not json'], ['null'], ['[]']])(
    'is silent about %s',
    (logged) => {
      expect(toLogLine(logged)).toBeUndefined()
    },
  )
})
