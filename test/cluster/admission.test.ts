// Attempts to break each guard on a real API server: acks, bundle, credentials, settings. The administrator of the cluster is among
// those who try, because RBAC does not stop one.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ControlPlane } from '../../hack/cluster/control-plane.ts'
import type { FakeGateway } from './operator-install.ts'
import {
  apply,
  getJson,
  install,
  makeGateways,
  must,
  platform,
  refusalOf,
  toAck,
  toConnectionYaml,
  toYaml,
} from './operator-install.ts'

let cluster: ControlPlane
let operator: string
let gateway: FakeGateway
let other: FakeGateway

beforeAll(async () => {
  cluster = await install()
  operator = await cluster.serviceAccountKubeconfig(platform, 'operator')
  const [first, second] = await makeGateways(cluster, 'gw-1', 'gw-2')
  if (first === undefined || second === undefined) throw new Error('no gateways')
  gateway = first
  other = second
})

afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
})

describe('an ack', () => {
  test('is taken from the pod it is about', async () => {
    expect(await refusalOf(cluster, toAck(gateway.pod), { user: gateway.kubeconfig })).toBe('')
  })

  test.each<[string, () => Promise<string>, RegExp]>([
    [
      'about another pod',
      async () => refusalOf(cluster, toAck(other.pod), { user: gateway.kubeconfig }),
      /token of pod "gw-1" may not write Lease portcullis-ack-gw-2/u,
    ],
    ['by the administrator', async () => refusalOf(cluster, toAck(gateway.pod)), /only a gateway pod writes an ack/u],
    [
      'with a token of no pod',
      async () =>
        refusalOf(cluster, toAck(gateway.pod), { user: await cluster.serviceAccountKubeconfig(platform, 'gateway') }),
      /token of pod "" may not write/u,
    ],
    [
      'owned by another pod',
      async () => refusalOf(cluster, toAck(other.pod, {}, { uid: gateway.pod.uid }), { user: other.kubeconfig }),
      /must be owned and held by the pod/u,
    ],
    [
      'held by another pod',
      async () => refusalOf(cluster, toAck(gateway.pod, {}, { holder: 'gw-2' }), { user: gateway.kubeconfig }),
      /must be owned and held by the pod/u,
    ],
    [
      'in place of the leader',
      async () =>
        refusalOf(cluster, toAck(gateway.pod, {}, { name: 'portcullis-operator' }), { user: gateway.kubeconfig }),
      /may not write Lease portcullis-operator/u,
    ],
  ])('is refused %s', async (_, attempt, refusal) => {
    expect(await attempt()).toMatch(refusal)
  })

  test('is refused under a generated name', async () => {
    const lease = toYaml(
      'coordination.k8s.io/v1',
      'Lease',
      { namespace: platform, generateName: 'portcullis-ack-gw-' },
      { spec: { holderIdentity: 'gw-1' } },
    )
    const { exitCode, stderr } = await cluster.kubectl(['create', '-f', '-'], {
      stdin: lease,
      user: gateway.kubeconfig,
    })
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/may not write Lease|must be owned/u)
  })

  test('is refused for who impersonates the ServiceAccount', async () => {
    const as = ['apply', '--server-side', '--as', `system:serviceaccount:${platform}:gateway`, '-f', '-']
    expect((await cluster.kubectl(as, { stdin: toAck(gateway.pod) })).stderr).toMatch(/token of pod "" may not write/u)
  })

  test('is not deleted by others, alone or with all Leases at once', async () => {
    expect((await cluster.kubectl(['delete', 'lease', '-n', platform, 'portcullis-ack-gw-1'])).stderr).toMatch(
      /only a gateway pod/u,
    )
    expect(
      (await cluster.kubectl(['delete', '--raw', `/apis/coordination.k8s.io/v1/namespaces/${platform}/leases`])).stderr,
    ).toMatch(/only a gateway pod/u)
    await expect(getJson(cluster, 'lease', { namespace: platform, name: 'portcullis-ack-gw-1' })).resolves.toBeDefined()
  })

  test('goes with its pod', async () => {
    const [short] = await makeGateways(cluster, 'gw-short')
    await short?.ack({ 'portcullis.dev/sequence': '1.1' })
    await must(cluster, ['delete', 'pod', '-n', platform, 'gw-short', '--force', '--grace-period=0'])
    const wait = ['wait', '--for=delete', 'lease/portcullis-ack-gw-short', '-n', platform, '--timeout=30s']
    await expect(must(cluster, wait)).resolves.toBeDefined()
  })
})

