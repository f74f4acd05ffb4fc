// The long versions of what test/cluster/system-*.test.ts proves with few repetitions.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inferencePolicies } from '../../operator/objects.ts'
import { makeControlPlane } from '../helpers/cluster.ts'
import { assertOneLeader } from '../helpers/system-asserts.ts'
import { startCallers } from '../helpers/system-callers.ts'
import { editWhileKilling } from '../helpers/system-kills.ts'
import { allow, denyPrompt, makeConnectionObject, makePolicyObject } from '../helpers/system-objects.ts'
import type { BreakingRoad } from '../helpers/system-proxy.ts'
import { startBreakingRoad } from '../helpers/system-proxy.ts'
import type { System } from '../helpers/system.ts'
import { startSystem, toConditions } from '../helpers/system.ts'

const parts = new AsyncDisposableStack()
let road: BreakingRoad
let system: System

beforeAll(async () => {
  const cluster = parts.use(await makeControlPlane())
  road = parts.use(await startBreakingRoad(cluster.address.server))
  system = parts.use(await startSystem({ cluster, replicas: 3, server: road.server }))
  await cluster.createNamespace('team-a')
  await system.apply([
    makeConnectionObject('team-a/chat', system.model.origin),
    makePolicyObject('team-a/chat', [allow]),
  ])
  await system.waitProgrammed(inferencePolicies, 'team-a/chat')
})

afterAll(async () => parts.disposeAsync())

test('a hundred kills of operators at random points of a series of edits: one leader at a time, under calls', async () => {
  const seed = Date.now() % 1_000_000
  await using callers = startCallers(system, [0, 1, 2])
  const history = await editWhileKilling(system, { kills: 100, seed })
  assertOneLeader(history, `seed ${seed}`)
  for (const gateway of [0, 1, 2]) {
    await expect(system.call(gateway, { prompt: history.lastWord })).resolves.toMatchObject({ status: 403 })
  }
  await expect(callers.stop()).resolves.toEqual([])
})

test('a minute of edits while every connection to the API server is cut each second', async () => {
  road.cutEvery(1000)
  const until = performance.now() + 60_000
  for (let edit = 0; performance.now() < until; edit += 1) {
    const word = `word-${edit}.`
    const { metadata, spec } = makePolicyObject('team-a/moving', [denyPrompt(word, 'no')])
    await system.store.apply(inferencePolicies, { metadata, spec }, { fieldManager: 'test', force: true })
    const isEnforced = async (): Promise<boolean> => {
      const replies = [0, 1, 2].map(async (gateway) => system.call(gateway, { prompt: word }))
      return (await Promise.all(replies)).every(({ status }) => status === 403)
    }
    await system.until(isEnforced, `edit ${edit} to be enforced everywhere`, 60_000)
  }
  expect(road.cuts()).toBeGreaterThan(60)
  road.cutEvery(0)
  await system.waitProgrammed(inferencePolicies, 'team-a/moving')
})

test('a replica that hangs for more than a minute is ReplicaLagging, and a matter of the past once it is back', async () => {
  const hung = system.gateways[2]
  if (hung === undefined) throw new Error('three gateways were started')
  system.kubelet.cutOff(hung.pod)
  hung.child.pause()
  await system.apply([makePolicyObject('team-a/late', [denyPrompt('Osprey', 'no')])])
  const isLagging = async (): Promise<boolean> => {
    const policy = await system.store.get(inferencePolicies, { namespace: 'team-a', name: 'late' })
    return policy?.status?.conditions?.some(({ reason }) => reason === 'ReplicaLagging') === true
  }
  await system.until(isLagging, 'ReplicaLagging', 120_000)
  const policy = await system.waitStatus(inferencePolicies, 'team-a/late', ({ status }) => status?.enforced === '2/3')
  expect(toConditions(policy)).toMatchObject({ Programmed: 'False', Ready: 'False', Stalled: 'True' })
  expect(policy.status?.laggards).toEqual([hung.pod.name])
  hung.child.resume()
  system.kubelet.reconnect(hung.pod)
  await system.waitProgrammed(inferencePolicies, 'team-a/late')
})
