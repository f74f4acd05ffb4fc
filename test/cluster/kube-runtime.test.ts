// kube/ and operator/runtime against a real API server: the store's contract, and what only a real server can say about
// watches, leases, status, Events and tokens.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AuthenticationV1Api, CoreV1Api } from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { KubeClient } from '../../kube/client.ts'
import { connectKube } from '../../kube/client.ts'
import { systemClock } from '../../kube/clock.ts'
import { Reflector } from '../../kube/reflector.ts'
import type { KubeObject, Resource } from '../../kube/resource.ts'
import { configMaps, events, leases } from '../../kube/resource.ts'
import { makeKubernetesStore } from '../../kube/store-kubernetes.ts'
import type { ResourceStore } from '../../kube/store.ts'
import { EventRecorder } from '../../operator/runtime/events.ts'
import { Leader } from '../../operator/runtime/leader.ts'
import { StatusWriter } from '../../operator/runtime/status-writer.ts'
import { makeNamespace, sharedCluster } from '../helpers/cluster.ts'
import type { Namespace } from '../helpers/cluster.ts'
import type { Counts } from '../helpers/quiet.ts'
import { makeLog, makeMetrics } from '../helpers/quiet.ts'
import { describeStore, widgets } from '../helpers/store-contract.ts'

interface Crd extends KubeObject {
  readonly spec: object
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

const crds: Resource<Crd> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
}
const text = { type: 'string' }
const schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: { color: text, size: { type: 'integer' }, parts: { type: 'object', additionalProperties: text } },
    },
    status: {
      type: 'object',
      properties: {
        phase: text,
        note: text,
        conditions: { type: 'array', items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    },
  },
}
const widgetCrd = {
  metadata: { name: 'widgets.example.test' },
  spec: {
    group: widgets.group,
    scope: 'Namespaced',
    names: { plural: widgets.plural, singular: 'widget', kind: widgets.kind, listKind: 'WidgetList' },
    versions: [
      { name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: schema } },
    ],
  },
}

let client: KubeClient
let store: ResourceStore
let namespace: Namespace

beforeAll(async () => {
  const cluster = sharedCluster()
  client = connectKube({ kubeconfig: cluster.address.adminKubeconfig })
  store = makeKubernetesStore(client.transport)
  namespace = await makeNamespace(cluster, { prefix: 'runtime' })
  await store.apply(crds, widgetCrd, { fieldManager: 'test', force: true })
  await vi.waitFor(async () => {
    const conditions = (await store.get(crds, { name: 'widgets.example.test' }))?.status?.conditions ?? []
    if (!conditions.some(({ type, status }) => type === 'Established' && status === 'True'))
      throw new Error('not served yet')
    await store.list(widgets)
  }, 20_000)
})

afterAll(async () => {
  await namespace[Symbol.asyncDispose]()
  await store.delete(crds, { name: 'widgets.example.test' })
  await client.close()
})

describeStore(
  'of a real API server',
  async () => ({ store, namespace: namespace.name }),
  async () => {},
)

function reflect(counts: Counts, label: string): Reflector<KubeObject> {
  const deps = { store, clock: systemClock, random: Math.random, log: makeLog(), metrics: makeMetrics(counts) }
  const reflector = new Reflector<KubeObject>(deps, {
    resource: configMaps,
    namespaces: [namespace.name],
    labels: { label },
  })
  const stop = new AbortController()
  const ended = reflector.start(stop.signal)
  onTestFinished(async () => {
    stop.abort()
    await ended
  })
  return reflector
}

describe('a reflector', () => {
  it('streams the initial state from the server and follows it, without managedFields', async () => {
    const labels = { label: 'reflected' }
    const how = { fieldManager: 'test', force: true }
    for (const name of ['r1', 'r2'])
      await store.apply(configMaps, { metadata: { namespace: namespace.name, name, labels }, data: { k: '1' } }, how)
    const counts: Counts = {}
    const reflector = reflect(counts, 'reflected')
    await reflector.synced
    expect(reflector.keys().toSorted()).toEqual([`${namespace.name}/r1`, `${namespace.name}/r2`])
    expect(reflector.list()[0]?.metadata).not.toHaveProperty('managedFields')
    await store.apply(
      configMaps,
      { metadata: { namespace: namespace.name, name: 'r1', labels }, data: { k: '2' } },
      how,
    )
    await store.delete(configMaps, { namespace: namespace.name, name: 'r2' })
    await vi.waitFor(() => expect(reflector.list()).toMatchObject([{ data: { k: '2' } }]))
    // No list was needed and no watch had to be begun again: WatchList works.
    expect(counts).toMatchObject({ relisted: 1 })
    expect(Object.keys(counts).toSorted()).toEqual(['heard', 'relisted'])
  })
})

function candidate(kube: KubeClient, identity: string) {
  const deps = {
    store: makeKubernetesStore(kube.transport),
    clock: systemClock,
    random: Math.random,
    log: makeLog(),
    metrics: makeMetrics(),
  }
  const leader = new Leader(deps, {
    namespace: namespace.name,
    name: 'the-lease',
    identity,
    leaseMs: 3_000,
    renewMs: 2_000,
    retryMs: 100,
  })
  const stop = new AbortController()
  return { leader, stop, ended: leader.run(stop.signal) }
}

