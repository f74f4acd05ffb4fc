// From objects to the one bundle: entries, verdicts, and that the order of objects never matters.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { InferencePolicySpec } from '../../crds/generated/inference-policy.ts'
import type { ModelConnectionSpec } from '../../crds/generated/model-connection.ts'
import type { BundleConnection, BundlePolicy } from '../../policy/bundle.ts'
import { encodeBundle } from '../../policy/bundle-wire.ts'
import { makeCompiler } from '../../policy/expression.ts'
import { judgePolicy } from '../inference-policy/plan.ts'
import type { InferencePolicy, ModelConnection } from '../objects.ts'
import type { ReferenceState } from '../references.ts'
import { toReferenceId } from '../references.ts'
import type { Finding, Verdict } from '../verdict.ts'
import { emptyCache, judgePolicies } from './judge.ts'
import type { World } from './plan.ts'
import { planBundle } from './plan.ts'

const hash = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`

function makeConnection(id: string, spec: Partial<ModelConnectionSpec> = {}, more: object = {}): ModelConnection {
  const [namespace = '', name = ''] = id.split('/')
  const metadata = {
    namespace,
    name,
    uid: `uid-${id}`,
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
    ...more,
  }
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'ModelConnection',
    metadata,
    spec: {
      mode: 'Active',
      protocol: 'OpenAI',
      endpoints: [{ name: 'main', url: 'https://api.example.com/v1' }],
      ...spec,
    },
  }
}

function makePolicy(id: string, spec: Partial<InferencePolicySpec> = {}): InferencePolicy {
  const [namespace = '', name = ''] = id.split('/')
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'InferencePolicy',
    metadata: { namespace, name, uid: `uid-${id}`, resourceVersion: '1', generation: 1 },
    spec: { mode: 'Enforce', rules: [{ name: 'all', phase: 'Request', action: 'Allow' }], ...spec },
  }
}

function makeWorld(more: Partial<World> & { readonly states?: Readonly<Record<string, ReferenceState>> } = {}): World {
  const { states = {}, ...rest } = more
  return {
    namespace: 'portcullis',
    settings: { issuers: [], grants: [] },
    network: { apiServer: ['10.0.0.1:443'], clusterRanges: ['10.0.0.0/8'] },
    connections: [],
    policies: [],
    clusterDomain: 'cluster.local',
    allowLoopback: false,
    reader: { namespace: 'portcullis', serviceAccount: 'operator' },
    hash,
    stateOf: (reference) => states[toReferenceId(reference)] ?? { state: 'Found' },
    storedSlots: new Set(),
    ...rest,
  }
}

function planOne(
  spec: Partial<ModelConnectionSpec>,
  more: Parameters<typeof makeWorld>[0] = {},
): { entry: BundleConnection; verdict: Verdict } {
  const planned = planBundle(
    makeWorld({ ...more, connections: [makeConnection('team-a/chat', spec)] }),
  ).connections.get('team-a/chat')
  if (planned === undefined) throw new Error('the connection was not planned')
  return planned
}

const header = { type: 'Header', secretRef: { name: 'openai' } } as const
const openaiKey = 'Credential Secret team-a openai apiKey'

describe('planBundle: a connection', () => {
  it('becomes what a gateway dials', () => {
    const { entry, verdict } = planOne({ credential: header })
    expect(entry).toMatchObject({
      prefix: '/team-a/chat/',
      hostnames: [],
      endpoints: [{ name: 'main', origin: 'https://api.example.com', basePath: '/v1', weight: 1, place: 'External' }],
      credential: { type: 'Header', header: 'authorization', prefix: 'Bearer ' },
    })
    expect(entry.credential?.slot).toMatch(/^team-a\.chat\.[0-9a-f]{12}$/u)
    expect(entry.blocked).toBeUndefined()
    expect(verdict).toMatchObject({ accepted: { status: 'True' }, resolvedRefs: { status: 'True' }, problems: [] })
  })

  it('reaches a Service of its own namespace by its absolute name', () => {
    const { entry } = planOne({
      endpoints: [{ name: 'main', service: { name: 'llama', port: 8000, path: '/v1/' }, weight: 3 }],
    })
    expect(entry.endpoints).toEqual([
      {
        name: 'main',
        origin: 'http://llama.team-a.svc.cluster.local:8000',
        basePath: '/v1',
        weight: 3,
        place: 'InCluster',
      },
    ])
  })

  it('takes another header, without a prefix unless one is said', () => {
    expect(planOne({ credential: { ...header, header: { name: 'x-api-key' } } }).entry.credential).toMatchObject({
      header: 'x-api-key',
      prefix: '',
    })
  })

  it('gets another slot when it names another key, so that a new key never meets an old address', () => {
    const first = planOne({ credential: header }).entry.credential?.slot
    const second = planOne({ credential: { ...header, secretRef: { name: 'openai', key: 'other' } } }).entry.credential
      ?.slot
    expect(first).not.toBe(second)
  })

  it.each<[string, Partial<ModelConnectionSpec>, string, RegExp]>([
    [
      'an unsupported protocol',
      { protocol: 'Gemini' },
      'NotSupported',
      /^spec\.protocol: protocol Gemini is not supported/u,
    ],
    [
      'a metadata address',
      { endpoints: [{ name: 'm', url: 'http://169.254.169.254/latest' }] },
      'ForbiddenEndpoint',
      /metadata service/u,
    ],
    [
      'the API server by address',
      { endpoints: [{ name: 'm', url: 'https://10.0.0.1' }] },
      'ForbiddenEndpoint',
      /Kubernetes API server/u,
    ],
    [
      'the API server by name',
      { endpoints: [{ name: 'm', url: 'https://kubernetes.default.svc' }] },
      'ForbiddenEndpoint',
      /Kubernetes API server/u,
    ],
    [
      'the API server as a Service',
      { endpoints: [{ name: 'm', service: { name: 'kubernetes', namespace: 'default', port: 443 } }] },
      'ForbiddenEndpoint',
      /Kubernetes API server/u,
    ],
    ['loopback', { endpoints: [{ name: 'm', url: 'http://localhost:8080' }] }, 'ForbiddenEndpoint', /loopback/u],
    [
      'a user in the address',
      { endpoints: [{ name: 'm', url: 'https://api.example.com:443@169.254.169.254/' }] },
      'Invalid',
      /without user name/u,
    ],
    [
      'declared content that contradicts itself',
      {
        protocol: 'HTTP',
        content: { mode: 'Declared', fields: [{ name: 'x', phase: 'Request', pointer: '/a', kind: 'Binary' }] },
      },
      'Invalid',
      /^spec\.content\.fields\[0\]/u,
    ],
    [
      'a backslash in the address',
      { endpoints: [{ name: 'm', url: 'https://api.example.com\\@evil.example' }] },
      'ForbiddenEndpoint',
      /no host name/u,
    ],
    [
      'an octal address',
      { endpoints: [{ name: 'm', url: 'http://0177.0.0.1' }] },
      'ForbiddenEndpoint',
      /four decimal numbers/u,
    ],
    [
      'a Service of another team',
      { endpoints: [{ name: 'm', service: { name: 'llama', namespace: 'team-b', port: 80 } }] },
      'ForbiddenEndpoint',
      /ask the platform team to add to grants in the platform settings: \{namespace: team-a, services: \[\{namespace: team-b, name: llama\}\]\}/u,
    ],
    [
      'a prefix that was not granted',
      { route: { prefix: '/v1/' } },
      'RouteNotGranted',
      /prefix \/v1\/ is not granted to namespace team-a/u,
    ],
    [
      'a host name that was not granted',
      { route: { hostnames: ['chat.example.com'] } },
      'RouteNotGranted',
      /host name chat\.example\.com is not granted/u,
    ],
  ])('is blocked for %s', (_, spec, reason, message) => {
    const { entry, verdict } = planOne(spec)
    expect(verdict.accepted).toMatchObject({ status: 'False', reason })
    expect(verdict.accepted.message).toMatch(message)
    expect(entry.blocked?.reason).toBe(reason)
    expect(entry.endpoints).toEqual([])
    expect(entry.credential).toBeUndefined()
  })

  it('may use what the platform granted', () => {
    const settings = {
      issuers: [],
      grants: [
        {
          namespace: 'team-a',
          hostnames: ['*.example.com'],
          prefixes: ['/v1/'],
          services: [{ namespace: 'team-b', name: 'llama' }],
        },
      ],
    }
    const spec: Partial<ModelConnectionSpec> = {
      route: { prefix: '/v1/chat/', hostnames: ['chat.example.com'] },
      endpoints: [{ name: 'm', service: { name: 'llama', namespace: 'team-b', port: 80 } }],
    }
    expect(planOne(spec, { settings }).verdict.accepted.status).toBe('True')
  })

  it('may use loopback only where the process was started so', () => {
    const endpoints = [{ name: 'm', url: 'http://127.0.0.1:9000' }]
    expect(planOne({ endpoints }, { allowLoopback: true }).verdict.accepted.status).toBe('True')
  })

  it.each<[string, ReferenceState, string, RegExp]>([
    ['does not exist', { state: 'NotFound' }, 'RefNotFound', /Secret team-a\/openai does not exist/u],
    ['lacks the key', { state: 'KeyNotFound' }, 'RefNotFound', /has no key "apiKey"/u],
    ['holds no usable value', { state: 'Invalid', message: 'is empty' }, 'InvalidRef', /key "apiKey": is empty/u],
    ['may not be read', { state: 'NotPermitted' }, 'RefNotPermitted', /kind: RoleBinding/u],
  ])('is blocked when its Secret %s', (_, state, reason, message) => {
    const { entry, verdict } = planOne({ credential: header }, { states: { [openaiKey]: state } })
    expect(verdict.accepted.status).toBe('True')
    expect(verdict.resolvedRefs).toMatchObject({ status: 'False', reason })
    expect(verdict.resolvedRefs.message).toMatch(message)
    expect(entry.blocked?.reason).toBe(reason)
    expect(entry.blocked?.message).not.toContain('\n')
    expect(entry.credential).toBeUndefined()
  })

  it('shows the exact YAML of the missing grant: get on that one name and nothing else', () => {
    const { verdict } = planOne({ credential: header }, { states: { [openaiKey]: { state: 'NotPermitted' } } })
    expect(verdict.resolvedRefs.message).toContain(
      '- {apiGroups: [""], resources: [secrets], resourceNames: [openai], verbs: [get]}',
    )
    expect(verdict.resolvedRefs.message).toContain('- {kind: ServiceAccount, name: operator, namespace: portcullis}')
  })

  it('goes on with the stored credential while its Secret cannot be read just now', () => {
    const slot = planOne({ credential: header }).entry.credential?.slot ?? ''
    const states = { [openaiKey]: { state: 'Pending' } } as const
    expect(planOne({ credential: header }, { states, storedSlots: new Set([slot]) }).entry.blocked).toBeUndefined()
    expect(planOne({ credential: header }, { states }).entry.blocked?.reason).toBe('Pending')
  })

  it('is not blocked by a Service that is not there yet, but says so', () => {
    const endpoints = [{ name: 'm', service: { name: 'llama', port: 80 } }]
    const states = { 'Service Service team-a llama ': { state: 'NotFound' } } as const
    const { entry, verdict } = planOne({ endpoints }, { states })
    expect(verdict.resolvedRefs).toMatchObject({ status: 'False', reason: 'RefNotFound' })
    expect(entry.blocked).toBeUndefined()
  })

  it('carries the CA it names', () => {
    const endpoints = [
      {
        name: 'm',
        url: 'https://llm.example.com',
        tls: { caRef: { kind: 'ConfigMap', name: 'ca' }, serverName: 'inner' },
      },
    ] as const
    const states = { 'CA ConfigMap team-a ca ca.crt': { state: 'Found', caPem: 'PEM' } } as const
    expect(planOne({ endpoints }, { states }).entry.endpoints[0]).toMatchObject({ caPem: 'PEM', serverName: 'inner' })
  })

  it('carries where it came from', () => {
    const annotations = { 'portcullis.dev/source': `https://git.example.com/${'x'.repeat(999)}` }
    const connections = [makeConnection('team-a/chat', {}, { annotations })]
    const ref = planBundle(makeWorld({ connections })).bundle.connections[0]?.ref
    expect(ref?.source).toHaveLength(512)
  })
})

