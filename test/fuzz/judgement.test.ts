// What judgement promises about any policies and any call: order never matters, a denial is never lost, mode Audit never acts, and
// nothing a call holds makes it throw. Policies are made of expressions that hold, do not, fail, and do not compile.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { InferencePolicySpec } from '../../crds/generated/inference-policy.ts'
import type { BundlePolicy } from '../../policy/bundle.ts'
import { evaluate } from '../../policy/evaluate.ts'
import { makeCompiler } from '../../policy/expression.ts'
import type { AnswerVerdict, Judgement } from '../../policy/judgement.ts'
import type { Denied, Facts, ResponseFacts } from '../../policy/model.ts'
import type { CompiledConnection } from '../../policy/snapshot.ts'
import { compileSnapshot } from '../../policy/snapshot.ts'
import { makeBundle, makeFacts, makePolicy } from '../helpers/make.ts'
import { runs } from './runs.ts'

type Rule = NonNullable<InferencePolicySpec['rules']>[number]
type Mode = InferencePolicySpec['mode']

const conditions = [
  'request.model == "small"',
  'request.body.n > 1',
  'request.prompt.contains("x")',
  'request.headers["x-team"] == "a"',
  'request.inputTokens > 10',
  '"sales" in identity.groups',
  'request.model == "large"',
  'request.maxTokens > 1000',
  'request.messages.exists(m, m.role == "system")',
  '"research" in identity.groups',
  'variables.big',
  'variables.big || variables.broken == 1',
  'risk.score > 10',
  'risk.reasons.size() == 0 || request.model == "large"',
]

const answerConditions = [
  'response.text.contains("x")',
  'response.status != 200',
  'response.body.n > 1',
  'response.toolCalls[0].name == "search"',
  'response.outputTokens > 5 && variables.big',
  'risk.score > 10 || response.finishReason == ""',
]

const variables = [
  { name: 'big', expression: 'request.body.n > 5' },
  { name: 'broken', expression: 'request.body.absent' },
]

const keys = [
  'identity.username',
  'request.model',
  'connection.name',
  'string(variables.broken)',
  '"x" + string(request.inputTokens)',
]

/** Left out in so many of ten cases. */
function leftOut(times: number, some: fc.Arbitrary<object>): fc.Arbitrary<object> {
  return fc.oneof({ arbitrary: fc.constant({}), weight: times }, { arbitrary: some, weight: 10 - times })
}

/** Most rules see what they ask for and many are plain, so that enough calls get past all of them. */
function anyCondition(some: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { arbitrary: fc.constant('true'), weight: 2 },
    { arbitrary: fc.constant('false'), weight: 3 },
    { arbitrary: fc.constantFrom(...some), weight: 4 },
  )
}

const requestRule = fc.record({
  phase: fc.constant('Request' as const),
  action: fc.constantFrom<Rule['action'][]>('Allow', 'Allow', 'Allow', 'Allow', 'Deny'),
  when: anyCondition(conditions),
})

const answerRule = fc
  .record({ when: anyCondition(answerConditions), onStream: fc.constantFrom('Hold' as const, 'Cut' as const) })
  .map((rule) => ({ phase: 'Response' as const, action: 'Deny' as const, ...rule }))

const rules = fc
  .array(fc.oneof({ arbitrary: requestRule, weight: 2 }, answerRule), { maxLength: 4 })
  .map((all): Rule[] => all.map((rule, i) => ({ name: `r${i}`, ...rule })))

const risk = fc.record({
  risk: fc.record({
    scores: fc
      .array(fc.record({ when: anyCondition(conditions.slice(0, -2)), weight: fc.integer({ min: -9, max: 20 }) }), {
        minLength: 1,
        maxLength: 3,
      })
      .map((all) => all.map((score, i) => ({ name: `s${i}`, ...score }))),
    denyAbove: fc.constantFrom(15, 30, 100),
  }),
})

const limits = fc.record({
  limits: fc
    .array(
      fc.record({
        key: fc.constantFrom(...keys),
        measure: fc.constantFrom({ requests: 5, window: '1m' }, { tokens: 5, window: '1h' }, { concurrent: 2 }),
      }),
      { minLength: 1, maxLength: 2 },
    )
    .map((all) => all.map(({ key, measure }, i) => ({ name: `l${i}`, key, ...measure }))),
})