describe('leader election', () => {
  it('hands over between two clients on release, and after expiry when the first is cut off', async () => {
    const kubeconfig = sharedCluster().address.adminKubeconfig
    await using first = connectKube({ kubeconfig })
    await using third = connectKube({ kubeconfig })
    const one = candidate(first, 'one')
    expect((await one.leader.elected).fence).toEqual({ transitions: 0, holder: 'one' })
    const two = candidate(client, 'two')
    one.stop.abort()
    expect(await one.ended).toBe('released')
    const second = await two.leader.elected
    expect(second.fence).toEqual({ transitions: 1, holder: 'two' })
    const three = candidate(third, 'three')
    await vi.waitFor(() => expect(three.leader.holder).toBe('two'))
    two.stop.abort()
    expect(await two.ended).toBe('released')
    await three.leader.elected
    await third.close() // The lease is still ours on the server, but we can no longer renew it.
    const four = candidate(client, 'four')
    expect(await three.ended).toBe('lost')
    expect(four.leader.state).toBe('standby')
    expect((await four.leader.elected).fence.transitions).toBe(3)
    four.stop.abort()
    await four.ended
    expect(
      (await store.get(leases, { namespace: namespace.name, name: 'the-lease' }))?.spec?.holderIdentity ?? '',
    ).toBe('')
  })
})

describe('a status writer', () => {
  it('makes no new version of an object when nothing changed, and survives deletion', async () => {
    const writer = new StatusWriter(
      { store, clock: systemClock, log: makeLog(), metrics: makeMetrics() },
      'status-test',
    )
    const ref = { namespace: namespace.name, name: 'status' }
    const created = await store.create(widgets, { metadata: ref, spec: { color: 'red' } })
    const status = {
      phase: 'Ready',
      conditions: [{ type: 'Ready', status: 'True', reason: 'Fine', message: '' }],
    } as const
    expect(await writer.write(widgets, created, status)).toBe('written')
    const written = await store.get(widgets, ref)
    expect(written?.status).toMatchObject({
      phase: 'Ready',
      conditions: [{ type: 'Ready', lastTransitionTime: expect.any(String) }],
    })
    expect(await writer.write(widgets, written ?? created, status)).toBe('unchanged')
    await store.delete(widgets, ref)
    expect(await writer.write(widgets, created, { phase: 'Late' })).toBe('gone')
    await store.create(widgets, { metadata: ref, spec: { color: 'blue' } })
    expect(await writer.write(widgets, created, { phase: 'Late' })).toBe('gone')
  })
})

describe('an event recorder', () => {
  it('writes Events that the server accepts, and counts them up', async () => {
    const regarding = await store.create(widgets, {
      metadata: { namespace: namespace.name, name: 'told' },
      spec: { color: 'red' },
    })
    const lines: { message: string }[] = []
    const recorder = new EventRecorder(
      { store, clock: systemClock, log: makeLog(lines as never), metrics: makeMetrics() },
      { controller: 'example.test/operator', instance: 'pod-1' },
    )
    const story = { regarding, type: 'Warning', reason: 'Broken', action: 'Mending', note: 'It broke.' } as const
    recorder.record(story)
    await recorder.flush()
    recorder.record(story)
    await recorder.flush()
    expect(lines).toEqual([])
    const found = (await store.list(events, { namespace: namespace.name })).items.filter(
      (event) => event.regarding.name === 'told',
    )
    expect(found).toMatchObject([{ reason: 'Broken', note: 'It broke.', series: { count: 2 } }])
  })
})

describe('a client', () => {
  it('reads its token file again when the server refuses the old token', async () => {
    const cluster = sharedCluster()
    await client
      .make(CoreV1Api)
      .createNamespacedServiceAccount({ namespace: namespace.name, body: { metadata: { name: 'reader' } } })
    const token = await cluster.serviceAccountToken(namespace.name, 'reader')
    const tokenFile = join(cluster.address.folder, `token-${namespace.name}`)
    await writeFile(tokenFile, 'outdated')
    const kubeconfig = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'c',
          cluster: {
            server: cluster.address.server,
            'certificate-authority-data': Buffer.from(cluster.address.authorityPem).toString('base64'),
          },
        },
      ],
      users: [{ name: 'u', user: { tokenFile } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }
    await using reader = connectKube({ kubeconfig: JSON.stringify(kubeconfig, undefined, 1) })
    const review = async (): Promise<string | undefined> =>
      (await reader.make(AuthenticationV1Api).createSelfSubjectReview({ body: {} })).status?.userInfo?.username
    await expect(review()).rejects.toMatchObject({ code: 'Unauthorized' })
    await writeFile(tokenFile, token)
    expect(await review()).toBe(`system:serviceaccount:${namespace.name}:reader`)
    await expect(makeKubernetesStore(reader.transport).list(configMaps, { namespace: namespace.name })).rejects.toThrow(
      /^list configmaps .*\(Forbidden\): User "system:serviceaccount:[^"]+" cannot list resource "configmaps"/,
    )
  })

  it('names what is wrong with an object without quoting it', async () => {
    const wrong = { metadata: { namespace: namespace.name, name: 'wrong' }, spec: { color: 'red', size: 's3cret' } }
    const refused = await store.create<KubeObject>(widgets, wrong as never).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'Invalid' })
    expect(String(refused)).toContain('spec.size')
    expect(String(refused)).not.toContain('s3cret')
    const mistyped = { metadata: { namespace: namespace.name, name: 'wrong' }, spec: { colour: 's3cret' } }
    const strict = await store.create<KubeObject>(widgets, mistyped as never).catch((error: unknown) => error)
    expect(strict).toMatchObject({ code: 'BadRequest' })
    expect(String(strict)).not.toContain('s3cret')
  })
})
