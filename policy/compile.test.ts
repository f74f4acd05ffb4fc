import { describe, expect, it } from 'vitest'
import type { InferencePolicySpec } from '../crds/generated/inference-policy.ts'
import { allowAll, makePolicy } from '../test/helpers/make.ts'
import type { PolicyCompilation } from './compiled.ts'
import { compilePolicy } from './compile.ts'
import { environmentsOf } from './environment.ts'
import { makeCompiler } from './expression.ts'

type Spec = Partial<InferencePolicySpec>

function compile(spec: Spec, protocol = 'OpenAI', opaque = false): PolicyCompilation {
  return compilePolicy(makeCompiler(), makePolicy(spec), environmentsOf(protocol, opaque))
}

const problemsOf = (spec: Spec, protocol?: string, opaque?: boolean): readonly string[] =>
  compile(spec, protocol, opaque).problems.map(({ path, reason }) => `${path} ${reason}`)

const answerRule = { name: 'a', phase: 'Response', action: 'Deny' } as const
const score = { name: 'a', when: 'true', weight: 1 }
const calls = { name: 'a', key: 'identity.username', requests: 1, window: '1m' }
const tokens = { name: 'a', key: 'identity.username', tokens: 1, window: '1m' }

describe('compilePolicy', () => {
  it.for<readonly [string, Spec, readonly string[]]>([
    ['risk', { risk: { scores: [score], denyAbove: 1 } }, []],
    ['limits', { limits: [calls, tokens, { name: 'b', key: '"x"', concurrent: 1 }] }, []],
    ['rules for answers', { rules: [answerRule] }, []],
    ['mode Audit', { mode: 'Audit' }, []],
    ['approval for risk', { risk: { scores: [score], approveAbove: 1 } }, ['spec.risk.approveAbove NotSupported']],
    ['masks', { masking: { request: [] } }, []],
    ['approval', { rules: [{ ...allowAll, action: 'RequireApproval' }] }, ['spec.rules[0].action NotSupported']],
    [
      '[AN1] an answer that is allowed',
      { rules: [{ ...answerRule, action: 'Allow' }] },
      ['spec.rules[0].action Invalid'],
    ],
    ['onStream of a request', { rules: [{ ...allowAll, onStream: 'Cut' }] }, ['spec.rules[0].onStream Invalid']],
    [
      'an answer in a request',
      { rules: [{ ...allowAll, when: 'response.status == 200' }] },
      ['spec.rules[0].when InvalidExpression'],
    ],
    [
      'a score of another type',
      { risk: { scores: [{ ...score, when: '1' }], denyAbove: 1 } },
      ['spec.risk.scores[0].when InvalidExpression'],
    ],
    [
      '[LI2] a key that is no text',
      { limits: [{ ...calls, key: 'request.maxTokens' }] },
      ['spec.limits[0].key InvalidExpression'],
    ],
    [
      'a limit without a window',
      { limits: [{ name: 'a', key: '"x"', requests: 1 }] },
      ['spec.limits[0].window Invalid'],
    ],
    ['a window of nothing', { limits: [{ ...calls, window: '0s' }] }, ['spec.limits[0].window Invalid']],
    ['a limit of nothing', { limits: [{ name: 'a', key: '"x"', window: '1m' }] }, ['spec.limits[0] Invalid']],
  ])('%s', ([, spec, expected]) => {
    expect(problemsOf(spec)).toEqual(expected)
  })

  it('tells all problems at once', () => {
    const spec: Spec = {
      variables: [{ name: 'v', expression: 'response.text' }],
      risk: {
        scores: [
          { ...score, when: 'risk.score' },
          { ...score, when: 'nonsense(' },
        ],
        denyAbove: 1,
      },
      limits: [{ ...calls, key: 'nobody' }],
      rules: [{ ...answerRule, when: 'response.txt == ""', messageExpression: '1' }],
    }
    expect(problemsOf(spec)).toEqual([
      'spec.variables[0].expression InvalidExpression',
      'spec.risk.scores[0].when InvalidExpression',
      'spec.risk.scores[1].when InvalidExpression',
      'spec.limits[0].key InvalidExpression',
      'spec.rules[0].when InvalidExpression',
      'spec.rules[0].messageExpression InvalidExpression',
    ])
  })

  it.for<readonly [string, Spec, string]>([
    ['[LI3] tokens that requests do not show', { limits: [tokens] }, 'spec.limits[0].tokens NotSupported'],
    ['[AN1] answers that are not read', { rules: [answerRule] }, 'spec.rules[0] NotSupported'],
  ])('%s, on an opaque connection', ([, spec, expected]) => {
    expect(problemsOf(spec, 'OpenAI', true)).toEqual([expected])
  })

  it('[LI3] limits tokens where requests show them, and nowhere else', () => {
    const all = [
      'OpenAI',
      'Anthropic',
      'OpenInference',
      'Triton',
      'KServeV1',
      'TensorFlowServing',
      'TorchServe',
      'MCP',
      'HTTP',
    ]
    const counting = all.filter((protocol) => problemsOf({ limits: [tokens] }, protocol).length === 0)
    expect(counting).toEqual(['OpenAI', 'Anthropic'])
  })

  it('refuses everything where nothing can be written', () => {
    const spec = { rules: [allowAll, answerRule], risk: { scores: [score], denyAbove: 1 }, limits: [calls] }
    expect(problemsOf(spec, 'GRPC')).toEqual([
      'spec.risk NotSupported',
      'spec.limits[0] NotSupported',
      'spec.rules[0] NotSupported',
      'spec.rules[1] NotSupported',
    ])
  })

  it('[EV10] [LI3] announces what its expressions read, wherever they stand', () => {
    const { policy } = compile({
      variables: [{ name: 'v', expression: 'request.prompt' }],
      subjects: [{ name: 's', when: 'connection.name == ""' }],
      risk: { scores: [{ ...score, when: 'request.model == ""' }], denyAbove: 1 },
      limits: [{ ...tokens, key: 'request.headers["a"]' }],
      rules: [{ ...answerRule, when: 'response.text == ""', messageExpression: 'response.finishReason' }],
    })
    expect([...policy.reads].filter((read) => read.includes('.')).toSorted()).toEqual([
      'connection.name',
      'request.headers',
      'request.inputTokens',
      'request.model',
      'request.prompt',
      'response.finishReason',
      'response.text',
    ])
    expect(compile({ limits: [calls] }).policy.reads.has('request.inputTokens')).toBe(false)
  })

  it.for([
    ['1m', 60_000],
    ['1h30m', 5_400_000],
    ['744h', 2_678_400_000],
    ['1s500ms', 1_500],
  ] as const)('[LI1] reads a window of %s', ([window, windowMs]) => {
    expect(compile({ limits: [{ ...calls, window }] }).policy.limits[0]?.demand).toEqual({
      policy: 'team-a/policy',
      limit: 'a',
      measure: 'Requests',
      max: 1,
      windowMs,
      onUnavailable: 'Deny',
      acts: true,
    })
  })

  it('[LI1] [LI4] [AU6] keeps the measure, the maximum and what is to be done without counters', () => {
    const limits = [
      { ...tokens, onUnavailable: 'LocalShare' },
      { name: 'b', key: '"x"', concurrent: 3 },
    ] as const
    expect(compile({ mode: 'Audit', limits }).policy.limits.map(({ demand }) => demand)).toMatchObject([
      { limit: 'a', measure: 'Tokens', max: 1, windowMs: 60_000, onUnavailable: 'LocalShare', acts: false },
      { limit: 'b', measure: 'Concurrent', max: 3, windowMs: 0, onUnavailable: 'Deny', acts: false },
    ])
  })
})
