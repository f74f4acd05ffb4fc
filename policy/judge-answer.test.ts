import { describe, expect, it } from 'vitest'
import type { InferencePolicySpec } from '../crds/generated/inference-policy.ts'
import type { ModelConnectionSpec } from '../crds/generated/model-connection.ts'
import { allowAll, makeBundle, makeConnection, makeFacts, makePolicy, makeSnapshot } from '../test/helpers/make.ts'
import type { BundlePolicy } from './bundle.ts'
import { evaluate } from './evaluate.ts'
import type { AnswerJudge, Judgement } from './judgement.ts'
import type { ResponseFacts } from './model.ts'

type Rule = NonNullable<InferencePolicySpec['rules']>[number]
type OnStream = NonNullable<Rule['onStream']>

function judge(policies: readonly BundlePolicy[], spec: Partial<ModelConnectionSpec> = {}): Judgement {
  const bundle = makeBundle({ policies, connections: [makeConnection(spec)] })
  const compiled = makeSnapshot(bundle).connections.get('team-a/chat')
  if (compiled === undefined) throw new Error('the connection is missing')
  return evaluate(compiled, makeFacts())
}

function answerJudge(policies: readonly BundlePolicy[]): AnswerJudge {
  const { answer, decision } = judge(policies)
  if (answer === undefined) throw new Error(`nobody judges answers: ${JSON.stringify(decision)}`)
  return answer
}

const rule = (when: string, onStream?: OnStream): Rule => ({
  name: 'answer',
  phase: 'Response',
  action: 'Deny',
  when,
  ...(onStream === undefined ? {} : { onStream }),
})

const open = makePolicy({}, { name: 'open' })
const withRules = (rules: readonly Rule[], name = 'policy'): BundlePolicy =>
  makePolicy({ rules: [allowAll, ...rules] }, { name })
const audit = (rules: readonly Rule[], name = 'audit'): BundlePolicy => makePolicy({ mode: 'Audit', rules }, { name })

const says = (text: string, more: Partial<ResponseFacts> = {}): ResponseFacts => ({
  status: 200,
  text,
  toolCalls: [],
  finishReason: '',
  body: null,
  ...more,
})

const denied = { effect: 'Deny', reason: 'DeniedByRule', policy: 'team-a/policy', rule: 'answer' }
const bird = 'response.text.contains("Nightjar")'

describe('rules for answers', () => {
  it('[AN1] are absent where no policy has them, and where the call is refused', () => {
    expect(judge([open])).not.toHaveProperty('answer')
    const refusing = withRules([{ name: 'no', phase: 'Request', action: 'Deny' }, rule(bird)])
    expect(judge([refusing])).not.toHaveProperty('answer')
  })

  it('[AN1] never judge a request', () => {
    expect(judge([withRules([rule('true')])]).decision.effect).toBe('Permit')
  })

  it.for<readonly [string, string]>([
    ['the answer', 'response.status == 200 && response.text == "hi" && response.body == null'],
    ['tool calls', 'response.toolCalls[0].input.query == "x" && response.toolCalls[0].arguments.size() == 13'],
    ['how it ended', 'response.finishReason == "stop"'],
    ['[AN6] the tokens that were counted', 'response.outputTokens == 7'],
    ['the request', 'request.model == "small" && identity.username == "alice" && connection.name == "chat"'],
  ])('[AN1] see %s', ([, when]) => {
    const facts = says('hi', {
      finishReason: 'stop',
      usage: { inputTokens: 1, outputTokens: 7 },
      toolCalls: [{ id: 'a', name: 'search', arguments: '{"query":"x"}', input: { query: 'x' } }],
    })
    expect(answerJudge([withRules([rule(when)])]).judge(facts)).toEqual({ denied, shadow: [] })
    expect(answerJudge([withRules([rule(`!(${when})`)])]).judge(facts)).toEqual({ shadow: [] })
  })

  it('[AN6] see 0 tokens where none were counted', () => {
    expect(answerJudge([withRules([rule('response.outputTokens == 0')])]).judge(says('')).denied).toBeDefined()
  })

  it('[AN1] see the variables and the risk of the request', () => {
    const policy = makePolicy({
      variables: [{ name: 'word', expression: 'request.prompt' }],
      risk: { scores: [{ name: 'a', when: 'variables.word == "hello"', weight: 5 }], denyAbove: 9 },
      rules: [allowAll, rule('response.text.contains(variables.word) && risk.score == 5 && risk.reasons == ["a"]')],
    })
    const { judge: ask } = answerJudge([policy])
    expect(ask(says('oh, hello'))).toEqual({ denied, shadow: [] })
    expect(ask(says('oh'))).toEqual({ shadow: [] })
  })

  it('[AN2] deny when they cannot be evaluated', () => {
    const { judge: ask } = answerJudge([withRules([rule('response.toolCalls[0].name == "x"')])])
    expect(ask(says('hi'))).toEqual({ denied: { ...denied, reason: 'EvaluationFailed' }, shadow: [] })
  })

  it('[AN2] report the first denial by the name of its policy, then as written', () => {
    const twice = [rule('true'), { ...rule('true'), name: 'again' }]
    const { judge: ask } = answerJudge([withRules(twice, 'b'), withRules(twice, 'a')])
    expect(ask(says('')).denied).toMatchObject({ policy: 'team-a/a', rule: 'answer' })
  })

  it('[EV7] may compute the message, whose failure leaves the denial', () => {
    const saying = { ...rule('true'), messageExpression: 'identity.username + " got " + response.body.word' }
    const { judge: ask } = answerJudge([withRules([saying])])
    expect(ask(says('', { body: { word: 'it' } })).denied).toEqual({ ...denied, message: 'alice got it' })
    expect(ask(says('')).denied).toEqual(denied)
  })

  it('are asked by their own policy’s callers alone', () => {
    const others = makePolicy({ subjects: [{ name: 'bob', user: 'bob' }], rules: [rule('true')] }, { name: 'others' })
    expect(judge([open, others])).not.toHaveProperty('answer')
  })
})