const map = (name: string, epoch: number, sequence: number, metadata: object = {}): string =>
  toYaml(
    'v1',
    'ConfigMap',
    { namespace: platform, name, ...metadata },
    { data: { epoch: String(epoch), sequence: String(sequence) } },
  )

/** As the operator writes: create once, then replace. */
const replace = async (yaml: string, user = operator): Promise<string> =>
  (await cluster.kubectl(['replace', '-f', '-'], { stdin: yaml, user })).stderr

describe('the bundle', () => {
  test('is written by the operator, and only forwards', async () => {
    await must(cluster, ['create', '-f', '-'], { stdin: map('portcullis-bundle', 2, 7), user: operator })
    expect(await replace(map('portcullis-bundle', 2, 6))).toMatch(
      /only goes forward: portcullis-bundle holds 2\.7, refused is 2\.6/u,
    )
    expect(await replace(map('portcullis-bundle', 2, 7))).toMatch(/only goes forward/u)
    expect(await replace(map('portcullis-bundle', 1, 99))).toMatch(/only goes forward/u)
    expect(await replace(map('portcullis-bundle', 2, 8))).toBe('')
    expect(await replace(map('portcullis-bundle', 3, 1))).toBe('')
    expect(
      await replace(toYaml('v1', 'ConfigMap', { namespace: platform, name: 'portcullis-bundle' }, { data: {} })),
    ).not.toBe('')
    expect(await replace(map('portcullis-bundle', Number.NaN, 1))).not.toBe('')
  })

  test('a slot may be written again under the same sequence, never under an older one', async () => {
    await must(cluster, ['create', '-f', '-'], { stdin: map('portcullis-bundle-0-a', 2, 7), user: operator })
    expect(await replace(map('portcullis-bundle-0-a', 2, 7))).toBe('')
    expect(await replace(map('portcullis-bundle-0-a', 2, 6))).toMatch(/only goes forward/u)
  })

  test('of two writers one loses by the version it read', async () => {
    const { metadata } = await getJson(cluster, 'configmap', { namespace: platform, name: 'portcullis-bundle' })
    expect(await replace(map('portcullis-bundle', 4, 1, { resourceVersion: metadata.resourceVersion }))).toBe('')
    expect(await replace(map('portcullis-bundle', 5, 1, { resourceVersion: metadata.resourceVersion }))).toMatch(
      /the object has been modified/u,
    )
  })

  test.each([
    ['the index', 'portcullis-bundle'],
    ['a slot', 'portcullis-bundle-3-b'],
  ])('%s is refused from the administrator', async (_, name) => {
    expect(await refusalOf(cluster, map(name, 999, 1))).toMatch(/only the Portcullis operator writes the bundle/u)
  })

  test('is refused from a gateway by RBAC', async () => {
    expect(await refusalOf(cluster, map('portcullis-bundle', 999, 1), { user: gateway.kubeconfig })).toMatch(
      /forbidden/iu,
    )
  })

  test('is not deleted by others, alone or with everything else', async () => {
    expect((await cluster.kubectl(['delete', 'configmap', '-n', platform, 'portcullis-bundle'])).stderr).toMatch(
      /only the Portcullis operator/u,
    )
    expect((await cluster.kubectl(['delete', '--raw', `/api/v1/namespaces/${platform}/configmaps`])).stderr).toMatch(
      /only the Portcullis operator/u,
    )
    await expect(
      getJson(cluster, 'configmap', { namespace: platform, name: 'portcullis-bundle' }),
    ).resolves.toBeDefined()
  })

  test('the credentials are the operator’s alone as well', async () => {
    const secret = toYaml(
      'v1',
      'Secret',
      { namespace: platform, name: 'portcullis-credentials' },
      { stringData: { slot: 'forged' } },
    )
    expect(await refusalOf(cluster, secret)).toMatch(/only the Portcullis operator/u)
    expect(await refusalOf(cluster, secret, { user: gateway.kubeconfig })).toMatch(/forbidden/iu)
  })

  test('other ConfigMaps and Secrets of the namespace are nobody’s business', async () => {
    expect(
      await refusalOf(
        cluster,
        toYaml('v1', 'ConfigMap', { namespace: platform, name: 'grafana' }, { data: { a: 'b' } }),
      ),
    ).toBe('')
  })
})

