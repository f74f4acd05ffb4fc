// The product while what it stands on breaks: API server away, operators killed, watches cut. Calls go on, nothing is missed,
// everything converges.
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ControlPlane } from '../../hack/cluster/control-plane.ts'
import { secrets } from '../../kube/resource.ts'
import { inferencePolicies, modelConnections } from '../../operator/objects.ts'
import { makeControlPlane } from '../helpers/cluster.ts'
import { assertOneLeader } from '../helpers/system-asserts.ts'
import { editWhileKilling } from '../helpers/system-kills.ts'
import { startCallers } from '../helpers/system-callers.ts'
import { allow, denyPrompt, makeConnectionObject, makePolicyObject } from '../helpers/system-objects.ts'
import type { BreakingRoad } from '../helpers/system-proxy.ts'
import { startBreakingRoad } from '../helpers/system-proxy.ts'
import type { System } from '../helpers/system.ts'
import { startSystem } from '../helpers/system.ts'

const parts = new AsyncDisposableStack()
let cluster: ControlPlane
let road: BreakingRoad
let system: System

beforeAll(async () => {
  cluster = parts.use(await makeControlPlane())
  road = parts.use(await startBreakingRoad(cluster.address.server))
  system = parts.use(await startSystem({ cluster, replicas: 2, server: road.server }))
  await cluster.createNamespace('team-a')
  const data = { apiKey: Buffer.from('key-of-the-model').toString('base64') }
  await system.store.apply(secrets, { metadata: { namespace: 'team-a', name: 'llm' }, data }, { fieldManager: 'test' })
  const grant = await readFile(new URL('../../config/grants/secret.yaml', import.meta.url), 'utf8')
  await system.apply(grant.replaceAll('TEAM', 'team-a').replaceAll('SECRET', 'llm'))
  const credential = { type: 'Header', secretRef: { name: 'llm' } } as const
  await system.apply([
    makeConnectionObject('team-a/chat', system.model.origin, { credential }),
    makePolicyObject('team-a/chat', [allow]),
  ])
  await system.waitProgrammed(modelConnections, 'team-a/chat')
})

afterAll(async () => parts.disposeAsync())

test('watches that are cut every second miss no change', async () => {
  road.cutEvery(1000)
  await using _ = { [Symbol.asyncDispose]: async () => road.cutEvery(0) }
  const words = Array.from({ length: 12 }, (_unused, index) => `word-${index}.`)
  for (const [index, word] of words.entries()) {
    const { metadata, spec } = makePolicyObject(`team-a/deny-${index}`, [denyPrompt(word, 'no')])
    await system.store.apply(inferencePolicies, { metadata, spec }, { fieldManager: 'test', force: true })
    const cuts = road.cuts()
    if (index % 3 === 2) await system.until(() => road.cuts() > cuts, 'a cut')
  }
  // Of the last ones some go again, so that deletions are among what must not be missed.
  for (const index of [1, 5, 9])
    await system.store.delete(inferencePolicies, { namespace: 'team-a', name: `deny-${index}` })
  const expected = words.map((_word, index) => ([1, 5, 9].includes(index) ? 200 : 403))
  const judge = async (gateway: number): Promise<readonly number[]> => {
    const replies = words.map(async (prompt) => system.call(gateway, { prompt }))
    return (await Promise.all(replies)).map(({ status }) => status)
  }
  for (const gateway of [0, 1]) {
    await system.until(
      async () => String(await judge(gateway)) === String(expected),
      'every change to be enforced',
      90_000,
    )
  }
  await system.waitProgrammed(inferencePolicies, 'team-a/deny-11')
  expect(road.cuts()).toBeGreaterThan(4)
})

test('operators killed at random points of a series of edits converge, and never two of them lead', async () => {
  const seed = Date.now() % 1_000_000
  const history = await editWhileKilling(system, { kills: 10, seed })
  assertOneLeader(history, `seed ${seed}`)
  for (const gateway of [0, 1]) {
    await expect(system.call(gateway, { prompt: history.lastWord })).resolves.toMatchObject({ status: 403 })
  }
})

test('without the API server calls go on, a restarted gateway serves from its mount, and later all converges', async () => {
  const restarted = system.gateways[1]
  if (restarted === undefined) throw new Error('two gateways were started')
  const { revision } = await system.call(0)
  await system.until(async () => (await system.mountedRevision(restarted)) === revision, 'the mount to follow')
  await using callers = startCallers(system, [0])
  await cluster.stopApiserver()
  // Nothing but its mount to judge by: what it kept itself is gone.
  await restarted.child.kill9()
  const empty = path.join(system.installation.folder, 'state', 'empty')
  await mkdir(empty)
  restarted.child.start({ PORTCULLIS_STATE_FOLDER: empty })
  await system.until(async () => (await system.call(1)).status === 200, 'the restarted gateway to serve')
  await expect(system.call(1, { prompt: 'by the mount' })).resolves.toMatchObject({ revision })
  const arrived = system.model.arrivals.find(({ body }) => body.includes('by the mount'))
  expect(arrived?.authorization).toBe('Bearer key-of-the-model')
  await system.until(() => system.kubelet.isReady(restarted.pod), 'the restarted gateway to be ready')
  const during = callers.count()
  await system.until(() => callers.count() > during + 50, 'calls to go on')
  await cluster.startApiserver()
  await system.apply([makePolicyObject('team-a/later', [denyPrompt('Afterwards', 'no')])])
  const { status } = await system.waitProgrammed(inferencePolicies, 'team-a/later')
  expect(status?.enforced).toBe('2/2')
  await expect(callers.stop()).resolves.toEqual([])
})