describe('planBundle: routes', () => {
  const settings = {
    issuers: [],
    grants: ['team-a', 'team-b'].map((namespace) => ({ namespace, prefixes: ['/'], hostnames: ['*.example.com'] })),
  }
  type Asked = readonly [id: string, createdAt: string, route?: ModelConnectionSpec['route']]

  function lostBy(...asked: readonly Asked[]): Readonly<Record<string, string>> {
    const connections = asked.map(([id, day, route]) =>
      makeConnection(id, route === undefined ? {} : { route }, { creationTimestamp: `2026-01-${day}T00:00:00Z` }),
    )
    const planned = [...planBundle(makeWorld({ settings, connections })).connections]
    return Object.fromEntries(
      planned.flatMap(([id, { verdict, entry }]) =>
        entry.blocked?.reason === 'RouteConflict' ? [[id, verdict.problems[0]?.message ?? '']] : [],
      ),
    )
  }

  it.each<[string, readonly Asked[], readonly string[]]>([
    [
      'the older one keeps an equal prefix',
      [
        ['team-a/new', '02', { prefix: '/v1/' }],
        ['team-b/old', '01', { prefix: '/v1/' }],
      ],
      ['team-a/new'],
    ],
    [
      'of two of one age the first by name keeps it',
      [
        ['team-b/x', '01', { prefix: '/v1/' }],
        ['team-a/x', '01', { prefix: '/v1/' }],
      ],
      ['team-b/x'],
    ],
    [
      'a prefix above another team is a conflict',
      [
        ['team-a/root', '02', { prefix: '/team-b/' }],
        ['team-b/x', '01'],
      ],
      ['team-a/root'],
    ],
    [
      'a prefix below another team is a conflict',
      [
        ['team-a/x', '02'],
        ['team-b/root', '01', { prefix: '/team-a/' }],
      ],
      ['team-a/x'],
    ],
    [
      'the root prefix is above everybody',
      [
        ['team-a/root', '09', { prefix: '/' }],
        ['team-b/x', '01'],
      ],
      ['team-a/root'],
    ],
    [
      'prefixes of one team may contain each other',
      [
        ['team-a/all', '01', { prefix: '/v1/' }],
        ['team-a/one', '02', { prefix: '/v1/one/' }],
      ],
      [],
    ],
    [
      'a prefix is whole segments',
      [
        ['team-a/x', '01', { prefix: '/v1/' }],
        ['team-b/x', '02', { prefix: '/v1beta/' }],
      ],
      [],
    ],
    [
      'one host in common is enough',
      [
        ['team-a/x', '01', { prefix: '/v1/', hostnames: ['a.example.com', 'b.example.com'] }],
        ['team-b/x', '02', { prefix: '/v1/', hostnames: ['c.example.com', 'b.example.com'] }],
      ],
      ['team-b/x'],
    ],
    [
      'different hosts do not meet',
      [
        ['team-a/x', '01', { prefix: '/v1/', hostnames: ['a.example.com'] }],
        ['team-b/x', '02', { prefix: '/v1/', hostnames: ['b.example.com'] }],
      ],
      [],
    ],
    [
      'who lost a route holds nothing against a third',
      [
        ['team-a/x', '01', { prefix: '/v1/' }],
        ['team-b/x', '02', { prefix: '/v1/', hostnames: [] }],
        ['team-b/y', '03', { prefix: '/v2/' }],
      ],
      ['team-b/x'],
    ],
  ])('%s', (_, asked, losers) => {
    expect(Object.keys(lostBy(...asked))).toEqual(losers)
  })

  it('names the winner', () => {
    const lost = lostBy(['team-a/new', '02', { prefix: '/v1/' }], ['team-b/old', '01', { prefix: '/v1/' }])
    expect(lost['team-a/new']).toBe('team-b/old is older and keeps this route; choose another one')
  })

  it('a route that was not granted is not held against anybody', () => {
    const connections = [
      makeConnection(
        'team-c/thief',
        { route: { prefix: '/team-a/chat/' } },
        { creationTimestamp: '2025-01-01T00:00:00Z' },
      ),
      makeConnection('team-a/chat'),
    ]
    const planned = planBundle(makeWorld({ settings, connections })).connections
    expect(planned.get('team-a/chat')?.entry.blocked).toBeUndefined()
    expect(planned.get('team-c/thief')?.entry.blocked?.reason).toBe('RouteNotGranted')
  })
})

