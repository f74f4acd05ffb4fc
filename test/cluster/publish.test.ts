// The bundle on a real API server: what is published is what was declared, large bundles travel in slots, restarts are silent, and an
// API server that goes away and comes back changes nothing by itself.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHash } from 'node:crypto'
import type { ControlPlane } from '../../hack/cluster/control-plane.ts'
import type { KubeClient } from '../../kube/client.ts'
import { connectKube } from '../../kube/client.ts'
import type { ResourceStore } from '../../kube/store.ts'
import { makeKubernetesStore } from '../../kube/store-kubernetes.ts'
import type { Published } from '../../operator/publish/config-maps.ts'
import { readPublished } from '../../operator/publish/config-maps.ts'
import { eventually } from '../helpers/cluster.ts'
import type { FakeGateway, OperatorProcess } from './operator-install.ts'
import {
  apply,
  getJson,
  install,
  makeGateways,
  must,
  platform,
  startOperator,
  toConnectionYaml,
  toPolicyYaml,
  toYaml,
} from './operator-install.ts'

const team = 'team-a'
const hash = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`

let cluster: ControlPlane
let client: KubeClient
let store: ResourceStore
let operator: OperatorProcess
let gateway: FakeGateway

beforeAll(async () => {
  cluster = await install()
  client = connectKube({ kubeconfig: cluster.address.adminKubeconfig })
  store = makeKubernetesStore(client.transport)
  await cluster.createNamespace(team)
  const [first] = await makeGateways(cluster, 'gw-1')
  if (first === undefined) throw new Error('no gateway')
  gateway = first
  operator = await startOperator(cluster)
})

afterAll(async () => {
  await operator?.[Symbol.asyncDispose]()
  await client?.close()
  await cluster?.[Symbol.asyncDispose]()
})

async function published(what: string, is: (found: Published) => boolean, timeoutMs = 20_000): Promise<Published> {
  return eventually(
    async () => {
      const found = await readPublished({ store, namespace: platform, hash })
      return is(found) && found
    },
    { message: what, timeoutMs, explain: () => operator.log.slice(-10).join('\n') },
  )
}

const namesOf = ({ bundle }: Published): readonly string[] => (bundle?.policies ?? []).map(({ ref }) => ref.name)

const noise = (seed: number, length: number): string =>
  Array.from({ length: Math.ceil(length / 88) }, (_, i) => createHash('sha512').update(`${seed} ${i}`).digest('base64'))
    .join('')
    .slice(0, length)

const large = (n: number): string =>
  toPolicyYaml(team, `large-${n}`, {
    rules: [{ name: 'r', phase: 'Request', action: 'Deny', when: `request.prompt == '${noise(n, 3_900)}'` }],
  })

const isLarge = (found: Published): boolean => namesOf(found).filter((name) => name.startsWith('large-')).length === 40

const isUsable = ({ bundle }: Published): boolean =>
  bundle?.connections.some(({ ref, credential }) => ref.name === 'keyed' && credential !== undefined) ?? false

describe('what is published', () => {
  test('is what was declared, without the defaults of anybody', async () => {
    await apply(cluster, toConnectionYaml(team, 'chat'))
    await apply(cluster, toPolicyYaml(team, 'allow'))
    const { bundle } = await published(
      'both',
      ({ bundle: found }) => found?.policies.length === 1 && found.connections.length === 1,
    )
    expect(bundle?.policies[0]?.spec).toEqual({
      mode: 'Enforce',
      targetRefs: [{ name: 'chat' }],
      rules: [{ name: 'all', phase: 'Request', action: 'Allow' }],
    })
    expect(bundle?.network.apiServer.length).toBeGreaterThan(0)
  })

  test('carries where an object came from, into bundle and status', async () => {
    await must(cluster, [
      'annotate',
      'infpol',
      'allow',
      '-n',
      team,
      'portcullis.dev/source=https://git.example.com/policies@4f2c',
    ])
    await published(
      'the source',
      ({ bundle }) => bundle?.policies[0]?.ref.source === 'https://git.example.com/policies@4f2c',
    )
    const object = await eventually(
      async () => {
        const found = await getJson(cluster, 'infpol', { namespace: team, name: 'allow' })
        return found.status?.source !== undefined && found
      },
      { message: 'the source in the status' },
    )
    expect(object.status?.source).toBe('https://git.example.com/policies@4f2c')
  })

  test('follows ten edits in a row to the last one, in fewer publications', async () => {
    const before = await published('a bundle', ({ index }) => index !== undefined)
    await Promise.all(Array.from({ length: 10 }, async (_, i) => apply(cluster, toPolicyYaml(team, `burst-${i}`))))
    const after = await published(
      'ten policies',
      (found) => namesOf(found).filter((name) => name.startsWith('burst-')).length === 10,
    )
    expect((after.index?.revision.n ?? 0) - (before.index?.revision.n ?? 0)).toBeLessThanOrEqual(10)
    await must(cluster, [
      'delete',
      '--wait=false',
      'infpol',
      '-n',
      team,
      ...Array.from({ length: 10 }, (_, i) => `burst-${i}`),
    ])
    await published('their end', (found) => namesOf(found).every((name) => !name.startsWith('burst-')))
  })

  test('travels in slots when it is large; one edit then writes one slot and the index', async () => {
    await apply(cluster, Array.from({ length: 40 }, (_, n) => large(n)).join('\n---\n'))
    const before = await published(
      'forty large policies',
      (found) => isLarge(found) && found.index?.places[1]?.slot !== undefined,
    )
    await apply(cluster, large(100))
    const after = await published('one more', (found) => namesOf(found).includes('large-100'))
    const written = [...after.versions]
      .filter(([name, version]) => before.versions.get(name) !== version)
      .map(([name]) => name)
    expect(written).toHaveLength(2)
    expect(written).toContain('portcullis-bundle')
    await must(cluster, [
      'delete',
      '--wait=false',
      'infpol',
      '-n',
      team,
      ...Array.from({ length: 40 }, (_, n) => `large-${n}`),
      'large-100',
    ])
    await published('their end', (found) => found.index?.places[1]?.slot === undefined && namesOf(found).length === 1)
  })
})

describe('an operator that restarts', () => {
  test('writes nothing when nothing changed, and sees what changed while it was away', async () => {
    await gateway.ack()
    const before = await published('a bundle', ({ index }) => index !== undefined)
    await operator.kill()
    await apply(cluster, toPolicyYaml(team, 'meanwhile'))
    await must(cluster, ['delete', '--wait=false', 'infpol', '-n', team, 'meanwhile'])
    operator = await startOperator(cluster, 'operator-1')
    await eventually(() => operator.log.some((line) => line.includes('became leader')), {
      message: 'a leader',
      timeoutMs: 20_000,
    })
    await apply(cluster, toPolicyYaml(team, 'afterwards'))
    const after = await published('the new policy', (found) => namesOf(found).includes('afterwards'))
    expect(after.index?.revision).toMatchObject({
      epoch: before.index?.revision.epoch,
      n: (before.index?.revision.n ?? 0) + 1,
    })
  })
})

describe('an API server that is stopped and started again', () => {
  test('changes nothing by itself, takes no credential away, and everything converges afterwards', async () => {
    // An operator that could not renew its Lease in time ends and is started anew; here it is to live through the outage.
    await operator[Symbol.asyncDispose]()
    operator = await startOperator(cluster, 'operator-2', { PORTCULLIS_LEASE_SECONDS: '60' })
    await apply(
      cluster,
      toYaml('v1', 'Secret', { namespace: team, name: 'key' }, { stringData: { apiKey: 'sk-kept' } }),
    )
    const role = { name: 'reads-key', namespace: team }
    await apply(
      cluster,
      toYaml('rbac.authorization.k8s.io/v1', 'Role', role, {
        rules: [{ apiGroups: [''], resources: ['secrets'], resourceNames: ['key'], verbs: ['get'] }],
      }),
    )
    await apply(
      cluster,
      toYaml('rbac.authorization.k8s.io/v1', 'RoleBinding', role, {
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reads-key' },
        subjects: [{ kind: 'ServiceAccount', name: 'operator', namespace: platform }],
      }),
    )
    await apply(
      cluster,
      toConnectionYaml(team, 'keyed', { credential: { type: 'Header', secretRef: { name: 'key' } } }),
    )
    const before = await published('the connection with its credential', isUsable)
    await cluster.stopApiserver()
    await cluster.startApiserver()
    await apply(cluster, toPolicyYaml(team, 'after-the-outage'))
    const after = await published(
      'an edit after the outage',
      (found) => namesOf(found).includes('after-the-outage'),
      60_000,
    )
    expect(isUsable(after)).toBe(true)
    // One publication, for the one edit: nothing was blocked and unblocked in between.
    expect(after.index?.revision.n).toBe((before.index?.revision.n ?? 0) + 1)
    const { data = {} } = await getJson(cluster, 'secret', { namespace: platform, name: 'portcullis-credentials' })
    expect(Object.values(data)).toContain(Buffer.from('sk-kept').toString('base64'))
  }, 120_000)
})