const subjects = fc
  .constantFrom({ user: 'alice' }, { user: 'bob' }, { when: 'identity.claims.level >= 3' })
  .map((subject) => ({ subjects: [{ name: 'callers', ...subject }] }))

const modes: fc.Arbitrary<Mode> = fc.constantFrom<Mode[]>(
  'Enforce',
  'Enforce',
  'Enforce',
  'Enforce',
  'Audit',
  'Audit',
  'Disabled',
)

/** Without a name, so that a case can put one anywhere in the order. */
function anySpec(mode: fc.Arbitrary<Mode>): fc.Arbitrary<Partial<InferencePolicySpec>> {
  return fc
    .tuple(
      mode,
      rules,
      leftOut(1, risk),
      leftOut(5, limits),
      leftOut(7, subjects),
      leftOut(1, fc.constant({ variables })),
    )
    .map(([chosen, written, ...rest]) => Object.assign({ mode: chosen, rules: written }, ...rest))
}

const policies = fc
  .array(anySpec(modes), { minLength: 1, maxLength: 4, size: 'max' })
  .map((specs) => specs.map((spec, i) => makePolicy(spec, { name: `p${i * 2 + 1}` })))
  .chain((all) => fc.constantFrom(all, [...all, makePolicy({}, { name: 'p8' })]))

/** Some that make rules hold, and any JSON at all. */
const json = fc.oneof({ arbitrary: fc.record({ n: fc.integer({ min: 0, max: 9 }) }), weight: 9 }, fc.jsonValue())

const calls = fc
  .record({
    model: fc.constantFrom('small', 'large', ''),
    prompt: fc.string(),
    body: json,
    groups: fc.constantFrom(['research'], []),
    claims: fc.constantFrom({ level: 3 }, { level: 'high' }, {}),
    more: fc.constantFrom({ inputTokens: 5 }, { inputTokens: 8 }, { inputTokens: 50 }, { inputTokens: 7 }, {}),
  })
  .map(({ groups, claims, more, model, prompt, body }) =>
    makeFacts({
      identity: { groups, claims },
      request: { model, prompt, body: body as Facts['request']['body'] & {}, ...more },
    }),
  )

const answers: fc.Arbitrary<ResponseFacts> = fc
  .record({
    status: fc.constantFrom(200, 500),
    text: fc.string(),
    finishReason: fc.constantFrom('', 'stop'),
    toolCalls: fc.constantFrom([], [{ id: 'a', name: 'search', arguments: '{}', input: {} }]),
    usage: fc.constantFrom({}, { usage: { inputTokens: 1, outputTokens: 9 } }),
    body: json,
  })
  .map(({ usage, body, ...rest }) => ({ ...rest, ...usage, body: body as ResponseFacts['body'] }))

const compile = makeCompiler()

function connect(all: readonly BundlePolicy[]): CompiledConnection {
  const steps = compileSnapshot(compile, makeBundle({ policies: all }))
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  const connection = step.value.connections.get('team-a/chat')
  if (connection === undefined) throw new Error('the connection is missing')
  return connection
}

const judge = (all: readonly BundlePolicy[], facts: Facts): Judgement => evaluate(connect(all), facts)

/** As plain data: permits compare by what they grant. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null))

function verdictOf({ answer }: Judgement, facts: ResponseFacts): AnswerVerdict {
  return answer?.judge(facts) ?? { shadow: [] }
}

/** Everything that a call can notice of a judgement. */
function effectOf(judgement: Judgement, answer: ResponseFacts, soFar: ResponseFacts): unknown {
  const { decision, demands } = judgement
  const acting = demands.filter(({ acts }) => acts)
  const first = judgement.answer?.judge(soFar, true).denied
  return plain({ decision, acting, first, denied: verdictOf(judgement, answer).denied })
}

const denyAll: Rule = { name: 'added', phase: 'Request', action: 'Deny' }
const allowAll: Rule = { name: 'added', phase: 'Request', action: 'Allow' }

