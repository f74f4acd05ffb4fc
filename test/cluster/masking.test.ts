// What masking needs of a real API server: a key for each tenant that is made once and stays, seen by gateways and written by the
// operator alone; and dictionaries that are read under a team's own grant.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TenantKeyStore } from '../../gateway/masking/tenant-keys.ts'
import { makeTenantKeyStore } from '../../gateway/masking/tenant-keys.ts'
import type { ControlPlane } from '../../hack/cluster/control-plane.ts'
import type { KubeClient } from '../../kube/client.ts'
import { connectKube } from '../../kube/client.ts'
import { systemClock } from '../../kube/clock.ts'
import type { ResourceStore } from '../../kube/store.ts'
import { makeKubernetesStore } from '../../kube/store-kubernetes.ts'
import { readPublished } from '../../operator/publish/config-maps.ts'
import type { BundlePolicy } from '../../policy/bundle.ts'
import { eventually } from '../helpers/cluster.ts'
import { makeLog, makeMetrics } from '../helpers/quiet.ts'
import type { FakeGateway, OperatorProcess } from './operator-install.ts'
import {
  apply,
  getJson,
  install,
  makeGateways,
  must,
  platform,
  refusalOf,
  startOperator,
  toConnectionYaml,
  toPolicyYaml,
  toYaml,
} from './operator-install.ts'

