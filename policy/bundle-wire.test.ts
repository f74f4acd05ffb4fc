import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { denyWhen, makeBundle, makeConnection, makePolicy, makeSnapshot, sha256 } from '../test/helpers/make.ts'
import { decodeBundle, encodeBundle, parseSequence, toSequenceText } from './bundle-wire.ts'
import type { Revision } from './bundle.ts'
import { compareRevisions, toRevisionText } from './bundle.ts'
import { toCanonicalJson } from './digest.ts'

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
const bundle = makeBundle({
  connections: names.map((name) => makeConnection({}, { name, namespace: `team-${name}` })),
  policies: names.map((name) => makePolicy({}, { name, namespace: `team-${name}` })),
})

const decode = (parts: ReturnType<typeof encodeBundle>): ReturnType<typeof decodeBundle> =>
  decodeBundle([parts.header, ...parts.shards], parts.digest, sha256)

const at = (epoch: number, n: number): Revision => ({ epoch, n, digest: 'sha256:0123456789abcdef' })

describe('bundle on the wire', () => {
  it('comes back as it went', () => {
    expect(decode(encodeBundle(bundle, sha256))).toEqual({ bundle })
  })

  it('carries the dictionaries of policies', () => {
    const [first, ...rest] = bundle.policies
    if (first === undefined) throw new Error('no policy')
    const dictionaries = { 'projects/terms': ['Blue Heron', 'München 7', '# no comment'] }
    const sent = { ...bundle, policies: [{ ...first, dictionaries }, ...rest] }
    expect(decode(encodeBundle(sent, sha256))).toEqual({ bundle: sent })
    const shorter = { ...sent, policies: [{ ...first, dictionaries: { 'projects/terms': ['Blue Heron'] } }, ...rest] }
    expect(encodeBundle(shorter, sha256).digest).not.toBe(encodeBundle(sent, sha256).digest)
  })

  it.each([
    ['a text', 'Blue Heron'],
    ['nothing', null],
    ['a list', [['Blue Heron']]],
    ['a text for a list', { 'projects/terms': 'Blue Heron' }],
    ['a list without a term', { 'projects/terms': [] }],
    ['an empty term', { 'projects/terms': [''] }],
    ['a number for a term', { 'projects/terms': [7] }],
  ])('[BU2] is refused when dictionaries are %s', (_, dictionaries) => {
    const [first] = bundle.policies
    const garbled: typeof bundle = JSON.parse(JSON.stringify({ ...bundle, policies: [{ ...first, dictionaries }] }))
    expect(decode(encodeBundle(garbled, sha256))).toEqual({
      refused: 'the dictionaries of policy team-a/a are no lists of terms',
    })
  })

  it('[BU1] has one digest, whatever the order of its objects', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(names, { minLength: names.length }), (order) => {
        const by = <T extends { ref: { name: string } }>(items: readonly T[]): T[] =>
          order.flatMap((name) => items.filter(({ ref }) => ref.name === name))
        const shuffled = { ...bundle, connections: by(bundle.connections), policies: by(bundle.policies) }
        expect(encodeBundle(shuffled, sha256).digest).toBe(encodeBundle(bundle, sha256).digest)
      }),
    )
  })

  it('[BU2] is refused when a part was changed, swapped or lost', () => {
    const parts = encodeBundle(bundle, sha256)
    const all = [parts.header, ...parts.shards]
    const changed = all.map((part, i) => (i === 3 ? { ...part, text: part.text.replace('team', 'teal') } : part))
    expect(decodeBundle(changed, parts.digest, sha256)).toEqual({ refused: 'part 3 does not match its digest' })
    expect(decodeBundle(all.toReversed(), parts.digest, sha256)).toHaveProperty('refused')
    expect(decodeBundle(all.slice(1), parts.digest, sha256)).toHaveProperty('refused')
    expect(decodeBundle(all, sha256('other'), sha256)).toHaveProperty('refused')
  })

  it('[BU2] is refused in another format, saying what to do', () => {
    const text = toCanonicalJson({ format: 99, settings: bundle.settings, network: bundle.network })
    const header = { text, digest: sha256(text) }
    const { shards } = encodeBundle(bundle, sha256)
    const digest = sha256([header, ...shards].map((part) => part.digest).join('\n'))
    expect(decodeBundle([header, ...shards], digest, sha256)).toEqual({
      refused: 'bundle format 99 is not the one this gateway reads (1); upgrade the gateway',
    })
  })

  it('[BU3] orders revisions by epoch, then number', () => {
    expect(compareRevisions(at(2, 1), at(1, 9))).toBeGreaterThan(0)
    expect(compareRevisions(at(1, 9), at(1, 10))).toBeLessThan(0)
    expect(toRevisionText(at(1, 9))).toBe('1.9-0123456789ab')
  })

  it('reads sequences back, and nothing else', () => {
    expect(parseSequence(toSequenceText({ epoch: 3, n: 41 }))).toEqual({ epoch: 3, n: 41 })
    for (const text of ['', '1', '1.', '1.x', '-1.2', '1.2.3', undefined]) expect(parseSequence(text)).toBeUndefined()
  })
})

describe('canonical JSON', () => {
  it('sorts keys and drops what is absent', () => {
    expect(toCanonicalJson({ b: [1, { d: null, c: undefined }], a: 'x' })).toBe('{"a":"x","b":[1,{"d":null}]}')
  })

  it('says the same of every JSON value, whatever the order of its keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = toCanonicalJson(value)
        expect(toCanonicalJson(JSON.parse(text))).toBe(text)
      }),
    )
  })

  it('refuses what JSON cannot hold', () => {
    expect(() => toCanonicalJson(Number.NaN)).toThrow(TypeError)
    expect(() => toCanonicalJson(() => 0)).toThrow(TypeError)
  })
})

describe('compileSnapshot', () => {
  it('[BU4] compiles again only what changed', () => {
    const chats = names.map((name) => makePolicy({ targetRefs: [{ name: 'chat' }] }, { name }))
    const before = makeSnapshot(makeBundle({ policies: chats }))
    const edited = makePolicy({ rules: [denyWhen('true')] }, { name: 'c' })
    const policies = chats.map((policy) => (policy.ref.name === 'c' ? edited : structuredClone(policy)))
    const after = makeSnapshot(makeBundle({ policies }), before)
    const recompiled = [...after.cache].filter(([key, entry]) => before.cache.get(key) !== entry).map(([key]) => key)
    expect(recompiled).toEqual(['team-a/c request/OpenAI'])
  })

  it('[EV5] reports every problem of every policy, once', () => {
    const broken = makePolicy({
      targetSelector: { matchLabels: { tier: 'gold' } },
      rules: [denyWhen('request.modle == "x"'), { ...denyWhen('1 + true == 2'), name: 'second' }],
    })
    const gold = { labels: { tier: 'gold' } }
    const connections = [makeConnection({}, { name: 'one', ...gold }), makeConnection({}, { name: 'two', ...gold })]
    const { problems } = makeSnapshot(makeBundle({ connections, policies: [broken] }))
    expect(problems.get('team-a/policy')).toMatchObject([
      { path: 'spec.rules[0].when', line: 1, column: 9 },
      { path: 'spec.rules[1].when', line: 1 },
    ])
  })

  it('gives an OpenAI endpoint without a path its version', () => {
    const { connections } = makeSnapshot(makeBundle({}))
    expect(connections.get('team-a/chat')?.endpoints[0]?.basePath).toBe('/v1')
  })
})
