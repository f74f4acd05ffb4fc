// The test cluster itself: what every other test on a real Kubernetes relies on.
import { AuthenticationV1Api, CoordinationV1Api, CoreV1Api, DiscoveryV1Api } from '@kubernetes/client-node'
import type { V1UserInfo } from '@kubernetes/client-node'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempDisposable, readdir, readFile, readlink } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline/promises'
import { Agent, request } from 'undici'
import { describe, expect, test } from 'vitest'
import { openCluster } from '../../hack/cluster/cluster.ts'
import type { Cluster } from '../../hack/cluster/cluster.ts'
import { commandLine } from '../../hack/cluster/leftovers.ts'
import { eventually, makeControlPlane, makeNamespace, sharedCluster } from '../helpers/cluster.ts'

describe('people', () => {
  test('are who their client certificate says, with its groups', async () => {
    const cluster = sharedCluster()
    const user = await cluster.user('alice@corp', ['team-a', 'team/b+c'])
    const { username, groups } = await whoIs(cluster, user)
    expect(username).toBe('alice@corp')
    expect(groups).toEqual(['team-a', 'team/b+c', 'system:authenticated'])
  })

  test('may nothing until somebody grants it', async () => {
    const cluster = sharedCluster()
    await using namespace = await makeNamespace(cluster)
    const user = await cluster.user('mallory@corp')
    const { exitCode, stderr } = await cluster.kubectl(['get', 'configmaps', '-n', namespace.name], { user })
    expect(exitCode).toBe(1)
    expect(stderr).toContain('User "mallory@corp" cannot list resource "configmaps"')
  })

  test('are certified by the API of a cluster whose authority is not ours', async () => {
    const { address } = sharedCluster()
    const cluster = openCluster({ ...address, authority: undefined })
    const { username, groups } = await whoIs(cluster, await cluster.user('bob@corp', ['team-b']))
    expect(username).toBe('bob@corp')
    expect(groups).toEqual(['team-b', 'system:authenticated'])
  })
})

describe('ServiceAccounts', () => {
  test('a token bound to a Pod says the name and uid of the Pod, and dies with it', async () => {
    const cluster = sharedCluster()
    await using namespace = await makeNamespace(cluster)
    const pod = await cluster.createPod(namespace.name, 'gateway-1')
    const user = await cluster.serviceAccountKubeconfig(namespace.name, 'default', { pod })

    const { username, extra } = await whoIs(cluster, user)
    expect(username).toBe(`system:serviceaccount:${namespace.name}:default`)
    expect(extra).toMatchObject({
      'authentication.kubernetes.io/pod-name': ['gateway-1'],
      'authentication.kubernetes.io/pod-uid': [pod.uid],
    })

    await cluster.client().makeApiClient(CoreV1Api).deleteNamespacedPod(pod)
    await eventually(() => isRefused(cluster, user), { message: 'the token of the deleted Pod to be refused' })
  })

  test('a token for an audience carries it, and is no key to the API server', async () => {
    const cluster = sharedCluster()
    await using namespace = await makeNamespace(cluster)
    const options = { audiences: ['portcullis'], expirationSeconds: 600 }
    const token = await cluster.serviceAccountToken(namespace.name, 'default', options)
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    expect(claims).toMatchObject({ aud: ['portcullis'], iss: cluster.address.server })
    expect(claims.exp - claims.iat).toBe(600)
    const user = await cluster.serviceAccountKubeconfig(namespace.name, 'default', options)
    await expect(isRefused(cluster, user)).resolves.toBe(true)
  })

  test('their issuer answers discovery with keys, to whoever has a token', async () => {
    const cluster = sharedCluster()
    await using namespace = await makeNamespace(cluster)
    const { server, authorityPem } = cluster.address
    const token = await cluster.serviceAccountToken(namespace.name, 'default')
    const agent = new Agent({ connect: { ca: authorityPem } })
    const get = async (url: string): Promise<unknown> => {
      const reply = await request(url, { dispatcher: agent, headers: { authorization: `Bearer ${token}` } })
      return await reply.body.json()
    }
    const discovery = await get(`${server}/.well-known/openid-configuration`)
    expect(discovery).toMatchObject({ issuer: server, jwks_uri: `${server}/openid/v1/jwks` })
    await expect(get(`${server}/openid/v1/jwks`)).resolves.toMatchObject({ keys: [{ kty: 'RSA', use: 'sig' }] })
    await agent.close()
  })
})

