import { describe, expect, it } from 'vitest'
import type { InferencePolicySpec } from '../crds/generated/inference-policy.ts'
import type { ModelConnectionContent } from '../crds/generated/model-connection.ts'
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
import type { CompiledPolicy } from './compiled.ts'
import { evaluate } from './evaluate.ts'
import { makeCompiler } from './expression.ts'
import type { Judgement } from './judgement.ts'
import { noMasks } from './judgement.ts'
import type { CompiledClass, MaskDemand } from './masking/demand.ts'
import type { Facts, FoundClass } from './model.ts'
import { toProblemText } from './problem.ts'
import type { CompiledConnection, Snapshot } from './snapshot.ts'
import { compileSnapshot } from './snapshot.ts'

type Spec = Partial<InferencePolicySpec>

const pci = { name: 'PCI', detectors: ['PCI'] }

function masking(name: string, spec: Spec = {}): BundlePolicy {
  const masks = { request: [{ name, class: 'PCI', action: 'Redact' as const }] }
  return makePolicy({ dataClasses: [pci], masking: masks, rules: [], ...spec }, { name })
}

const open = makePolicy({ rules: [allowAll] }, { name: 'open' })

function connect(policies: readonly BundlePolicy[], connection?: BundleConnection, before?: Snapshot): Snapshot {
  return makeSnapshot(
    makeBundle({ policies, ...(connection === undefined ? {} : { connections: [connection] }) }),
    before,
  )
}

function chatOf({ connections }: Snapshot): CompiledConnection {
  const chat = connections.get('team-a/chat')
  if (chat === undefined) throw new Error('the connection is missing')
  return chat
}

function firstOf(snapshot: Snapshot): CompiledPolicy {
  const [first] = chatOf(snapshot).policies
  if (first === undefined) throw new Error('the policy is missing')
  return first
}

const judge = (policies: readonly BundlePolicy[], facts: Facts = makeFacts()): Judgement =>
  evaluate(chatOf(connect(policies)), facts)

const told = (demands: readonly MaskDemand[]): readonly string[] =>
  demands.map(({ policy, name, acts }) => `${policy}/${name}${acts ? '' : ' (audit)'}`)

describe('what is to be masked', () => {
  it('[MK4] comes from every policy that speaks about the caller, whoever allows the call', () => {
    const policies = [
      masking('a'),
      masking('b', { subjects: [{ name: 's', group: 'research' }] }),
      masking('c', { subjects: [{ name: 's', group: 'sales' }] }),
      open,
    ]
    for (const order of [policies, policies.toReversed()]) {
      const { decision, masks } = judge(order)
      expect(decision.effect).toBe('Permit')
      expect(told(masks.request)).toEqual(['team-a/a/a', 'team-a/b/b'])
      expect(masks.response).toEqual([])
    }
  })

  it('[MK4] [MK13] stands beside what policies in mode Audit would mask, and those in mode Disabled add nothing', () => {
    const policies = [masking('a', { mode: 'Audit' }), masking('b'), masking('c', { mode: 'Disabled' }), open]
    expect(told(judge(policies).masks.request)).toEqual(['team-a/b/b', 'team-a/a/a (audit)'])
    expect(told(judge([masking('a', { mode: 'Audit' }), open]).masks.request)).toEqual(['team-a/a/a (audit)'])
  })

  it('[MK13] comes from no policy in mode Audit that would have refused the call', () => {
    expect(judge([masking('a', { mode: 'Audit', rules: [denyWhen('true')] }), open]).masks).toBe(noMasks)
  })

  it.for<readonly [string, readonly BundlePolicy[]]>([
    ['that nobody allows', [masking('a')]],
    ['that somebody denies', [masking('a'), makePolicy({ rules: [denyWhen('true')] }), open]],
    ['that masks nothing', [open]],
  ])('[MK4] is nothing for a call %s', ([, policies]) => {
    expect(judge(policies).masks).toBe(noMasks)
  })

  it('[MK4] is one object for the same policies, so that engines can be kept by it', () => {
    const everybody = [masking('a'), masking('b'), open]
    const research = masking('c', { subjects: [{ name: 's', group: 'research' }] })
    const connection = chatOf(connect([...everybody, research]))
    const ask = (groups: readonly string[]): Judgement['masks'] =>
      evaluate(connection, makeFacts({ identity: { groups } })).masks
    expect(ask([])).toBe(ask([]))
    expect(ask(['research'])).not.toBe(ask([]))
    expect(told(ask(['research']).request)).toEqual(['team-a/a/a', 'team-a/b/b', 'team-a/c/c'])
    expect(told(ask([]).request)).toEqual(['team-a/a/a', 'team-a/b/b'])
  })
})

class Scanning {
  readonly asked: (readonly string[])[] = []
  readonly #found: FoundClass

  constructor(count: number, paths: readonly string[] = []) {
    this.#found = { count, paths }
  }

