// What nobody can do with the whole product running: reach where no connection may, use a credential that is not theirs, leave a
// baseline. And what somebody with the right can: rotate a credential without a restart.
import { readFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kubectlOrThrow } from '../../hack/cluster/processes.ts'
import { secrets } from '../../kube/resource.ts'
import type { ModelConnection } from '../../operator/objects.ts'
import { inferencePolicies, modelConnections } from '../../operator/objects.ts'
import { makeControlPlane } from '../helpers/cluster.ts'
import { allow, denyPrompt, makeConnectionObject, makePolicyObject } from '../helpers/system-objects.ts'
import { addPerson } from '../helpers/system-people.ts'
import type { System } from '../helpers/system.ts'
import { startSystem, toConditions } from '../helpers/system.ts'
import { startUpstream } from '../helpers/upstream-server.ts'

const everyConnection = { matchExpressions: [{ key: 'private', operator: 'DoesNotExist' }] } as const
const parts = new AsyncDisposableStack()
let system: System
/** May everything in team-a that a team's administrator may. */
let alice: string
/** May edit in team-a, but has no right to read its Secrets. */
let eve: string

beforeAll(async () => {
  const cluster = parts.use(await makeControlPlane())
  system = parts.use(await startSystem({ cluster, replicas: 1 }))
  for (const team of ['team-a', 'team-b']) await cluster.createNamespace(team, { team })
  alice = await addPerson(system, 'alice@corp', { namespace: 'team-a', role: 'admin' })
  eve = await addPerson(system, 'eve@corp', { namespace: 'team-a', role: 'view' })
  await kubectl([
    'create',
    'role',
    'connections',
    '--verb=*',
    '--resource=modelconnections.portcullis.dev',
    '-n',
    'team-a',
  ])
  await kubectl(['create', 'rolebinding', 'eve-connections', '--role=connections', '--user=eve@corp', '-n', 'team-a'])
  await system.apply([makePolicyObject('team-a/all', [allow], { targetSelector: everyConnection })], {
    user: alice,
  })
})

afterAll(async () => parts.disposeAsync())

async function kubectl(args: readonly string[], user?: string): Promise<string> {
  return kubectlOrThrow(system.cluster, args, user === undefined ? {} : { user })
}

/** Waits for the verdict on the present generation. */
async function judged(id: string): Promise<ModelConnection> {
  return system.waitStatus(
    modelConnections,
    id,
    ({ metadata, status }) => status?.observedGeneration === metadata.generation && status?.enforced === '1/1',
  )
}

