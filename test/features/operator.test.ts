// The operator over a store in memory: objects and acks in, bundle, credentials and statuses out.
import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { Registry } from 'prom-client'
import { afterEach, describe, expect, it } from 'vitest'
import type { InferencePolicySpec } from '../../crds/generated/inference-policy.ts'
import type { ModelConnectionSpec } from '../../crds/generated/model-connection.ts'
import { eventually } from '../../hack/cluster/eventually.ts'
import { systemClock } from '../../kube/clock.ts'
import type { KubeObject, Resource } from '../../kube/resource.ts'
import { configMaps, endpointSlices, events, leases, secrets } from '../../kube/resource.ts'
import { MemoryStore } from '../../kube/store-memory.ts'
import { makeKubeMetrics } from '../../kube/telemetry.ts'
import type { OperatorOptions } from '../../operator/build.ts'
import { buildOperator } from '../../operator/build.ts'
import type { InferencePolicy, ModelConnection } from '../../operator/objects.ts'
import { inferencePolicies, modelConnections } from '../../operator/objects.ts'
import { fromApi, parseIndex, readParts } from '../../policy/bundle-config-map.ts'
import { decodeBundle } from '../../policy/bundle-wire.ts'
import type { Bundle, Revision } from '../../policy/bundle.ts'