describe('planBundle: policies', () => {
  const connections = [makeConnection('team-a/chat', {}, { labels: { tier: 'prod' } }), makeConnection('team-b/chat')]

  it.each<[string, string, Partial<InferencePolicySpec>, readonly string[]]>([
    ['by name, in its own namespace', 'team-a/p', { targetRefs: [{ name: 'chat' }] }, ['team-a/chat']],
    [
      'by label, in its own namespace',
      'team-a/p',
      { targetSelector: { matchLabels: { tier: 'prod' } } },
      ['team-a/chat'],
    ],
    [
      'all namespaces, from the platform',
      'portcullis/p',
      { targetNamespaces: { mode: 'All' } },
      ['team-a/chat', 'team-b/chat'],
    ],
    [
      'listed namespaces, from the platform',
      'portcullis/p',
      { targetNamespaces: { mode: 'Listed', names: ['team-b'] } },
      ['team-b/chat'],
    ],
    ['nothing of other namespaces, from a team', 'team-a/p', { targetNamespaces: { mode: 'All' } }, []],
  ])('selects %s', (_, id, spec, targets) => {
    expect(planBundle(makeWorld({ connections, policies: [makePolicy(id, spec)] })).policies.get(id)?.targets).toEqual(
      targets,
    )
  })

  it('a baseline is one by its namespace alone', () => {
    const spec = { targetNamespaces: { mode: 'All' } } as const
    const { bundle } = planBundle(
      makeWorld({ connections, policies: [makePolicy('portcullis/p', spec), makePolicy('team-a/p', spec)] }),
    )
    expect(bundle.policies.map(({ ref, baseline }) => [ref.namespace, baseline])).toEqual([['portcullis', true]])
  })

  it('a baseline cannot be left by relabelling', () => {
    const relabelled = [makeConnection('team-a/chat', {}, { labels: { 'portcullis.dev/baseline': 'off' } })]
    const policies = [makePolicy('portcullis/p', { targetNamespaces: { mode: 'All' } })]
    expect(planBundle(makeWorld({ connections: relabelled, policies })).policies.get('portcullis/p')?.targets).toEqual([
      'team-a/chat',
    ])
  })

  it('counts the policies of each connection, without those that are disabled', () => {
    const policies = [
      makePolicy('team-a/p', { targetRefs: [{ name: 'chat' }] }),
      makePolicy('team-a/off', { mode: 'Disabled', targetRefs: [{ name: 'chat' }] }),
      makePolicy('portcullis/p', { targetNamespaces: { mode: 'All' } }),
    ]
    expect(Object.fromEntries(planBundle(makeWorld({ connections, policies })).policyCounts)).toEqual({
      'team-a/chat': 2,
      'team-b/chat': 1,
    })
  })

  function judge(
    id: string,
    spec: Partial<InferencePolicySpec>,
    compiled: Parameters<typeof judgePolicy>[2] = [],
  ): Verdict {
    const planned = planBundle(makeWorld({ connections, policies: [makePolicy(id, spec)] })).policies.get(id)
    if (planned === undefined) throw new Error('the policy was not planned')
    return judgePolicy(planned, 'portcullis', compiled)
  }

  it('says where an expression is wrong, and what follows', () => {
    const problem = {
      path: 'spec.rules[0].when',
      reason: 'InvalidExpression',
      message: 'unknown field "modle"',
      line: 1,
      column: 9,
    } as const
    expect(judge('team-a/p', { targetRefs: [{ name: 'chat' }] }, [problem]).accepted).toEqual({
      status: 'False',
      reason: 'InvalidExpression',
      message:
        'spec.rules[0].when 1:9: unknown field "modle". Until this is repaired, all calls to the connections it selects are refused.',
    })
    expect(judge('team-a/p', { mode: 'Disabled', targetRefs: [{ name: 'chat' }] }, [problem]).accepted.message).toMatch(
      /Mode is Disabled, so it refuses nothing\.$/u,
    )
  })

  it('refuses a baseline outside the platform namespace', () => {
    expect(judge('team-a/p', { targetNamespaces: { mode: 'All' } })).toMatchObject({
      accepted: { status: 'False', reason: 'BaselineNotPermitted' },
      problems: [{ path: 'spec.targetNamespaces', reason: 'NotGranted' }],
    })
  })

  it.each<[string, Partial<InferencePolicySpec>, object]>([
    [
      'targets that do not exist',
      { targetRefs: [{ name: 'chat' }, { name: 'gone' }] },
      {
        status: 'False',
        reason: 'TargetNotFound',
        message: 'spec.targetRefs: namespace team-a has no ModelConnection gone; create it, or correct the name',
      },
    ],
    [
      'a selector that matches nothing',
      { targetSelector: { matchLabels: { tier: 'none' } } },
      { status: 'True', message: 'No connection is selected at present.' },
    ],
    [
      'a selector that matches one',
      { targetSelector: { matchLabels: { tier: 'prod' } } },
      { status: 'True', message: '1 connection is selected.' },
    ],
  ])('reports %s', (_, spec, finding) => {
    expect(judge('team-a/p', spec).resolvedRefs).toMatchObject(finding)
  })
})

