// What the operator does for masking, over a store in memory: tenant keys before the bundle that may need them, dictionaries in the
// bundle as their ConfigMaps change, and no key anywhere but in its Secret.
import { createHash } from 'node:crypto'
import { Registry } from 'prom-client'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../../hack/cluster/eventually.ts'
import { systemClock } from '../../kube/clock.ts'
import { KubeError } from '../../kube/errors.ts'
import type { Resource } from '../../kube/resource.ts'
import { configMaps, events, secrets } from '../../kube/resource.ts'
import { MemoryStore } from '../../kube/store-memory.ts'
import type { ResourceStore } from '../../kube/store.ts'
import { makeKubeMetrics } from '../../kube/telemetry.ts'
import { buildOperator } from '../../operator/build.ts'
import { inferencePolicies, modelConnections } from '../../operator/objects.ts'
import { readPublished } from '../../operator/publish/config-maps.ts'
import { tenantKeySecretName } from '../../operator/publish/tenant-keys.ts'
import type { Bundle } from '../../policy/bundle.ts'
import type { Line } from '../helpers/quiet.ts'
import { makeLog } from '../helpers/quiet.ts'

const namespace = 'portcullis'
const team = 'team-a'
const hash = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`

interface World extends AsyncDisposable {
  readonly memory: MemoryStore
  readonly lines: readonly Line[]
  /** Names of what the operator created or replaced, in order. */
  readonly written: readonly string[]
}

const open: World[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]()
})

type Guard = (resource: Resource, name: string) => void

function startOperator(guard: Guard = () => {}): World {
  const memory = new MemoryStore({ clock: systemClock })
  const written: string[] = []
  const note = (resource: Resource, name: string): void => {
    guard(resource, name)
    written.push(name)
  }
  const under: ResourceStore = memory
  const store: ResourceStore = {
    ...under,
    create: async (resource, object) => {
      note(resource, object.metadata.name)
      return memory.create(resource, object)
    },
    replace: async (resource, object) => {
      note(resource, object.metadata.name)
      return memory.replace(resource, object)
    },
  }
  const lines: Line[] = []
  const registry = new Registry()
  const parts = { store, clock: systemClock, random: Math.random, log: makeLog(lines), registry }
  const operator = buildOperator(
    { ...parts, kubeMetrics: makeKubeMetrics(registry) },
    {
      namespace,
      podName: 'operator-0',
      serviceAccount: 'operator',
      gatewayService: 'portcullis-gateway',
      clusterDomain: 'cluster.local',
      allowLoopback: false,
      drainMs: 2_000,
      referenceMs: 50,
      hasApiServer: false,
    },
  )
  const stop = new AbortController()
  const ended = operator.start(stop.signal)
  const world: World = {
    memory,
    lines,
    written,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await ended
    },
  }
  open.push(world)
  return world
}

function putConnection({ memory }: World, inNamespace = team): void {
  const endpoints = [{ name: 'main', url: 'https://api.example.com/v1' }]
  const spec = { mode: 'Active', protocol: 'OpenAI', endpoints }
  memory.put(modelConnections, { metadata: { namespace: inNamespace, name: 'chat' }, spec } as never)
}

async function published(world: World, what: string, is: (bundle: Bundle) => boolean): Promise<Bundle> {
  return eventually(
    async () => {
      const { bundle } = await readPublished({ store: world.memory, namespace, hash })
      return bundle !== undefined && is(bundle) && bundle
    },
    { message: what, timeoutMs: 10_000 },
  )
}

const hasConnections =
  (count: number) =>
  ({ connections }: Bundle): boolean =>
    connections.length === count

const keysOf = async ({ memory }: World): Promise<Readonly<Record<string, string>>> =>
  (await memory.get(secrets, { namespace, name: tenantKeySecretName }))?.data ?? {}

describe('tenant keys', () => {
  it('are there before the bundle with the connection, and stay when it goes', async () => {
    const world = startOperator()
    putConnection(world)
    await published(world, 'the connection', hasConnections(1))
    const { [team]: key } = await keysOf(world)
    expect(Buffer.from(key ?? '', 'base64')).toHaveLength(32)
    const lastIndex = world.written.lastIndexOf('portcullis-bundle')
    expect(world.written.indexOf(tenantKeySecretName)).toBeLessThan(lastIndex)
    await world.memory.delete(modelConnections, { namespace: team, name: 'chat' })
    putConnection(world, 'team-b')
    await published(world, 'the other', ({ connections }) => connections[0]?.ref.namespace === 'team-b')
    expect(await keysOf(world)).toEqual({ [team]: key, 'team-b': expect.any(String) })
  })

  it('are in their Secret and nowhere else', async () => {
    const world = startOperator()
    putConnection(world)
    await published(world, 'the connection', hasConnections(1))
    const { [team]: key = '' } = await keysOf(world)
    const stored = await Promise.all(
      [configMaps, events, modelConnections].map(async (resource) => (await world.memory.list(resource)).items),
    )
    expect(JSON.stringify([stored, world.lines])).not.toContain(key.slice(0, 16))
  })

  it('that may not be written hold up nothing else, and come once they may', async () => {
    let refuses = true
    const world = startOperator((resource, name) => {
      if (!refuses || name !== tenantKeySecretName) return
      throw new KubeError('Forbidden', { verb: 'create', resource: resource.plural, namespace, name })
    })
    putConnection(world)
    await published(world, 'the connection', hasConnections(1))
    expect(world.lines).toContainEqual(
      expect.objectContaining({ level: 'error', message: 'tenant keys cannot be used' }),
    )
    refuses = false
    putConnection(world, 'team-b')
    await published(world, 'both', hasConnections(2))
    expect(Object.keys(await keysOf(world))).toEqual([team, 'team-b'])
  })

  it('that are damaged are told with an Event, and left as they are', async () => {
    const world = startOperator()
    const damaged = Buffer.from('canary').toString('base64')
    world.memory.put(secrets, {
      metadata: { namespace, name: tenantKeySecretName },
      data: { [team]: damaged },
    } as never)
    putConnection(world)
    await published(world, 'the connection', hasConnections(1))
    const told = await eventually(
      async () => (await world.memory.list(events)).items.find(({ reason }) => reason === 'InvalidTenantKey') ?? false,
      { message: 'an Event', timeoutMs: 10_000 },
    )
    expect(told.note).toMatch(/^slot "team-a" of Secret portcullis\/portcullis-tenant-keys does not hold a key/u)
    expect(await keysOf(world)).toEqual({ [team]: damaged })
    expect(JSON.stringify([told, world.lines])).not.toMatch(/canary|Y2FuYXJ5/u)
  })
})

const termsOf = ({ policies }: Bundle): readonly string[] | undefined => policies[0]?.dictionaries?.['words/projects']

describe('dictionaries', () => {
  const ref = { namespace: team, name: 'words' }
  const putWords = ({ memory }: World, projects: string): void => {
    memory.put(configMaps, { metadata: ref, data: { projects } } as never)
  }
  const putPolicy = ({ memory }: World): void => {
    const dictionaries = [{ name: 'projects', configMapRef: { name: 'words', key: 'projects' } }]
    const dataClasses = [{ name: 'Internal', dictionaries }]
    const rules = [{ name: 'all', phase: 'Request', action: 'Allow' }]
    const spec = { mode: 'Enforce', targetRefs: [{ name: 'chat' }], dataClasses, rules }
    memory.put(inferencePolicies, { metadata: { namespace: team, name: 'p' }, spec } as never)
  }
  it('are followed into the bundle; one that goes closes what it is about', async () => {
    const world = startOperator()
    putConnection(world)
    putWords(world, '# birds\n\nBlue Heron\n')
    putPolicy(world)
    const first = await published(world, 'the terms', (bundle) => termsOf(bundle) !== undefined)
    expect(termsOf(first)).toEqual(['Blue Heron'])
    putWords(world, 'Blue Heron\nRed Kite')
    await published(world, 'the new term', (bundle) => termsOf(bundle)?.includes('Red Kite') ?? false)
    await world.memory.delete(configMaps, ref)
    const closed = await published(world, 'a policy that denies', ({ policies }) => policies[0]?.blocked !== undefined)
    expect(termsOf(closed)).toBeUndefined()
    const status = await eventually(
      async () => {
        const found = await world.memory.get(inferencePolicies, { namespace: team, name: 'p' })
        const is = (type: string): string | undefined =>
          found?.status?.conditions?.find((condition) => condition.type === type)?.reason
        return is('ResolvedRefs') === 'RefNotFound' && { accepted: is('Accepted'), programmed: is('Programmed') }
      },
      { message: 'the status', timeoutMs: 10_000 },
    )
    expect(status).toEqual({ accepted: 'Accepted', programmed: 'RefNotFound' })
  })
})