describe('a connection that points', () => {
  test.each([
    ['at the metadata service', 'http://169.254.169.254/latest'],
    ['at it in disguise', 'http://[::ffff:169.254.169.254]/'],
    ["at another cloud's metadata service", 'http://100.100.100.200'],
    ['at the Service of the API server', service('kubernetes', 'default')],
  ])('%s is refused by the server', async (_, target) => {
    await expect(applyTarget('wrong', target)).rejects.toThrow(/is invalid: spec\.endpoints\[0\]\.(?:url|service): /u)
  })

  test.each([
    ['at a Service of another team', 'foreign', service('llm', 'team-b'), 'NotGranted'],
    ['at it by its name', 'by-name', 'http://llm.team-b.svc.cluster.local:8080', 'ForbiddenAddress'],
    ['at the metadata service through NAT64', 'metadata', 'http://[64:ff9b::a9fe:a9fe]', 'ForbiddenAddress'],
    ['at the address of the API server', 'api-address', 'https://10.96.0.1', 'ForbiddenAddress'],
  ])('%s is refused in its status and at the gateway', async (_, name, target, reason) => {
    await applyTarget(name, target)
    const connection = await judged(`team-a/${name}`)
    expect(toConditions(connection)).toMatchObject({ Accepted: 'False', Programmed: 'False', Ready: 'False' })
    expect(connection.status?.problems).toContainEqual(expect.objectContaining({ reason }))
    await expect(system.call(0, { connection: `team-a/${name}` })).resolves.toMatchObject({
      code: 'policy_unavailable',
    })
  })

  test('at a name is refused from the moment when that resolves to a forbidden address', async () => {
    await using model = await startUpstream(
      (request, response) => void request.resume().once('end', () => answer(response)),
    )
    await system.setNames({ 'model.example.com': '127.0.0.1' })
    const named = { connection: 'team-a/named' }
    await system.apply([makeConnectionObject('team-a/named', `http://model.example.com:${model.port}`)], {
      user: alice,
    })
    await system.waitProgrammed(modelConnections, 'team-a/named')
    await expect(system.call(0, named)).resolves.toMatchObject({ status: 200 })
    for (const address of ['169.254.169.254', '10.96.0.1', '198.51.100.1', '0.0.0.0']) {
      await system.setNames({ 'model.example.com': address })
      const { code, message } = await system.call(0, named)
      expect([address, code]).toEqual([address, 'upstream_forbidden'])
      expect(message).not.toContain(address)
    }
    await system.setNames({ 'model.example.com': '127.0.0.1' })
    await expect(system.call(0, named)).resolves.toMatchObject({ status: 200 })
    expect(model.opened()).toBe(2)
  })

  test('at a Service of another team works once the platform grants it', async () => {
    await system.setNames({ 'llm.team-b.svc.cluster.local': '127.0.0.1' })
    const port = String(system.model.port)
    await kubectl(['create', 'service', 'clusterip', 'llm', '-n', 'team-b', `--tcp=${port}:${port}`])
    const endpoints = [{ name: 'main', service: { name: 'llm', namespace: 'team-b', port: system.model.port } }]
    await system.apply([makeConnectionObject('team-a/foreign', '', { endpoints })], { user: alice })
    await system.publishSettings({
      grants: [{ namespace: 'team-a', services: [{ namespace: 'team-b', name: 'llm' }] }],
    })
    await system.waitProgrammed(modelConnections, 'team-a/foreign')
    await expect(system.call(0, { connection: 'team-a/foreign' })).resolves.toMatchObject({ status: 200 })
    await system.publishSettings({})
    await system.until(
      async () => (await system.call(0, { connection: 'team-a/foreign' })).code === 'policy_unavailable',
      'the grant to end',
    )
  })
})

describe('a credential', () => {
  const credential = { type: 'Header', secretRef: { name: 'llm-key' } } as const
  const keyed = (url: string) => makeConnectionObject('team-a/keyed', url, { credential })

  test('works once its team has applied the grant that the status names, and rotates without a restart', async () => {
    await setKey('first-key')
    await system.apply([keyed(system.model.origin)], { user: alice })
    const waiting = await system.waitStatus(
      modelConnections,
      'team-a/keyed',
      (connection) => toReference(connection) !== undefined,
    )
    const reference = toReference(waiting)
    await expect(sent()).resolves.toBeUndefined()
    // Exactly the YAML that the message ends with, by somebody of the team.
    await system.apply(reference?.message.split('applies:\n')[1] ?? '', { user: alice })
    await system.waitProgrammed(modelConnections, 'team-a/keyed')
    await system.until(async () => (await sent()) === 'Bearer first-key', 'the key to arrive at the model')
    const { pid } = system.gateways[0]?.child ?? {}
    await setKey('second-key')
    await system.until(async () => (await sent()) === 'Bearer second-key', 'the new key to arrive at the model')
    expect(system.gateways[0]?.child.pid).toBe(pid)
    expect(system.gateways[0]?.child.restarts).toBe(0)
  })

  test('is never sent anywhere by somebody who may not read it', async () => {
    const elsewhere = JSON.stringify(keyed('https://collector.example.com'))
    const apply = ['apply', '--server-side', '--force-conflicts', '-f', '-']
    const refused = { exitCode: 1, stderr: expect.stringContaining('may not read Secret llm-key') }
    const asEve = await system.cluster.kubectl(apply, { user: eve, stdin: elsewhere })
    expect(asEve).toMatchObject(refused)
    const own = JSON.stringify(makeConnectionObject('team-a/thief', 'https://collector.example.com', { credential }))
    await expect(system.cluster.kubectl(apply, { user: eve, stdin: own })).resolves.toMatchObject(refused)
    // What does not touch a Secret she may.
    await system.apply([makeConnectionObject('team-a/plain', system.model.origin)], { user: eve })
  })

  test('never leaves the Secrets: not in the bundle, a status, a log or a record', async () => {
    const bundle = await kubectl(['get', 'configmaps', '-n', 'portcullis', '-o', 'json'])
    const objects = await kubectl(['get', 'modelconnections,events,leases', '-A', '-o', 'json'])
    const gateway = system.gateways[0]
    const records = await readFile(gateway?.recordsFile ?? '', 'utf8')
    const logs = [await gateway?.child.readLog(), await system.operator.child.readLog()].join('\n')
    expect(records.includes('"name":"keyed"')).toBe(true)
    for (const text of [bundle, objects, records, logs]) {
      for (const key of ['first-key', 'second-key']) {
        expect(text.includes(key) || text.includes(Buffer.from(key).toString('base64'))).toBe(false)
      }
    }
  })

  test('of a team is refused to the policies and connections of another by the server', async () => {
    const bob = await addPerson(system, 'bob@corp', { namespace: 'team-b', role: 'admin' })
    await expect(system.apply([keyed(system.model.origin)], { user: bob })).rejects.toThrow(/forbidden/iu)
  })
})