const publishedTerms: World['publishedTerms'] = ({ key }) => (key === 'people' ? ['Ada'] : ['never asked for'])

describe('planBundle: dictionaries', () => {
  const connections = [makeConnection('team-a/chat')]
  const dictionaries = [
    { name: 'projects', configMapRef: { name: 'words', key: 'projects' } },
    { name: 'people', configMapRef: { name: 'words', key: 'people' } },
  ]
  const spec = { targetRefs: [{ name: 'chat' }], dataClasses: [{ name: 'Internal', dictionaries }] }
  const keys = ['Dictionary ConfigMap team-a words projects', 'Dictionary ConfigMap team-a words people'] as const
  const projects: ReferenceState = { state: 'Found', terms: ['Blue Heron'] }

  /** With a real compilation: what it says of missing terms is not to be told twice. */
  async function planDictionaries(
    people: ReferenceState,
    { more = {}, when = 'true' }: { readonly more?: Partial<World>; readonly when?: string } = {},
  ): Promise<{ readonly entry: BundlePolicy; readonly verdict: Verdict }> {
    const rules = [{ name: 'all', phase: 'Request', action: 'Allow', when }] as const
    const policies = [makePolicy('team-a/p', { ...spec, rules })]
    const states = { [keys[0]]: projects, [keys[1]]: people }
    const planned = planBundle(makeWorld({ connections, policies, states, ...more }))
    const deps = { makeCompiler, nowMs: () => 0, breathe: async () => {} }
    const verdict = (await judgePolicies(deps, planned, 'portcullis', emptyCache)).verdicts.get('team-a/p')
    const [entry] = planned.bundle.policies
    if (verdict === undefined || entry === undefined) throw new Error('the policy was not planned')
    return { entry, verdict }
  }

  it('travel with the policy, by ConfigMap and key', async () => {
    const { entry, verdict } = await planDictionaries({ state: 'Found', terms: ['Ada', 'Grace'] })
    expect(entry.dictionaries).toEqual({ 'words/projects': ['Blue Heron'], 'words/people': ['Ada', 'Grace'] })
    expect(entry.blocked).toBeUndefined()
    expect(verdict.resolvedRefs.status).toBe('True')
  })

  it('are not there where a policy names none', () => {
    const { bundle } = planBundle(makeWorld({ policies: [makePolicy('team-a/p')] }))
    expect(bundle.policies[0]).not.toHaveProperty('dictionaries')
  })

  const path = 'spec.dataClasses[0].dictionaries[1].configMapRef'
  it.each<[string, ReferenceState, Partial<Finding>, RegExp]>([
    [
      'missing',
      { state: 'NotFound' },
      { status: 'False', reason: 'RefNotFound' },
      /: ConfigMap team-a\/words does not exist; create it/u,
    ],
    [
      'without their key',
      { state: 'KeyNotFound' },
      { status: 'False', reason: 'RefNotFound' },
      /has no key "people"; add it/u,
    ],
    [
      'not granted',
      { state: 'NotPermitted' },
      { status: 'False', reason: 'RefNotPermitted' },
      /\napiVersion: rbac[^]*configmaps\]/u,
    ],
    [
      'unusable',
      { state: 'Invalid', message: 'holds no term' },
      { status: 'False', reason: 'InvalidRef' },
      /"people": holds no term$/u,
    ],
    ['not read yet', { state: 'Pending' }, { status: 'Unknown', reason: 'Pending' }, /has not been read yet$/u],
  ])('that are %s block the policy, and nothing of them is published', async (_, state, finding, text) => {
    const { entry, verdict } = await planDictionaries(state)
    expect(entry).not.toHaveProperty('dictionaries')
    expect(entry.blocked).toMatchObject({ reason: finding.reason, message: expect.stringMatching(/^[^\n]+$/u) })
    expect(verdict.accepted).toMatchObject({ status: 'True' })
    expect(verdict.problems).toEqual([])
    expect(verdict.resolvedRefs).toMatchObject(finding)
    expect(verdict.resolvedRefs.message).toMatch(text)
    expect(verdict.resolvedRefs.message.startsWith(path)).toBe(true)
  })

  it('that cannot be read just now stay as they were published', async () => {
    const { entry } = await planDictionaries({ state: 'Pending' }, { more: { publishedTerms } })
    expect(entry.dictionaries).toEqual({ 'words/projects': ['Blue Heron'], 'words/people': ['Ada'] })
    const gone = await planDictionaries({ state: 'NotFound' }, { more: { publishedTerms } })
    expect(gone.entry.blocked?.reason).toBe('RefNotFound')
  })

  it('that are too much for a bundle together block the policy', async () => {
    const terms = Array.from({ length: 1_100 }, (_, i) => String(i).padStart(250, 'x'))
    const { entry, verdict } = await planDictionaries({ state: 'Found', terms })
    expect(entry.blocked?.reason).toBe('InvalidRef')
    expect(verdict.resolvedRefs.message).toMatch(/^spec\.dataClasses: .* hold 275010 characters together/u)
  })

  it('that are too many block the policy', () => {
    const [first] = dictionaries
    if (first === undefined) throw new Error('no dictionary')
    const many = (count: number): BundlePolicy['blocked'] => {
      const names = Array.from({ length: count }, (_, i) => ({ ...first, name: `projects-${i}` }))
      const policy = makePolicy('team-a/p', { ...spec, dataClasses: [{ name: 'Internal', dictionaries: names }] })
      const states = { [keys[0]]: projects }
      return planBundle(makeWorld({ connections, policies: [policy], states })).bundle.policies[0]?.blocked
    }
    expect(many(64)).toBeUndefined()
    expect(many(65)?.message).toMatch(/names 65 dictionaries, and 64 are the most/u)
  })

  it('that are missing leave other mistakes where they are told', async () => {
    const { verdict } = await planDictionaries({ state: 'NotFound' }, { when: 'request.modle == "x"' })
    expect(verdict).toMatchObject({
      accepted: { status: 'False', reason: 'InvalidExpression' },
      resolvedRefs: { status: 'False', reason: 'RefNotFound' },
      problems: [{ path: 'spec.rules[0].when' }],
    })
  })
})