const team = 'team-a'
const secretName = 'portcullis-tenant-keys'
const asOperator = `system:serviceaccount:${platform}:operator`
const hash = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`

let cluster: ControlPlane
let admin: KubeClient
let store: ResourceStore
let operator: OperatorProcess
let gateway: FakeGateway

beforeAll(async () => {
  cluster = await install()
  admin = connectKube({ kubeconfig: cluster.address.adminKubeconfig })
  store = makeKubernetesStore(admin.transport)
  await cluster.createNamespace(team)
  await cluster.createNamespace('team-b')
  const [first] = await makeGateways(cluster, 'gw-1')
  if (first === undefined) throw new Error('no gateway')
  gateway = first
  operator = await startOperator(cluster)
})

afterAll(async () => {
  await operator?.[Symbol.asyncDispose]()
  await admin?.close()
  await cluster?.[Symbol.asyncDispose]()
})

async function slotOf(namespace: string): Promise<string> {
  return eventually(
    async () =>
      (await must(cluster, ['get', 'secrets', '-n', platform, '-o', 'json'])).includes(secretName) &&
      readSlot(namespace),
    { message: `a key of ${namespace}`, timeoutMs: 20_000, explain: () => operator.log.slice(-10).join('\n') },
  )
}

async function readSlot(namespace: string): Promise<string | undefined> {
  return (await getJson(cluster, 'secret', { namespace: platform, name: secretName })).data?.[namespace]
}

/** The keys as a gateway pod sees them, with its own token. */
async function followKeys(): Promise<AsyncDisposable & { readonly keys: TenantKeyStore }> {
  const client = connectKube({ kubeconfig: gateway.kubeconfig })
  const life = new AbortController()
  const keys = makeTenantKeyStore()
  const feed = { clock: systemClock, random: Math.random, log: makeLog(), metrics: makeMetrics() }
  const following = keys.follow({ ...feed, store: makeKubernetesStore(client.transport) }, platform).start(life.signal)
  return {
    keys,
    [Symbol.asyncDispose]: async () => {
      life.abort()
      await following
      await client.close()
    },
  }
}

describe('tenant keys', () => {
  test('are made once, are seen by gateways, and outlive connections and operators', async () => {
    await using watched = await followKeys()
    await apply(cluster, toConnectionYaml(team, 'chat'))
    const key = await slotOf(team)
    expect(Buffer.from(key, 'base64')).toHaveLength(32)
    await eventually(() => watched.keys.get(team) !== undefined, { message: 'the gateway to see the key' })
    await must(cluster, ['delete', 'modelconnection', 'chat', '-n', team])
    await operator.kill()
    operator = await startOperator(cluster, 'operator-1')
    await apply(cluster, toConnectionYaml('team-b', 'chat'))
    const other = await slotOf('team-b')
    expect(other).not.toBe(key)
    expect(await readSlot(team)).toBe(key)
    await eventually(() => watched.keys.get('team-b') !== undefined, { message: 'the gateway to see the new key' })
    expect(Buffer.from(watched.keys.get(team) ?? []).toString('base64')).toBe(key)
    expect(operator.log.join('\n')).not.toContain(key)
  })

  test.each<[string, () => Promise<string>, RegExp]>([
    [
      'made by the administrator',
      async () => refusalOf(cluster, toKeys({ 'team-c': 'AAAA' })),
      /only the Portcullis operator/u,
    ],
    ['removed by the administrator', async () => remove(), /only the Portcullis operator/u],
    ['changed by the operator', async () => patchAsOperator(Buffer.alloc(32).toString('base64')), /made once/u],
    ['taken out by the operator', async () => patchAsOperator(null), /made once/u],
    ['removed by the operator', async () => remove('--as', asOperator), /cannot delete/u],
    [
      'removed in its name with every right there is',
      async () => remove('--as', asOperator, '--as-group', 'system:masters'),
      /kept for ever/u,
    ],
    [
      'written by a gateway',
      async () => refusalOf(cluster, toKeys({ 'team-c': 'AAAA' }), { user: gateway.kubeconfig }),
      /cannot patch resource/u,
    ],
  ])('are not %s', async (_, attempt, refusal) => {
    const before = await readSlot(team)
    expect(await attempt()).toMatch(refusal)
    expect(await readSlot(team)).toBe(before)
  })

  test('that are damaged are told of, and may be repaired in the name of the operator', async () => {
    await must(cluster, patch('team-c', 'AAAA'))
    await apply(cluster, toConnectionYaml(team, 'chat'))
    await operator.kill()
    operator = await startOperator(cluster, 'operator-2')
    await eventually(() => operator.log.some((line) => line.includes('slot \\"team-c\\" of Secret')), {
      message: 'the operator to say so',
      timeoutMs: 20_000,
    })
    const list = ['get', 'events', '-n', platform, '-o', 'name', '--field-selector=reason=InvalidTenantKey']
    await eventually(async () => (await must(cluster, list)) !== '', { message: 'an Event about it' })
    await must(cluster, patch('team-c', null))
    expect(await readSlot('team-c')).toBeUndefined()
  })

  test.each(['portcullis-tenant-keys', 'portcullis-credentials'])(
    'a gateway may read Secret %s by name',
    async (name) => {
      for (const verb of ['get', 'list', 'watch']) expect(await mayGateway(verb, `secrets/${name}`)).toBe(true)
      for (const verb of ['update', 'patch', 'delete']) expect(await mayGateway(verb, `secrets/${name}`)).toBe(false)
    },
  )

  test('a gateway may read no other Secret, and make none', async () => {
    for (const verb of ['get', 'list', 'watch']) expect(await mayGateway(verb, 'secrets/other')).toBe(false)
    for (const verb of ['list', 'create']) expect(await mayGateway(verb, 'secrets')).toBe(false)
  })
})

function toWords(projects: string): string {
  return toYaml('v1', 'ConfigMap', { namespace: team, name: 'words' }, { data: { projects } })
}

async function published(what: string, is: (policy: BundlePolicy) => boolean): Promise<BundlePolicy> {
  return eventually(
    async () => {
      const { bundle } = await readPublished({ store, namespace: platform, hash })
      return bundle?.policies.find((policy) => policy.ref.name === 'words' && is(policy)) ?? false
    },
    { message: what, timeoutMs: 20_000, explain: () => operator.log.slice(-10).join('\n') },
  )
}

describe('dictionaries', () => {
  const dictionary = { name: 'projects', configMapRef: { name: 'words', key: 'projects' } }
  const spec = { dataClasses: [{ name: 'Internal', dictionaries: [dictionary] }] }
  test('are read once a team grants it, with the YAML of the status, and followed', async () => {
    await apply(cluster, toConnectionYaml(team, 'chat'))
    await apply(cluster, toWords('# birds\nBlue Heron\n'))
    await apply(cluster, toPolicyYaml(team, 'words', spec))
    const refused = await published('a policy that denies', ({ blocked }) => blocked?.reason === 'RefNotPermitted')
    expect(refused).not.toHaveProperty('dictionaries')
    const grant = await eventually(
      async () => {
        const { status } = await getJson(cluster, 'infpol', { namespace: team, name: 'words' })
        const found = status?.conditions?.find(({ type }) => type === 'ResolvedRefs')
        return found?.reason === 'RefNotPermitted' && found.message.slice(found.message.indexOf('apiVersion:'))
      },
      { message: 'the grant in the status' },
    )
    await apply(cluster, grant)
    const granted = await published('the terms', ({ blocked }) => blocked === undefined)
    expect(granted.dictionaries).toEqual({ 'words/projects': ['Blue Heron'] })
    await apply(cluster, toWords('Blue Heron\nRed Kite'))
    const terms = ['Blue Heron', 'Red Kite']
    await published('the new term', ({ dictionaries }) => dictionaries?.['words/projects']?.length === terms.length)
    await must(cluster, ['delete', 'configmap', 'words', '-n', team])
    const gone = await published('a policy that denies again', ({ blocked }) => blocked?.reason === 'RefNotFound')
    expect(gone).not.toHaveProperty('dictionaries')
  }, 60_000)
})

function toKeys(data: Readonly<Record<string, string>>): string {
  return toYaml('v1', 'Secret', { namespace: platform, name: secretName }, { data })
}

function patch(slot: string, value: string | null): readonly string[] {
  const body = JSON.stringify({ data: { [slot]: value } })
  return ['patch', 'secret', secretName, '-n', platform, '--as', asOperator, '--type=merge', '-p', body]
}

async function remove(...as: readonly string[]): Promise<string> {
  return refuse(['delete', 'secret', secretName, '-n', platform, ...as])
}

async function patchAsOperator(value: string | null): Promise<string> {
  return refuse(patch(team, value))
}

async function refuse(args: readonly string[]): Promise<string> {
  const { exitCode, stderr } = await cluster.kubectl(args)
  return exitCode === 0 ? '' : stderr
}

async function mayGateway(verb: string, resource: string): Promise<boolean> {
  const { stdout } = await cluster.kubectl(['auth', 'can-i', verb, resource, '-n', platform], {
    user: gateway.kubeconfig,
  })
  return stdout.trim() === 'yes'
}