function withRule(all: readonly BundlePolicy[], at: number, rule: Rule): readonly BundlePolicy[] {
  return all.map((policy, i) =>
    i === at ? { ...policy, spec: { ...policy.spec, rules: [...(policy.spec.rules ?? []), rule] } } : policy,
  )
}

/** By a policy's own will, not for want of a permission. */
const isVeto = ({ reason }: Denied): boolean => reason !== 'NoRuleAllows' && reason !== 'NoPolicySelectsCaller'

/** From an answer that nobody looks at to one that nobody sees. */
function strictness(judgement: Judgement, answer: ResponseFacts): number {
  if (judgement.decision.effect === 'Deny' || verdictOf(judgement, answer).denied !== undefined) return 3
  const { manner, acts } = judgement.answer ?? { manner: 'Cut', acts: false }
  return acts ? { Cut: 1, Hold: 2 }[manner] : 0
}

const places = fc.nat({ max: 4 })

const denials = ['DeniedByRule', 'EvaluationFailed']
const ownDenials = [...denials, 'PolicyInvalid', 'RiskTooHigh']
const outcomes = [
  'Permit',
  'NoPolicySelectsCaller',
  'NoRuleAllows',
  ...ownDenials,
  ...ownDenials.map((reason) => `shadow ${reason}`),
  ...['Requests', 'Tokens', 'Concurrent'].flatMap((measure) => [`${measure} acts`, `${measure} audited`]),
  'Hold',
  'Cut',
  'answer unjudged',
  'answer passes',
  ...denials.flatMap((reason) => [`answer ${reason}`, `answer shadow ${reason}`]),
]

test('the cases reach every outcome', () => {
  const samples = fc.sample(fc.tuple(policies, calls, answers), { numRuns: 2_000, seed: 1 })
  const reached = new Set(samples.flatMap(([all, facts, answer]) => listOutcomes(judge(all, facts), answer)))
  expect([...reached].toSorted()).toEqual(outcomes.toSorted())
})

function listOutcomes(judgement: Judgement, answer: ResponseFacts): readonly string[] {
  const { decision, shadow, demands } = judgement
  const verdict = verdictOf(judgement, answer)
  return [
    decision.effect === 'Deny' ? decision.reason : 'Permit',
    ...shadow.map(({ reason }) => `shadow ${reason}`),
    ...demands.map(({ measure, acts }) => `${measure} ${acts ? 'acts' : 'audited'}`),
    judgement.answer?.manner ?? 'answer unjudged',
    `answer ${verdict.denied?.reason ?? 'passes'}`,
    ...verdict.shadow.map(({ reason }) => `answer shadow ${reason}`),
  ]
}

