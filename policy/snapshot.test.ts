import { describe, expect, it } from 'vitest'
import type { InferencePolicySpec } from '../crds/generated/inference-policy.ts'
import { denyWhen, makeBundle, makeConnection, makePolicy, makeSnapshot } from '../test/helpers/make.ts'
import type { BundleConnection, BundlePolicy } from './bundle.ts'
import { toProblemText } from './problem.ts'
import type { CompiledConnection } from './snapshot.ts'

function connect(policies: readonly BundlePolicy[], connection = makeConnection()): CompiledConnection {
  const compiled = makeSnapshot(makeBundle({ policies, connections: [connection] })).connections.get('team-a/chat')
  if (compiled === undefined) throw new Error('the connection is missing')
  return compiled
}

const inMode = (mode: InferencePolicySpec['mode'], name: string, when = 'true'): BundlePolicy =>
  makePolicy({ mode, rules: [denyWhen(when)] }, { name })

const idsOf = (policies: CompiledConnection['policies']): readonly string[] => policies.map(({ id }) => id)

describe('policies of a connection', () => {
  it('[EV3] stand by mode and name, in whatever order they came', () => {
    const all = [
      inMode('Audit', 'z'),
      inMode('Enforce', 'y'),
      inMode('Disabled', 'x'),
      inMode('Enforce', 'b'),
      inMode('Audit', 'a'),
    ]
    for (const order of [all, all.toReversed()]) {
      const { policies, audits } = connect(order)
      expect(idsOf(policies)).toEqual(['team-a/b', 'team-a/y'])
      expect(idsOf(audits)).toEqual(['team-a/a', 'team-a/z'])
    }
  })

  it('[EV10] announce what those of mode Audit read, and not those of mode Disabled', () => {
    const { reads } = connect([
      inMode('Enforce', 'a', 'request.model == ""'),
      inMode('Audit', 'b', 'request.headers["a"] == ""'),
      inMode('Disabled', 'c', 'request.prompt == ""'),
    ])
    expect([...reads].filter((read) => read.includes('.')).toSorted()).toEqual(['request.headers', 'request.model'])
  })

  it('[SE4] are compiled for the protocol of their connections also in mode Disabled', () => {
    const triton = makeConnection({ protocol: 'Triton' })
    const problemsOf = (when: string): readonly string[] => {
      const bundle = makeBundle({ policies: [inMode('Disabled', 'off', when)], connections: [triton] })
      return (makeSnapshot(bundle).problems.get('team-a/off') ?? []).map(toProblemText)
    }
    expect(problemsOf('request.inputs.size() > 1')).toEqual([])
    expect(problemsOf('request.messages.size() > 1')).toEqual([expect.stringContaining('unknown field "messages"')])
  })
})

describe('models of a connection', () => {
  it('are known by their public name', () => {
    const models = [
      { name: 'plain' },
      { name: 'renamed', upstreamName: 'llm-2', tokenizer: 'o200k_base' },
      { name: 'pinned', upstreamVersion: '3' },
    ]
    const compiled = connect([], makeConnection({ models }))
    expect([...compiled.models]).toEqual([
      ['plain', 'plain'],
      ['renamed', 'llm-2'],
      ['pinned', 'pinned'],
    ])
    expect([...compiled.tokenizers]).toEqual([['renamed', 'o200k_base']])
    expect([...compiled.versions]).toEqual([['pinned', '3']])
  })

  it('are none where none is declared', () => {
    const { models, versions, tokenizers }: Pick<CompiledConnection, 'models' | 'versions' | 'tokenizers'> = connect([])
    expect([models.size, versions.size, tokenizers.size]).toEqual([0, 0, 0])
  })
})

function compilationsOf(policy: BundlePolicy, connections: readonly BundleConnection[]): number {
  return makeSnapshot(makeBundle({ policies: [policy], connections })).cache.size
}

describe('compiling again', () => {
  it('[BU4] compiles a policy once for each kind of connection', () => {
    const all = makePolicy({ targetSelector: { matchLabels: { tier: 'gold' } } })
    const gold = { labels: { tier: 'gold' } }
    const two = [makeConnection({}, gold), makeConnection({}, { ...gold, name: 'second' })]
    expect(compilationsOf(all, two)).toBe(1)
    expect(compilationsOf(all, [...two, makeConnection({ protocol: 'Triton' }, { ...gold, name: 'third' })])).toBe(2)
  })

  it('[BU4] compiles a policy anew when its mode changes, and one that did not change never', () => {
    const policies = [inMode('Enforce', 'a'), inMode('Enforce', 'b')]
    const before = makeSnapshot(makeBundle({ policies }))
    const after = makeSnapshot(makeBundle({ policies: [policies[0] ?? makePolicy(), inMode('Audit', 'b')] }), before)
    const [old, now] = [before, after].map(({ connections }) => connections.get('team-a/chat'))
    expect(now?.policies[0]).toBe(old?.policies[0])
    expect(idsOf(now?.audits ?? [])).toEqual(['team-a/b'])
  })
})