describe('the operator', () => {
  test.each<[string, readonly string[], boolean]>([
    ['reads no Secret of a team', ['get', 'secrets', '-n', 'default'], false],
    ['lists no Secrets of its own namespace', ['list', 'secrets', '-n', platform], false],
    ['writes no spec', ['update', 'inferencepolicies', '-n', 'default'], false],
    ['writes the status', ['patch', 'inferencepolicies', '--subresource=status', '-n', 'default'], true],
    ['deletes nothing', ['delete', 'configmaps/portcullis-bundle', '-n', platform], false],
    ['writes no ack', ['update', 'leases/portcullis-ack-gw-1', '-n', platform], false],
    ['changes no roles', ['create', 'rolebindings', '-n', platform], false],
  ])('%s', async (_, ask, allowed) => {
    const { stdout } = await cluster.kubectl(['auth', 'can-i', ...ask], { user: operator })
    expect(stdout.trim()).toBe(allowed ? 'yes' : 'no')
  })
})

async function makeUser(name: string, role: object): Promise<string> {
  await apply(
    cluster,
    toYaml(
      'rbac.authorization.k8s.io/v1',
      'RoleBinding',
      { namespace: platform, name },
      {
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', ...role },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }],
      },
    ),
  )
  return cluster.user(name)
}

describe('the platform settings', () => {
  const settings = toYaml(
    'v1',
    'ConfigMap',
    { namespace: platform, name: 'portcullis-settings' },
    { data: { 'settings.yaml': 'issuers: []' } },
  )

  test('are refused from who may write ConfigMaps there and nothing more', async () => {
    const editor = await makeUser('editor@corp', { kind: 'ClusterRole', name: 'edit' })
    expect(await refusalOf(cluster, settings, { user: editor })).toMatch(
      /you \(editor@corp\) may not change the platform settings: that takes the verb administer/u,
    )
  })

  test('are taken from the platform team, and deleted by nobody else', async () => {
    const admin = await makeUser('platform@corp', { kind: 'Role', name: 'portcullis-platform-admin' })
    expect(await refusalOf(cluster, settings, { user: admin })).toBe('')
    const editor = await cluster.user('editor@corp')
    const all = ['delete', '--raw', `/api/v1/namespaces/${platform}/configmaps/portcullis-settings`]
    expect((await cluster.kubectl(all, { user: editor })).stderr).toMatch(/may not change the platform settings/u)
  })
})

const tls = (name: string): object => ({
  endpoints: [{ name: 'main', url: 'https://llm.example.com', tls: { caRef: { kind: 'Secret', name } } }],
})