describe('judgement of any policies', () => {
  test('[EV3] does not depend on their order', () => {
    fc.assert(
      fc.property(policies, calls, answers, (all, facts, answer) => {
        const shuffled = all.toReversed()
        const [one, other] = [judge(all, facts), judge(shuffled, facts)]
        expect(plain({ ...one, verdict: verdictOf(one, answer) })).toEqual(
          plain({ ...other, verdict: verdictOf(other, answer) }),
        )
      }),
      runs,
    )
  })

  test('[EV2] allows nothing more when a denial is added, to a policy or beside all', () => {
    const added = anyCondition(conditions).map((when): Rule => ({ ...denyAll, when }))
    fc.assert(
      fc.property(policies, calls, added, places, (all, facts, rule, at) => {
        if (judge(all, facts).decision.effect === 'Permit') return
        expect(judge(withRule(all, at, rule), facts).decision.effect).toBe('Deny')
        expect(judge([...all, makePolicy({ rules: [rule] }, { name: 'p4' })], facts).decision.effect).toBe('Deny')
      }),
      runs,
    )
  })

  test('[EV2] refuses whatever a rule without a condition denies', () => {
    const denying = makePolicy({ rules: [allowAll, denyAll] }, { name: 'p4' })
    fc.assert(
      fc.property(policies, calls, (all, facts) => {
        expect(judge([...all, denying], facts).decision.effect).toBe('Deny')
      }),
      runs,
    )
  })

  test('[AN2] lets no more of an answer pass when a rule for answers is added', () => {
    const added = fc.record({ rule: answerRule, at: places })
    fc.assert(
      fc.property(policies, calls, answers, added, (all, facts, answer, { rule, at }) => {
        const before = judge(all, facts)
        const after = judge(withRule(all, at, { name: 'added', ...rule }), facts)
        expect(strictness(after, answer)).toBeGreaterThanOrEqual(strictness(before, answer))
      }),
      runs,
    )
  })

  test('[AU1] is the same to the caller with a policy in mode Audit and without it', () => {
    const audit = fc.record({ spec: anySpec(fc.constant('Audit')), name: fc.constantFrom('p0', 'p4', 'p9') })
    fc.assert(
      fc.property(policies, calls, audit, fc.tuple(answers, answers), (all, facts, { spec, name }, [answer, soFar]) => {
        const before = judge(all, facts)
        const after = judge([...all, makePolicy(spec, { name })], facts)
        expect(effectOf(after, answer, soFar)).toEqual(effectOf(before, answer, soFar))
        expect(after.answer?.manner ?? 'Cut').toBe(before.answer?.manner ?? 'Cut')
        expect(after.answer?.acts ?? false).toBe(before.answer?.acts ?? false)
      }),
      runs,
    )
  })

  test('[AU2] shadows exactly what the policy would deny if it were enforced beside the others', () => {
    const open = makePolicy({}, { name: 'open' })
    const canary = anySpec(fc.constant('Enforce'))
    fc.assert(
      fc.property(canary, calls, answers, (spec, facts, answer) => {
        const enforced = judge([open, makePolicy(spec, { name: 'canary' })], facts)
        const audited = judge([open, makePolicy({ ...spec, mode: 'Audit' }, { name: 'canary' })], facts)
        expect(audited.shadow).toEqual(enforced.decision.effect === 'Deny' ? [enforced.decision] : [])
        const { denied } = verdictOf(enforced, answer)
        expect(verdictOf(audited, answer).shadow).toEqual(denied === undefined ? [] : [denied])
        expect(audited.demands).toEqual(enforced.demands.map((demand) => ({ ...demand, acts: false })))
      }),
      runs,
    )
  })

  test('[EV2] keeps the denial of one policy whatever another allows', () => {
    fc.assert(
      fc.property(policies, calls, places, (all, facts, at) => {
        const { decision } = judge(all, facts)
        if (decision.effect === 'Permit' || !isVeto(decision)) return
        expect(judge(withRule(all, at, allowAll), facts).decision.effect).toBe('Deny')
        expect(judge([...all, makePolicy({}, { name: 'p4' })], facts).decision.effect).toBe('Deny')
      }),
      runs,
    )
  })

  test('[EV4] never throws, whatever is missing from the facts', () => {
    const fields = fc.subarray(Object.keys(makeFacts().request))
    const loose = fc.record({
      whole: calls,
      kept: fields,
      answer: answers,
      answered: fc.subarray(['status', 'text', 'body']),
    })
    fc.assert(
      fc.property(policies, loose, (all, { whole, kept, answer, answered }) => {
        const facts = { ...whole, request: pick(whole.request, kept) } as Facts
        const judgement = judge(all, facts)
        expect(['Permit', 'Deny']).toContain(judgement.decision.effect)
        expect(() => verdictOf(judgement, pick(answer, answered) as ResponseFacts)).not.toThrow()
      }),
      runs,
    )
  })

  test('[EV10] reads nothing of a request that the connection does not announce', () => {
    fc.assert(
      fc.property(policies, calls, answers, (all, facts, answer) => {
        const read = new Set<string>()
        const connection = connect(all)
        const judgement = evaluate(connection, { ...facts, request: watch(facts.request, read) })
        verdictOf(judgement, answer)
        expect([...read].filter((field) => !connection.reads.has(field))).toEqual([])
      }),
      runs,
    )
  })
})

function pick(from: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)))
}

/** The same values, read through getters that take note. */
function watch<Fields extends object>(fields: Fields, read: Set<string>): Fields {
  const watched = {}
  for (const [field, value] of Object.entries(fields)) {
    const get = (): unknown => {
      read.add(`request.${field}`)
      return value
    }
    Object.defineProperty(watched, field, { enumerable: true, get })
  }
  return watched as Fields
}