const namespace = 'portcullis'
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const hash = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`

interface World extends AsyncDisposable {
  readonly store: MemoryStore
  readonly registry: Registry
}

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]()
})

function startOperator(store = new MemoryStore({ clock: systemClock }), options: Partial<OperatorOptions> = {}): World {
  const registry = new Registry()
  const stop = new AbortController()
  const parts = {
    store,
    clock: systemClock,
    random: Math.random,
    log: quiet,
    registry,
    kubeMetrics: makeKubeMetrics(registry),
  }
  const operator = buildOperator(parts, {
    namespace,
    podName: 'operator-0',
    serviceAccount: 'operator',
    gatewayService: 'portcullis-gateway',
    clusterDomain: 'cluster.local',
    allowLoopback: false,
    drainMs: 2_000,
    hasApiServer: false,
    ...options,
  })
  const ended = operator.start(stop.signal)
  const world = {
    store,
    registry,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await ended
    },
  }
  open.push(world)
  return world
}

const team = 'team-a'

function putConnection(store: MemoryStore, name: string, spec: Partial<ModelConnectionSpec> = {}, labels = {}): void {
  store.put(modelConnections, {
    metadata: { namespace: team, name, labels },
    spec: {
      mode: 'Active',
      protocol: 'OpenAI',
      endpoints: [{ name: 'main', url: 'https://api.example.com/v1' }],
      ...spec,
    },
  } as never)
}

function putPolicy(store: MemoryStore, name: string, spec: Partial<InferencePolicySpec> = {}): void {
  store.put(inferencePolicies, {
    metadata: { namespace: team, name },
    spec: {
      mode: 'Enforce',
      targetRefs: [{ name: 'chat' }],
      rules: [{ name: 'all', phase: 'Request', action: 'Allow' }],
      ...spec,
    },
  } as never)
}

function putSecret(store: MemoryStore, name: string, apiKey: string): void {
  store.put(secrets, {
    metadata: { namespace: team, name },
    data: { apiKey: Buffer.from(apiKey).toString('base64') },
  } as never)
}

function putSettings(store: MemoryStore, text: string): void {
  store.put(configMaps, {
    metadata: { namespace, name: 'portcullis-settings' },
    data: { 'settings.yaml': text },
  } as never)
}

function putGateways(store: MemoryStore, ...pods: readonly string[]): void {
  const endpoints = pods.map((name) => ({
    addresses: ['10.0.0.1'],
    conditions: { ready: true },
    targetRef: { kind: 'Pod', name },
  }))
  const labels = { 'kubernetes.io/service-name': 'portcullis-gateway' }
  store.put(endpointSlices, {
    metadata: { namespace, name: 'gateways', labels },
    addressType: 'IPv4',
    endpoints,
  } as never)
}

let renewals = 0

function ack(
  store: MemoryStore,
  pod: string,
  { epoch, n, digest }: Revision,
  more: Readonly<Record<string, string>> = {},
): void {
  renewals += 1
  const annotations = { 'portcullis.dev/sequence': `${epoch}.${n}`, 'portcullis.dev/digest': digest, ...more }
  const renewTime = new Date(Date.UTC(2026, 0, 1) + renewals).toISOString().replace('Z', '000Z')
  store.put(leases, {
    metadata: { namespace, name: `portcullis-ack-${pod}`, annotations },
    spec: { holderIdentity: pod, renewTime },
  } as never)
}

interface Published {
  readonly revision: Revision
  readonly bundle: Bundle
}

async function readBundle(store: MemoryStore): Promise<Published | undefined> {
  const get = async (name: string): Promise<ReturnType<typeof fromApi>> => {
    const found = await store.get(configMaps, { namespace, name })
    return found === undefined ? undefined : fromApi(found)
  }
  const index = await get('portcullis-bundle')
  const parsed = index === undefined ? undefined : parseIndex(index)
  if (index === undefined || parsed === undefined || 'refused' in parsed) return undefined
  const slots = new Map<string, Awaited<ReturnType<typeof get>>>(
    await Promise.all(
      [...Array(8).keys()].flatMap((i) =>
        ['a', 'b'].map(
          async (side) => [`portcullis-bundle-${i}-${side}`, await get(`portcullis-bundle-${i}-${side}`)] as const,
        ),
      ),
    ),
  )
  const read = readParts(parsed.index, index, {
    gunzip: (bytes) => gunzipSync(bytes).toString(),
    slot: (name) => slots.get(name),
  })
  if (!('parts' in read)) throw new Error(JSON.stringify(read))
  const { revision } = parsed.index
  const decoded = decodeBundle(read.parts, revision.digest, hash)
  if ('refused' in decoded) throw new Error(decoded.refused)
  return { revision, bundle: decoded.bundle }
}

async function published(
  store: MemoryStore,
  what: string,
  is: (bundle: Bundle, revision: Revision) => boolean,
): Promise<Published> {
  return eventually(
    async () => {
      const found = await readBundle(store)
      return found !== undefined && is(found.bundle, found.revision) && found
    },
    { message: what },
  )
}

type WithStatus = ModelConnection | InferencePolicy

function conditionOf(
  object: WithStatus | undefined,
  type: string,
): { status: string; reason: string; message: string } | undefined {
  return object?.status?.conditions?.find((condition) => condition.type === type)
}

async function awaitCondition<T extends WithStatus>(
  store: MemoryStore,
  resource: Resource<T>,
  name: string,
  expected: string,
): Promise<T> {
  const [type = '', status, reason] = expected.split(' ')
  return eventually(
    async () => {
      const object = await store.get(resource, { namespace: team, name })
      const found = conditionOf(object, type)
      return found?.status === status && (reason === undefined || found?.reason === reason) && object
    },
    { message: `${name} to be ${expected}` },
  )
}

async function list<T extends KubeObject>(store: MemoryStore, resource: Resource<T>): Promise<readonly T[]> {
  return (await store.list(resource)).items
}

const hasPolicies =
  (count: number) =>
  (bundle: Bundle): boolean =>
    bundle.policies.length === count

describe('publishing', () => {
  it('publishes what is declared, and again when it changes', async () => {
    const { store } = startOperator()
    putConnection(store, 'chat')
    putPolicy(store, 'allow')
    const first = await published(store, 'one policy', hasPolicies(1))
    expect(first.bundle.connections[0]).toMatchObject({
      ref: { namespace: team, name: 'chat' },
      prefix: '/team-a/chat/',
    })
    putPolicy(store, 'more')
    const second = await published(store, 'two policies', hasPolicies(2))
    expect(second.revision.epoch).toBe(first.revision.epoch)
    expect(second.revision.n).toBeGreaterThan(first.revision.n)
    await store.delete(inferencePolicies, { namespace: team, name: 'more' })
    await published(store, 'the deletion', hasPolicies(1))
  })

  it('publishes nothing when a change changes nothing', async () => {
    const { store } = startOperator()
    putConnection(store, 'chat')
    putPolicy(store, 'allow')
    putGateways(store, 'gw-1')
    const { revision } = await published(
      store,
      'the policy',
      (bundle) => bundle.policies.length === 1 && bundle.connections.length === 1,
    )
    ack(store, 'gw-1', revision)
    const object = await awaitCondition(store, modelConnections, 'chat', 'Programmed True')
    store.put(modelConnections, { ...object, metadata: { ...object.metadata, annotations: { note: 'x' } } })
    putConnection(store, 'other')
    const after = await published(store, 'another connection', (bundle) => bundle.connections.length === 2)
    expect(after.revision.n).toBe(revision.n + 1)
  })

  it('goes on above the last sequence after a restart, and is silent when nothing changed', async () => {
    const first = startOperator()
    putConnection(first.store, 'chat')
    const before = await published(first.store, 'the connection', (bundle) => bundle.connections.length === 1)
    await first[Symbol.asyncDispose]()
    const second = startOperator(first.store)
    putPolicy(second.store, 'allow')
    const after = await published(second.store, 'the policy', hasPolicies(1))
    expect(after.revision).toMatchObject({ epoch: before.revision.epoch, n: before.revision.n + 1 })
  })

  it('continues above what gateways enforce when the index is deleted', async () => {
    const { store } = startOperator()
    putConnection(store, 'chat')
    putGateways(store, 'gw-1')
    const before = await published(store, 'the connection', (bundle) => bundle.connections.length === 1)
    ack(store, 'gw-1', { ...before.revision, n: 41 })
    await store.delete(configMaps, { namespace, name: 'portcullis-bundle' })
    const after = await published(store, 'a new index', (_, { n }) => n === 42)
    expect(after.revision.epoch).toBe(before.revision.epoch)
  })

  it('starts an epoch when gateways are ahead of the index', async () => {
    const { store } = startOperator()
    putConnection(store, 'chat')
    putGateways(store, 'gw-1')
    await published(store, 'the connection', (bundle) => bundle.connections.length === 1)
    ack(store, 'gw-1', { epoch: 1, n: 900, digest: 'sha256:restored' })
    const after = await published(store, 'a new epoch', (_, { epoch }) => epoch === 2)
    expect(after.revision).toMatchObject({ epoch: 2, n: 1 })
  })

  it('puts a large bundle into slots', async () => {
    const { store } = startOperator()
    for (let i = 0; i < 60; i += 1) {
      let noise = ''
      for (let k = 0; k < 40; k += 1) noise += createHash('sha512').update(`${i} ${k}`).digest('base64')
      putPolicy(store, `policy-${i}`, {
        rules: [{ name: 'r', phase: 'Request', action: 'Deny', when: `request.prompt == '${noise}'` }],
      })
    }
    await published(store, 'sixty policies', hasPolicies(60))
    expect(await store.get(configMaps, { namespace, name: 'portcullis-bundle-0-a' })).toBeDefined()
  })
})

const stored = async (store: MemoryStore): Promise<readonly string[]> => {
  const found = await store.get(secrets, { namespace, name: 'portcullis-credentials' })
  return Object.values(found?.data ?? {}).map((value) => Buffer.from(value, 'base64').toString())
}

describe('credentials', () => {
  const credential = { type: 'Header', secretRef: { name: 'key' } } as const
  it('copies a Secret into a slot and never into the bundle, and takes it back when it is not used', async () => {
    const { store } = startOperator()
    putSecret(store, 'key', 'sk-very-secret\n')
    putConnection(store, 'chat', { credential })
    putGateways(store, 'gw-1')
    const { bundle, revision } = await published(
      store,
      'the credential',
      ({ connections }) => connections[0]?.credential !== undefined,
    )
    expect(await stored(store)).toEqual(['sk-very-secret'])
    const texts = JSON.stringify([
      bundle,
      await list(store, modelConnections),
      await list(store, events),
      await list(store, configMaps),
    ])
    expect(texts).not.toContain('very-secret')
    ack(store, 'gw-1', revision)
    putConnection(store, 'chat', {})
    const next = await published(store, 'no credential', ({ connections }) => connections[0]?.credential === undefined)
    expect(await stored(store)).toEqual(['sk-very-secret'])
    ack(store, 'gw-1', next.revision)
    await eventually(async () => (await stored(store)).length === 0, { message: 'the unused slot to go' })
  })

  it('keeps the old slot for a gateway that lags, also over a restart', async () => {
    const first = startOperator()
    const { store } = first
    putSecret(store, 'key', 'sk-old')
    putConnection(store, 'chat', { credential })
    putGateways(store, 'gw-1')
    const before = await published(
      store,
      'the credential',
      ({ connections }) => connections[0]?.credential !== undefined,
    )
    ack(store, 'gw-1', before.revision)
    putConnection(store, 'chat')
    await published(store, 'no credential', ({ connections }) => connections[0]?.credential === undefined)
    await first[Symbol.asyncDispose]()
    const { registry } = startOperator(store)
    const publishes = /reconcile_total\{controller="publish",result="done"\} [1-9]/u
    await eventually(async () => publishes.test(await registry.metrics()), { message: 'a first look at what is there' })
    putConnection(store, 'other')
    const after = await published(store, 'another connection', ({ connections }) => connections.length === 2)
    await awaitCondition(store, modelConnections, 'other', 'Programmed Unknown Pending')
    expect(await stored(store)).toEqual(['sk-old'])
    ack(store, 'gw-1', after.revision)
    await awaitCondition(store, modelConnections, 'other', 'Programmed True')
    await eventually(async () => (await stored(store)).length === 0, { message: 'the unused slot to go' })
  })

  it('blocks the connection while its Secret is missing, and says so', async () => {
    const { store } = startOperator()
    putConnection(store, 'chat', { credential })
    const { bundle } = await published(store, 'the connection', ({ connections }) => connections.length === 1)
    expect(bundle.connections[0]?.blocked?.reason).toBe('RefNotFound')
    const object = await awaitCondition(store, modelConnections, 'chat', 'ResolvedRefs False RefNotFound')
    expect(conditionOf(object, 'Accepted')?.status).toBe('True')
    expect(conditionOf(object, 'Programmed')).toMatchObject({ status: 'False', reason: 'RefNotFound' })
  })
})

describe('statuses', () => {
  it('Programmed is True only when every serving gateway has said so', async () => {
    const { store } = startOperator()
    putConnection(store, 'chat')
    putPolicy(store, 'allow')
    putGateways(store, 'gw-1', 'gw-2', 'gw-3')
    const { revision } = await published(
      store,
      'both',
      ({ connections, policies }) => connections.length + policies.length === 2,
    )
    ack(store, 'gw-1', revision)
    ack(store, 'gw-2', revision)
    const waiting = await eventually(
      async () => {
        const object = await store.get(inferencePolicies, { namespace: team, name: 'allow' })
        return object?.status?.enforced === '2/3' && object
      },
      { message: '2/3' },
    )
    expect(conditionOf(waiting, 'Programmed')).toMatchObject({ status: 'Unknown', reason: 'Pending' })
    expect(waiting.status?.laggards).toEqual(['gw-3'])
    ack(store, 'gw-3', revision)
    const object = await awaitCondition(store, inferencePolicies, 'allow', 'Programmed True')
    expect(object.status).toMatchObject({
      enforced: '3/3',
      sequence: `${revision.epoch}.${revision.n}`,
      targets: ['team-a/chat'],
      targetCount: '1',
    })
    expect(conditionOf(object, 'Ready')).toMatchObject({ status: 'True', reason: 'Ready' })
    expect(object.status?.conditions?.map(({ type }) => type)).toEqual([
      'Accepted',
      'ResolvedRefs',
      'Programmed',
      'Ready',
    ])
    await awaitCondition(store, modelConnections, 'chat', 'Programmed True')
  })

  it('an edit of one object leaves the others Programmed, and a new gateway does not unset them', async () => {
    const { store } = startOperator()
    putConnection(store, 'chat')
    putPolicy(store, 'allow')
    putGateways(store, 'gw-1')
    const { revision } = await published(
      store,
      'both',
      ({ connections, policies }) => connections.length + policies.length === 2,
    )
    ack(store, 'gw-1', revision)
    await awaitCondition(store, modelConnections, 'chat', 'Programmed True')
    const before = await store.get(modelConnections, { namespace: team, name: 'chat' })
    putPolicy(store, 'more')
    await awaitCondition(store, inferencePolicies, 'more', 'Programmed Unknown Pending')
    putGateways(store, 'gw-1', 'gw-2')
    await eventually(
      async () => (await store.get(inferencePolicies, { namespace: team, name: 'more' }))?.status?.enforced === '0/2',
      { message: '0/2' },
    )
    expect((await store.get(modelConnections, { namespace: team, name: 'chat' }))?.status?.conditions).toEqual(
      before?.status?.conditions,
    )
  })

  it('a refusal by a gateway is told with its reason', async () => {
    const { store } = startOperator()
    putConnection(store, 'chat')
    putGateways(store, 'gw-1')
    const { revision } = await published(store, 'the connection', ({ connections }) => connections.length === 1)
    const more = {
      'portcullis.dev/rejected-sequence': `${revision.epoch}.${revision.n}`,
      'portcullis.dev/rejected-reason': 'bundle format 2',
    }
    ack(store, 'gw-1', { ...revision, n: revision.n - 1 }, more)
    const object = await awaitCondition(store, modelConnections, 'chat', 'Programmed False RejectedByGateway')
    expect(conditionOf(object, 'Programmed')?.message).toContain('gw-1')
    expect(conditionOf(object, 'Programmed')?.message).toContain('bundle format 2')
  })

  it('without gateways nothing is Programmed', async () => {
    const { store } = startOperator()
    putConnection(store, 'chat')
    const object = await awaitCondition(store, modelConnections, 'chat', 'Programmed False NoReplicas')
    expect(conditionOf(object, 'Ready')?.status).toBe('False')
  })

  it('an invalid policy shows line and column, stays in the bundle, and leaves others alone', async () => {
    const { store } = startOperator()
    putConnection(store, 'chat')
    putPolicy(store, 'broken', {
      rules: [{ name: 'r', phase: 'Request', action: 'Deny', when: 'request.modle == "x"' }],
    })
    putPolicy(store, 'allow')
    putGateways(store, 'gw-1')
    const { revision } = await published(store, 'both policies', hasPolicies(2))
    ack(store, 'gw-1', revision)
    const broken = await awaitCondition(store, inferencePolicies, 'broken', 'Accepted False InvalidExpression')
    expect(broken.status?.problems?.[0]).toMatchObject({ path: 'spec.rules[0].when', line: 1 })
    expect(broken.status?.problems?.[0]?.column).toBeGreaterThan(1)
    expect(conditionOf(broken, 'Programmed')).toMatchObject({ status: 'False', reason: 'InvalidExpression' })
    await awaitCondition(store, inferencePolicies, 'allow', 'Programmed True')
  })

  it('a policy that selects nothing is compiled all the same', async () => {
    const { store } = startOperator()
    putPolicy(store, 'early', {
      rules: [{ name: 'r', phase: 'Request', action: 'Deny', when: 'request.modle == "x"' }],
    })
    const object = await awaitCondition(store, inferencePolicies, 'early', 'Accepted False InvalidExpression')
    expect(conditionOf(object, 'ResolvedRefs')).toMatchObject({ status: 'False', reason: 'TargetNotFound' })
  })

  it('tells with Events what turned', async () => {
    const { store } = startOperator()
    putConnection(store, 'chat', { protocol: 'Gemini' })
    const found = await eventually(
      async () => (await list(store, events)).find(({ reason }) => reason === 'NotSupported'),
      { message: 'an Event' },
    )
    expect(found).toMatchObject({ type: 'Warning', regarding: { kind: 'ModelConnection', name: 'chat' } })
  })

  it('does not write a status twice', async () => {
    const { store, registry } = startOperator()
    putConnection(store, 'chat')
    putGateways(store, 'gw-1')
    const { revision } = await published(store, 'the connection', ({ connections }) => connections.length === 1)
    ack(store, 'gw-1', revision)
    const object = await awaitCondition(store, modelConnections, 'chat', 'Programmed True')
    for (let i = 0; i < 20; i += 1) ack(store, 'gw-1', revision)
    putSettings(store, 'issuers: []')
    await eventually(async () => (await registry.metrics()).includes('portcullis_operator_settings_valid 1'), {
      message: 'the settings',
    })
    const after = await store.get(modelConnections, { namespace: team, name: 'chat' })
    expect(after?.metadata.resourceVersion).toBe(object.metadata.resourceVersion)
  })
})

describe('platform settings', () => {
  it('are part of the bundle, and the last valid ones stay, also over a restart', async () => {
    const first = startOperator()
    const { store } = first
    putConnection(store, 'chat', { route: { prefix: '/v1/' } })
    putSettings(store, 'grants: [{namespace: team-a, prefixes: [/v1/]}]')
    await published(
      store,
      'the grant',
      ({ connections }) => connections[0]?.blocked === undefined && connections.length === 1,
    )
    putSettings(store, 'grants: [{namespace: team-a, prefixes: [secret-word]}]')
    const told = await eventually(
      async () => (await list(store, events)).find(({ reason }) => reason === 'InvalidSettings'),
      { message: 'an Event' },
    )
    expect(told.note).toContain('grants[0].prefixes[0]')
    expect(told.note).not.toContain('secret-word')
    await first[Symbol.asyncDispose]()
    startOperator(store)
    putPolicy(store, 'allow')
    const { bundle } = await published(store, 'the policy', hasPolicies(1))
    expect(bundle.settings.grants).toEqual([{ namespace: 'team-a', prefixes: ['/v1/'] }])
    expect(bundle.connections[0]?.blocked).toBeUndefined()
  })

  it('that are no YAML are told with line and column, without their text', async () => {
    const { store } = startOperator()
    putSettings(store, 'issuers: []\ngrants: [secret-word')
    const told = await eventually(
      async () => (await list(store, events)).find(({ reason }) => reason === 'InvalidSettings'),
      { message: 'an Event' },
    )
    expect(told.note).toMatch(/^settings\.yaml 2:\d+: this is no YAML/u)
    expect(told.note).not.toContain('secret-word')
  })
})