describe('the controllers', () => {
  test('remove what belongs to a deleted Pod', async () => {
    const cluster = sharedCluster()
    await using namespace = await makeNamespace(cluster)
    const pod = await cluster.createPod(namespace.name, 'owner')
    const leases = cluster.client().makeApiClient(CoordinationV1Api)
    const owner = { apiVersion: 'v1', kind: 'Pod', name: pod.name, uid: pod.uid }
    const metadata = { name: 'ack', ownerReferences: [owner] }
    await leases.createNamespacedLease({ namespace: namespace.name, body: { metadata } })
    await cluster.client().makeApiClient(CoreV1Api).deleteNamespacedPod(pod)
    const isGone = async (): Promise<boolean> =>
      (await leases.listNamespacedLease({ namespace: namespace.name })).items.length === 0
    const gone = eventually(isGone, { message: 'the Lease of the deleted Pod to go', timeoutMs: 30_000 })
    await expect(gone).resolves.toBe(true)
  })

  test('end a deleted namespace', async () => {
    const cluster = sharedCluster()
    const namespace = await makeNamespace(cluster)
    await namespace[Symbol.asyncDispose]()
    const isGone = async (): Promise<boolean> => (await cluster.kubectl(['get', 'ns', namespace.name])).exitCode === 1
    const gone = eventually(isGone, { message: 'the deleted namespace to go', timeoutMs: 30_000, intervalMs: 250 })
    await expect(gone).resolves.toBe(true)
  })
})

test('the audit log says who wrote what, and never what was in it', async () => {
  const cluster = sharedCluster()
  await using namespace = await makeNamespace(cluster)
  const user = await cluster.user('carol@corp', ['system:masters'])
  const create = ['create', 'configmap', 'noted', '-n', namespace.name, '--from-literal=word=shibboleth']
  await cluster.kubectl(create, { user })
  const log = await readFile(path.join(cluster.address.folder, 'logs', 'audit.log'), 'utf8')
  const events = log.split('\n').filter((line) => line.includes(namespace.name) && line.includes('"noted"'))
  expect(events.map((line) => JSON.parse(line))).toMatchObject([
    { verb: 'create', user: { username: 'carol@corp' }, objectRef: { resource: 'configmaps', name: 'noted' } },
  ])
  expect(log).not.toContain('shibboleth')
})

test('processes of a test are the ready endpoints of a Service, and go when they are withdrawn', async () => {
  const cluster = sharedCluster()
  await using namespace = await makeNamespace(cluster)
  const pods = await Promise.all(['gateway-1', 'gateway-2'].map((name) => cluster.createPod(namespace.name, name)))
  const service = { namespace: namespace.name, service: 'portcullis-gateway' }
  const slices = cluster.client().makeApiClient(DiscoveryV1Api)
  const list = async (): Promise<(string | undefined)[]> =>
    (await slices.listNamespacedEndpointSlice({ namespace: namespace.name })).items.flatMap(({ endpoints, ports }) =>
      (endpoints ?? []).map(({ targetRef }) => `${targetRef?.name}:${ports?.[0]?.port}`),
    )
  const endpoints = pods.map((pod, index) => ({ pod, port: 20_001 + index }))
  await cluster.applyEndpointSlice({ ...service, endpoints })
  await expect(list()).resolves.toEqual(['gateway-1:20001', 'gateway-2:20002'])
  await cluster.applyEndpointSlice({ ...service, endpoints: endpoints.slice(1) })
  await expect(list()).resolves.toEqual(['gateway-2:20002'])
})

test('mounted ConfigMaps follow changes in one step', async () => {
  const cluster = sharedCluster()
  await using namespace = await makeNamespace(cluster)
  await using folder = await mkdtempDisposable(path.join(os.tmpdir(), 'portcullis-mount-'))
  const core = cluster.client().makeApiClient(CoreV1Api)
  const put = { namespace: namespace.name, name: 'bundle' }
  await core.createNamespacedConfigMap({ ...put, body: { metadata: { name: 'bundle' }, data: { a: '1', b: '1' } } })
  const configMaps = [{ name: 'bundle' }, { name: 'absent' }]
  await using mount = await cluster.projectConfigMaps({
    namespace: namespace.name,
    folder: folder.path,
    configMaps,
    lagMs: 0,
  })
  await expect(readFile(path.join(mount.folder, 'a'), 'utf8')).resolves.toBe('1')
  const before = await readlink(path.join(folder.path, '..data'))

  await core.replaceNamespacedConfigMap({ ...put, body: { metadata: { name: 'bundle' }, data: { a: '2', c: '2' } } })
  const generation = await eventually(
    async () => {
      const now = await readlink(path.join(folder.path, '..data'))
      return now !== before && now
    },
    { message: 'the mount to follow' },
  )
  const names = await readdir(path.join(folder.path, generation))
  expect(names.toSorted((a, b) => a.localeCompare(b))).toEqual(['a', 'c'])
  await expect(readFile(path.join(folder.path, generation, 'a'), 'utf8')).resolves.toBe('2')
})