describe('a baseline of the platform', () => {
  test('holds for every team, also for one that relabels its connections', async () => {
    await system.apply([
      makePolicyObject('portcullis/no-keys', [denyPrompt('PRIVATE KEY', 'No private keys.')], {
        targetNamespaces: { mode: 'All' },
      }),
      makeConnectionObject('team-a/relabelled', system.model.origin),
    ])
    await system.waitProgrammed(inferencePolicies, 'portcullis/no-keys')
    await system.waitProgrammed(modelConnections, 'team-a/relabelled')
    const ask = async (prompt: string): Promise<number> =>
      (await system.call(0, { connection: 'team-a/relabelled', prompt })).status
    await expect(ask('hello')).resolves.toBe(200)
    await expect(ask('a PRIVATE KEY')).resolves.toBe(403)
    const before = await system.call(0)
    const label = ['label', '--overwrite', 'modelconnection', 'relabelled', '-n', 'team-a']
    await kubectl(
      [...label, 'portcullis.dev/baseline=none', 'team=nobody', 'kubernetes.io/metadata.name=elsewhere'],
      alice,
    )
    await system.until(async () => (await system.call(0)).revision !== before.revision, 'the labels to be enforced')
    await expect(ask('a PRIVATE KEY')).resolves.toBe(403)
  })

  test('cannot be written, or imitated, by a team', async () => {
    const everywhere = [denyPrompt('x', 'no')]
    const spec = { targetNamespaces: { mode: 'All' } } as const
    const inPlatform = makePolicyObject('portcullis/mine', everywhere, spec)
    await expect(system.apply([inPlatform], { user: alice })).rejects.toThrow(/forbidden/iu)
    await system.apply([makePolicyObject('team-a/everywhere', [allow], spec)], { user: alice })
    const policy = await system.waitStatus(inferencePolicies, 'team-a/everywhere', ({ status }) => status !== undefined)
    expect(policy.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Accepted', status: 'False', reason: 'BaselineNotPermitted' }),
    )
    expect(policy.status?.targetCount).toBe('0')
  })
})

function service(name: string, namespace: string) {
  return { endpoints: [{ name: 'main', service: { name, namespace, port: 8080 } }] }
}

/** Closes its connection, so that the next call resolves the name again. */
function answer(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json', connection: 'close' })
  response.end('{"object": "chat.completion"}')
}

async function setKey(apiKey: string): Promise<void> {
  const data = { apiKey: Buffer.from(apiKey).toString('base64') }
  const object = { metadata: { namespace: 'team-a', name: 'llm-key' }, data }
  await system.store.apply(secrets, object, { fieldManager: 'team', force: true })
}

/** The key that reached the model with one more call. */
async function sent(): Promise<string | undefined> {
  const { status } = await system.call(0, { connection: 'team-a/keyed' })
  return status === 200 ? system.model.arrivals.at(-1)?.authorization : undefined
}

function toReference({ status }: ModelConnection): { readonly message: string } | undefined {
  return status?.conditions?.find(({ reason, status: is }) => is === 'False' && reason === 'RefNotPermitted')
}

async function applyTarget(name: string, target: string | ReturnType<typeof service>): Promise<void> {
  const [url, spec] = typeof target === 'string' ? [target, {}] : ['', target]
  await system.apply([makeConnectionObject(`team-a/${name}`, url, spec)], { user: alice })
}