describe('the use of a credential', () => {
  const team = 'team-a'
  const credential = { type: 'Header', secretRef: { name: 'openai' } }
  let author: string
  let owner: string

  beforeAll(async () => {
    await cluster.createNamespace(team)
    const grant = async (name: string, user: string, rules: readonly object[]): Promise<void> => {
      await apply(cluster, toYaml('rbac.authorization.k8s.io/v1', 'Role', { namespace: team, name }, { rules }))
      await apply(
        cluster,
        toYaml(
          'rbac.authorization.k8s.io/v1',
          'RoleBinding',
          { namespace: team, name },
          {
            roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
            subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
          },
        ),
      )
    }
    const connections = {
      apiGroups: ['portcullis.dev'],
      resources: ['modelconnections'],
      verbs: ['get', 'create', 'update', 'patch'],
    }
    await grant('author', 'author@corp', [connections])
    await grant('owner', 'owner@corp', [
      connections,
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['openai', 'private-ca'], verbs: ['get'] },
    ])
    author = await cluster.user('author@corp')
    owner = await cluster.user('owner@corp')
  })

  test('is refused to who may not read the Secret, also by another name of it', async () => {
    expect(await refusalOf(cluster, toConnectionYaml(team, 'chat', { credential }), { user: author })).toMatch(
      /you \(author@corp\) may not read Secret openai/u,
    )
    expect(
      await refusalOf(
        cluster,
        toConnectionYaml(team, 'chat', {
          credential: { type: 'Query', secretRef: { name: 'other' }, query: { parameter: 'key' } },
        }),
        { user: owner },
      ),
    ).toMatch(/may not read Secret other/u)
  })

  test('is open to who may, and a connection without credential to everybody', async () => {
    expect(await refusalOf(cluster, toConnectionYaml(team, 'chat', { credential }), { user: owner })).toBe('')
    expect(await refusalOf(cluster, toConnectionYaml(team, 'plain'), { user: author })).toBe('')
  })

  test('the address of a connection with a credential is changed only by who may read it', async () => {
    const stolen = { credential, endpoints: [{ name: 'main', url: 'https://evil.example.com' }] }
    expect(await refusalOf(cluster, toConnectionYaml(team, 'chat', stolen), { user: author })).toMatch(
      /may not read Secret openai/u,
    )
    const { exitCode, stderr } = await cluster.kubectl(
      [
        'patch',
        'mconn',
        'chat',
        '-n',
        team,
        '--type=json',
        '-p',
        '[{"op":"replace","path":"/spec/endpoints/0/url","value":"https://evil.example.com"}]',
      ],
      { user: author },
    )
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/may not read Secret openai/u)])
  })

  test('labels and annotations are free', async () => {
    await expect(
      must(cluster, ['annotate', 'mconn', 'chat', '-n', team, 'note=x'], { user: author }),
    ).resolves.toContain('annotated')
  })

  test('a CA in a Secret counts as well, at every endpoint', async () => {
    expect(await refusalOf(cluster, toConnectionYaml(team, 'ca', tls('private-ca')), { user: owner })).toBe('')
    expect(await refusalOf(cluster, toConnectionYaml(team, 'ca', tls('foreign')), { user: owner })).toMatch(
      /may not read Secret foreign, which an endpoint uses/u,
    )
    const endpoints = Array.from({ length: 16 }, (_, i) => ({
      name: `e${i}`,
      url: 'https://llm.example.com',
      tls: { caRef: { kind: 'Secret', name: i === 15 ? 'foreign' : 'private-ca' } },
    }))
    expect(await refusalOf(cluster, toConnectionYaml(team, 'ca', { endpoints }), { user: owner })).toMatch(
      /may not read Secret foreign/u,
    )
    const fine = endpoints.map((endpoint) => ({ ...endpoint, tls: { caRef: { kind: 'Secret', name: 'private-ca' } } }))
    expect(
      await refusalOf(cluster, toConnectionYaml(team, 'ca', { endpoints: fine, credential }), { user: owner }),
    ).toBe('')
  })

  test('tokens of a ServiceAccount are lent only by who may create them', async () => {
    const account = { type: 'ServiceAccountToken', serviceAccount: { name: 'robot', audience: 'models' } }
    expect(await refusalOf(cluster, toConnectionYaml(team, 'robot', { credential: account }), { user: owner })).toMatch(
      /may not create tokens of ServiceAccount robot/u,
    )
  })
})