describe('a control plane of its own', () => {
  test('is ready within seconds, and knows nothing of another beside it', async () => {
    const started = performance.now()
    await using own = await makeControlPlane()
    // The aim is below 4 s on an idle machine; this bound only tells seconds from minutes.
    expect(performance.now() - started).toBeLessThan(20_000)
    const shared = sharedCluster()
    await using namespace = await makeNamespace(own)
    expect((await shared.kubectl(['get', 'ns', namespace.name])).exitCode).toBe(1)
    // Neither takes the other's people for its own.
    const foreign = await shared.user('alice@corp')
    const stranger = await own.kubectl(['get', 'ns', '--server', own.address.server], { user: foreign })
    expect(stranger.exitCode).toBe(1)
  })

  test('keeps its data and its address when the API server is stopped, killed and started again', async () => {
    await using own = await makeControlPlane()
    await using namespace = await makeNamespace(own)
    const read = async (): Promise<number> => (await own.kubectl(['get', 'ns', namespace.name])).exitCode

    await own.stopApiserver()
    await expect(read()).resolves.toBe(1)
    await own.startApiserver()
    await expect(read()).resolves.toBe(0)

    await own.kill('apiserver')
    await own.kill('etcd')
    await own.start('etcd')
    await own.startApiserver()
    await expect(read()).resolves.toBe(0)
  })

  test('has its controllers back after an outage that they did not survive', async () => {
    await using own = await makeControlPlane()
    const folder = path.join(own.address.folder, 'pids')
    const pid = async (): Promise<number> => Number(await readFile(path.join(folder, 'controller-manager'), 'utf8'))
    const before = await pid()
    process.kill(before, 'SIGKILL')
    const after = await eventually(async () => (await pid()) !== before && (await pid()), { message: 'a new process' })
    await expect(commandLine(after)).resolves.toContain(own.address.folder)

    await own.kill('controller-manager')
    await expect(own.kill('controller-manager')).resolves.toBeUndefined()
    await own.start('controller-manager')
    await expect(pid()).resolves.not.toBe(after)
  })

  test('a mount stays as it is while the API server is away, and follows again afterwards', async () => {
    await using own = await makeControlPlane()
    await using namespace = await makeNamespace(own)
    await using folder = await mkdtempDisposable(path.join(os.tmpdir(), 'portcullis-mount-'))
    const core = own.client().makeApiClient(CoreV1Api)
    const put = { namespace: namespace.name, name: 'bundle' }
    await core.createNamespacedConfigMap({ ...put, body: { metadata: { name: 'bundle' }, data: { a: '1' } } })
    const configMaps = [{ name: 'bundle' }]
    await using mount = await own.projectConfigMaps({
      namespace: namespace.name,
      folder: folder.path,
      configMaps,
      lagMs: 0,
    })
    const read = (): Promise<string> => readFile(path.join(folder.path, 'a'), 'utf8')

    await own.kill('apiserver')
    await expect(mount.sync()).rejects.toThrow(/fetch failed|ECONNREFUSED/)
    await expect(read()).resolves.toBe('1')
    await own.startApiserver()
    await core.replaceNamespacedConfigMap({ ...put, body: { metadata: { name: 'bundle' }, data: { a: '2' } } })
    await eventually(async () => (await read()) === '2', { message: 'the mount to follow again', timeoutMs: 30_000 })
  })

  test('leaves no process and, at the next start, no folder behind when its owner is killed with SIGKILL', async () => {
    const owner = spawn(process.execPath, [path.resolve('hack/cluster/main.ts')], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [line] = await once(createInterface(owner.stdout), 'line')
    const folder = path.dirname(String(line).replace('export KUBECONFIG=', ''))
    const names = await readdir(path.join(folder, 'pids'))
    const pids = await Promise.all(
      names.map(async (name) => Number(await readFile(path.join(folder, 'pids', name), 'utf8'))),
    )
    expect(pids).toHaveLength(3)
    const running = async (): Promise<string[]> => {
      const lines = await Promise.all(pids.map((pid) => commandLine(pid)))
      return lines.filter((text) => text.includes(folder))
    }
    await expect(running()).resolves.toHaveLength(3)

    owner.kill('SIGKILL')
    await eventually(async () => (await running()).length === 0, {
      message: 'the orphaned parts to end',
      timeoutMs: 5000,
    })

    const said: string[] = []
    await using next = await makeControlPlane((text) => said.push(text))
    expect(next.address.folder).not.toBe(folder)
    expect(said).toContain(`removed ${folder}, left behind by an interrupted run`)
    await expect(readdir(folder)).rejects.toThrow('ENOENT')
  })
})

async function whoIs(cluster: Cluster, user: string): Promise<V1UserInfo> {
  const authentication = cluster.client(user).makeApiClient(AuthenticationV1Api)
  const { status } = await authentication.createSelfSubjectReview({ body: {} })
  return status?.userInfo ?? {}
}

async function isRefused(cluster: Cluster, user: string): Promise<boolean> {
  const { stderr } = await cluster.kubectl(['auth', 'whoami'], { user })
  return /Unauthorized|must be logged in/.test(stderr)
}