describe('manner', () => {
  it.for([
    ['[AN3] without onStream', [withRules([rule(bird)])], 'Hold', true],
    ['[AN3] with Hold', [withRules([rule(bird, 'Hold')])], 'Hold', true],
    ['[AN4] with Cut', [withRules([rule(bird, 'Cut')])], 'Cut', true],
    ['[AN3] of both', [withRules([rule(bird, 'Cut')], 'a'), withRules([rule(bird)])], 'Hold', true],
    ['[AN5] of mode Audit alone', [open, audit([rule(bird)])], 'Cut', false],
    ['[AN5] of mode Audit beside one that cuts', [withRules([rule(bird, 'Cut')]), audit([rule(bird)])], 'Cut', true],
  ] as const)('%s', ([, policies, manner, acts]) => {
    expect(answerJudge(policies)).toMatchObject({ manner, acts })
  })
})

describe('an answer that grows', () => {
  it('[AN4] is refused where a rule with Cut first matches', () => {
    const { judge: ask } = answerJudge([withRules([rule(bird, 'Cut')])])
    expect(ask(says('The Night'), true)).toEqual({ shadow: [] })
    expect(ask(says('The Nightjar'), true)).toEqual({ denied, shadow: [] })
  })

  it('[AN5] stays refused in the shadow where it would have been cut', () => {
    const { judge: ask } = answerJudge([open, audit([rule('response.text == "a"', 'Cut')])])
    const shadow = [{ ...denied, policy: 'team-a/audit' }]
    expect(ask(says(''), true)).toEqual({ shadow: [] })
    expect(ask(says('a'), true)).toEqual({ shadow })
    expect(ask(says('ab'), true)).toEqual({ shadow })
    expect(ask(says('abc'))).toEqual({ shadow })
  })

  it('[AN5] is shown to rules of mode Audit that hold at its end alone', () => {
    const { judge: ask } = answerJudge([open, audit([rule('response.text.size() < 3')])])
    expect(ask(says('a'), true)).toEqual({ shadow: [] })
    expect(ask(says('abc'))).toEqual({ shadow: [] })
    expect(ask(says('ab')).shadow).toHaveLength(1)
  })

  it('[AN5] is shadowed once for each policy, beside the denial that acts', () => {
    const rules = [rule('true', 'Cut'), { ...rule('true'), name: 'again' }]
    const { judge: ask } = answerJudge([withRules(rules), audit(rules, 'x'), audit(rules, 'y')])
    const { denied: acting, shadow } = ask(says(''))
    expect(acting).toEqual(denied)
    expect(shadow.map(({ policy, rule: name }) => `${policy} ${name}`)).toEqual(['team-a/x answer', 'team-a/y answer'])
  })

  it('[EV9] has a budget for each time it is judged', () => {
    const loops = 'response.text.split("").all(a, response.text.split("").all(b, a == b || true))'
    const most = Array.from({ length: 25 }, (_, i) => ({ ...rule(`!(${loops})`, 'Cut'), name: `r${i}` }))
    const { judge: ask } = answerJudge([withRules(most)])
    for (let i = 0; i < 4; i += 1) expect(ask(says('x'.repeat(120)), true)).toEqual({ shadow: [] })
  })
})