  readonly scan = (classes: readonly CompiledClass[]): ReadonlyMap<string, FoundClass> => {
    this.asked.push(classes.map(({ name }) => name))
    return new Map(classes.map(({ name }) => [name, this.#found]))
  }
}

const asking = (when: string, spec: Spec = {}): BundlePolicy =>
  makePolicy({ dataClasses: [pci, { name: 'PHI', detectors: ['PHI'] }], rules: [denyWhen(when), allowAll], ...spec })

describe('findings of a request', () => {
  it.for([
    ['findings.PCI.count > 1', 'DeniedByRule'],
    ['findings["PHI"].paths.exists(path, path == "/messages/0/content")', 'DeniedByRule'],
    ['findings.exists(name, findings[name].count == 2)', 'DeniedByRule'],
    ['findings.size() == 2', 'DeniedByRule'],
    ['findings.PCI.count > 2', undefined],
    ['findings[request.model].count > 0', 'EvaluationFailed'],
  ] as const)('[MK2] [MK3] decide: %s', ([when, reason]) => {
    const { scan } = new Scanning(2, ['/messages/0/content'])
    const { decision } = judge([asking(when)], makeFacts({ scan }))
    expect('reason' in decision ? decision.reason : undefined).toBe(reason)
  })

  it('[MK2] are worked out when a rule asks, once for all rules of a policy and its answer', () => {
    const scanning = new Scanning(0)
    const twice: Spec = {
      variables: [{ name: 'found', expression: 'findings.PCI.count' }],
      rules: [
        denyWhen('findings.PCI.count > 1 || variables.found > 1'),
        allowAll,
        { name: 'answer', phase: 'Response', action: 'Deny', when: 'findings.PHI.count > 1' },
      ],
    }
    const { answer } = judge([asking('true', twice)], makeFacts({ scan: scanning.scan }))
    const response = { status: 200, text: '', toolCalls: [], finishReason: '', body: null }
    expect(answer?.judge(response).denied).toBeUndefined()
    expect(scanning.asked).toEqual([['PCI', 'PHI']])
  })

  it('[MK2] are not worked out where no rule asks, or none of those that are looked at', () => {
    const scanning = new Scanning(0)
    judge(
      [asking('request.model == "other" && findings.PCI.count > 1'), masking('a'), open],
      makeFacts({ scan: scanning.scan }),
    )
    expect(scanning.asked).toEqual([])
  })

  it('[MK2] are those of the own classes of each policy', () => {
    const scanning = new Scanning(0)
    const other = makePolicy({ dataClasses: [pci], rules: [denyWhen('findings.PCI.count > 0')] }, { name: 'other' })
    judge([asking('findings.PCI.count > 0'), other], makeFacts({ scan: scanning.scan }))
    expect(scanning.asked).toEqual([['PCI'], ['PCI', 'PHI']])
  })

  it('[MK2] that nobody can give deny, whatever stands beside them', () => {
    const { decision } = judge([asking('findings.PCI.count > 0 || true')])
    expect(decision).toMatchObject({ effect: 'Deny', reason: 'EvaluationFailed', rule: 'deny' })
  })

  it('[MK2] are seen by policies in mode Audit', () => {
    const { shadow } = judge([asking('findings.PCI.count > 1', { mode: 'Audit' }), open], makeFacts(new Scanning(2)))
    expect(shadow).toMatchObject([{ reason: 'DeniedByRule' }])
  })
})

const text = { phase: 'Request', kind: 'Text' } as const
const content: ModelConnectionContent = {
  mode: 'Declared',
  fields: [
    { ...text, name: 'patient', pointer: '/patient', classification: 'PHI' },
    { ...text, name: 'note', pointer: '/note', classification: 'PHI' },
    { ...text, name: 'question', pointer: '/question' },
    { ...text, name: 'summary', phase: 'Response', pointer: '/summary' },
    { ...text, name: 'scan', kind: 'Binary', formPart: 'scan' },
  ],
  media: [{ type: 'image/png' }],
}
const declared = makeConnection({ protocol: 'HTTP', content })

describe('fields that a connection declares', () => {
  const problemsOf = (spec: Spec, connection = declared): readonly string[] =>
    (connect([makePolicy({ dataClasses: [pci], ...spec })], connection).problems.get('team-a/policy') ?? []).map(
      toProblemText,
    )

  it('[MK7] may be named by masks and classes', () => {
    const spec: Spec = {
      dataClasses: [{ name: 'A', fields: ['patient', 'summary', '/any/pointer'] }],
      masking: {
        request: [{ name: 'a', field: 'patient', action: 'Redact' }],
        response: [{ name: 'b', field: 'summary', action: 'Redact' }],
      },
    }
    expect(problemsOf(spec)).toEqual([])
  })

  it.for<readonly [string, Spec, string]>([
    [
      'a name that is not declared',
      { masking: { request: [{ name: 'a', field: 'nobody', action: 'Redact' }] } },
      'spec.masking.request[0].field: a connection it selects declares no field of this name; it has patient, note, question, summary, scan',
    ],
    [
      'a field of the other side',
      { masking: { request: [{ name: 'a', field: 'summary', action: 'Redact' }] } },
      'spec.masking.request[0].field: this field stands in answers; move the mask to masking.response',
    ],
    [
      'a binary',
      { dataClasses: [{ name: 'A', fields: ['scan'] }] },
      'spec.dataClasses[0].fields[0]: this field is a binary, and only text can be masked',
    ],
  ])('[MK7] are refused for %s, and calls with them', ([, spec, expected]) => {
    expect(problemsOf(spec)).toEqual([expected])
    const connection = chatOf(connect([makePolicy({ dataClasses: [pci], ...spec })], declared))
    expect(evaluate(connection, makeFacts()).decision).toMatchObject({ reason: 'PolicyInvalid' })
  })

  it('[MK7] cannot be named where a protocol has none', () => {
    expect(
      problemsOf({ masking: { request: [{ name: 'a', field: 'patient', action: 'Redact' }] } }, makeConnection()),
    ).toEqual([
      'spec.masking.request[0].field: a connection of protocol OpenAI that it selects declares no fields; write a JSON pointer, such as /metadata/patient',
    ])
  })

  it('[MK7] deny on the connection that lacks them, and nowhere else', () => {
    const gold = { labels: { tier: 'gold' } }
    const policy = makePolicy({
      targetSelector: { matchLabels: { tier: 'gold' } },
      masking: { request: [{ name: 'a', field: 'patient', action: 'Redact' }] },
    })
    const connections = [makeConnection(declared.spec, gold), makeConnection({}, { ...gold, name: 'other' })]
    const snapshot = makeSnapshot(makeBundle({ policies: [policy], connections }))
    const invalid = [...snapshot.connections.values()].map(({ id, policies }) => [id, policies[0]?.invalid])
    expect(invalid).toEqual([
      ['team-a/chat', false],
      ['team-a/other', true],
    ])
  })

  it('[MK7] are told by the class that the connection gives them', () => {
    expect([...chatOf(connect([open], declared)).classified]).toEqual([['PHI', ['patient', 'note']]])
    expect(chatOf(connect([open])).classified.size).toBe(0)
  })
})

describe('compiling again', () => {
  it('[BU4] keeps classes and what a connection declares when only rules change', () => {
    const before = connect([masking('a')], declared)
    const after = connect([masking('a', { rules: [denyWhen('true')] })], declared, before)
    const [old, now] = [firstOf(before), firstOf(after)]
    expect(now).not.toBe(old)
    expect(now.classes).toBe(old.classes)
    expect(now.masks.request[0]?.detectors).toBe(old.masks.request[0]?.detectors)
    expect(chatOf(after).classified).toBe(chatOf(before).classified)
  })

  it('[BU4] keeps classes over a snapshot in which nothing of the policy changed', () => {
    const first = connect([masking('a')])
    const second = connect([masking('a')], undefined, first)
    const third = connect([masking('a', { rules: [denyWhen('true')] })], undefined, second)
    expect(firstOf(third).classes).toBe(firstOf(first).classes)
  })

  it('[BU4] compiles classes anew when they or their terms change, and once for all protocols', () => {
    const projects = { name: 'p', configMapRef: { name: 'terms', key: 'a' } }
    const spec: Spec = { dataClasses: [{ name: 'A', dictionaries: [projects] }], targetNamespaces: { mode: 'All' } }
    const policy = (term: string): BundlePolicy =>
      makePolicy(spec, { baseline: true, dictionaries: { 'terms/a': [term] } })
    const connections = [makeConnection(), makeConnection({ protocol: 'Triton' }, { name: 'triton' })]
    const before = makeSnapshot(makeBundle({ policies: [policy('heron')], connections }))
    const [chat, triton] = [...before.connections.values()].map(({ policies }) => policies[0])
    expect(triton?.classes).toBe(chat?.classes)
    const after = makeSnapshot(makeBundle({ policies: [policy('kite')], connections }), before)
    expect(firstOf(after).classes).not.toBe(chat?.classes)
  })

  it('lets others run between the patterns of a policy', () => {
    const patterns = Array.from({ length: 5 }, (_, i) => ({ name: `p${i}`, pattern: `CASE-[0-9]{${i + 3}}` }))
    expect(stepsOf(makePolicy({ dataClasses: [{ name: 'A', patterns }] }))).toBe(stepsOf(makePolicy()) + 5)
  })
})

function stepsOf(policy: BundlePolicy): number {
  const steps = compileSnapshot(makeCompiler(), makeBundle({ policies: [policy] }))
  let count = 0
  while (steps.next().done !== true) count += 1
  return count
}