function digestOf(world: Partial<World>): string {
  return encodeBundle(planBundle(makeWorld(world)).bundle, hash).digest
}

describe('planBundle: as a whole', () => {
  const ids = fc.uniqueArray(
    fc.tuple(fc.constantFrom('team-a', 'team-b', 'portcullis'), fc.stringMatching(/^[a-z]{1,3}$/)),
    {
      selector: (pair) => pair.join('/'),
      maxLength: 8,
    },
  )
  const route = fc.option(fc.record({ prefix: fc.constantFrom('/', '/v1/', '/team-a/', '/v1/x/') }), { nil: undefined })
  const day = fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z')
  const world = fc.record({
    connections: ids,
    policies: ids,
    routes: fc.array(route, { minLength: 8, maxLength: 8 }),
    days: fc.array(day, { minLength: 8, maxLength: 8 }),
  })
  const settings = {
    issuers: [],
    grants: [
      { namespace: 'team-a', prefixes: ['/'] },
      { namespace: 'team-b', prefixes: ['/v1/'] },
    ],
  }

  it('has the same digest whatever the order of objects', () => {
    fc.assert(
      fc.property(world, fc.infiniteStream(fc.nat()), (drawn, dice) => {
        const connections = drawn.connections.map((pair, i) => {
          const wanted = drawn.routes[i]
          return makeConnection(pair.join('/'), wanted === undefined ? {} : { route: wanted }, {
            creationTimestamp: drawn.days[i],
          })
        })
        const policies = drawn.policies.map((pair) => makePolicy(pair.join('/'), { targetSelector: {} }))
        const shuffle = <T>(items: readonly T[]): readonly T[] =>
          items
            .map((item) => ({ item, at: dice.next().value }))
            .toSorted((a, b) => a.at - b.at)
            .map(({ item }) => item)
        expect(digestOf({ settings, connections: shuffle(connections), policies: shuffle(policies) })).toBe(
          digestOf({ settings, connections, policies }),
        )
      }),
    )
  })

  it('never gives two connections one route', () => {
    fc.assert(
      fc.property(world, (drawn) => {
        const connections = drawn.connections.map((pair, i) => {
          const wanted = drawn.routes[i]
          return makeConnection(pair.join('/'), wanted === undefined ? {} : { route: wanted }, {
            creationTimestamp: drawn.days[i],
          })
        })
        const { bundle } = planBundle(makeWorld({ settings, connections }))
        const open = bundle.connections.filter(({ blocked }) => blocked === undefined).map(({ prefix }) => prefix)
        expect(new Set(open).size).toBe(open.length)
      }),
    )
  })
})
