// Operators that are killed at random points of a series of edits: what is published only goes forward, nobody leads beside another,
// and in the end everything is as it was last declared.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ControlPlane } from '../../hack/cluster/control-plane.ts'
import { connectKube } from '../../kube/client.ts'
import type { KubeObject, Resource } from '../../kube/resource.ts'
import { configMaps, leases } from '../../kube/resource.ts'
import { makeKubernetesStore } from '../../kube/store-kubernetes.ts'
import { eventually } from '../helpers/cluster.ts'
import type { FakeGateway, OperatorProcess } from './operator-install.ts'
import {
  apply,
  getJson,
  install,
  makeGateways,
  platform,
  startOperator,
  toConnectionYaml,
  toPolicyYaml,
} from './operator-install.ts'

const team = 'team-a'
const kills = 10

let cluster: ControlPlane
let gateway: FakeGateway

beforeAll(async () => {
  cluster = await install()
  await cluster.createNamespace(team)
  const [first] = await makeGateways(cluster, 'gw-1')
  if (first === undefined) throw new Error('no gateway')
  gateway = first
})

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
})

interface Witness extends AsyncDisposable {
  /** `epoch.n` of every version of the index. */
  readonly sequences: readonly string[]
  /** The holder after every write to the leader's Lease. */
  readonly holders: readonly string[]
}

/** Sees every version, because it follows the watch and not a cache. */
async function watchEverything(): Promise<Witness> {
  const client = connectKube({ kubeconfig: cluster.address.adminKubeconfig })
  const store = makeKubernetesStore(client.transport)
  const stop = new AbortController()
  const sequences: string[] = []
  const holders: string[] = []
  async function follow<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    see: (object: T) => void,
  ): Promise<void> {
    const selection = { namespace: platform, fields: { 'metadata.name': name } }
    for await (const event of store.watch(resource, { ...selection, timeoutSeconds: 600, signal: stop.signal })) {
      if (event.type === 'Set') see(event.object)
    }
  }
  const following = [
    follow(configMaps, 'portcullis-bundle', ({ data = {} }) => sequences.push(`${data['epoch']}.${data['sequence']}`)),
    follow(leases, 'portcullis-operator', ({ spec }) => holders.push(spec?.holderIdentity ?? '')),
  ]
  return {
    sequences,
    holders,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await Promise.allSettled(following)
      await client.close()
    },
  }
}

/** Numbers that look random and are the same at every run. */
function makeDice(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * sides)
  }
}

async function edit(n: number): Promise<void> {
  const rules = [{ name: `edit-${n}`, phase: 'Request', action: 'Allow' }]
  await apply(cluster, toPolicyYaml(team, `policy-${n % 3}`, { rules }))
}

function isLeading({ log }: OperatorProcess): boolean {
  return log.some((line) => line.includes('became leader'))
}

describe('operators that are killed', () => {
  test(`converge after ${kills} kills at random points, and never two lead at once`, { timeout: 300_000 }, async () => {
    await apply(cluster, toConnectionYaml(team, 'chat'))
    await using witness = await watchEverything()
    const dice = makeDice(4711)
    const operators = [await startOperator(cluster, 'operator-0'), await startOperator(cluster, 'operator-1')]
    await using end = new AsyncDisposableStack()
    end.defer(async () => {
      for (const operator of operators) await operator[Symbol.asyncDispose]()
    })
    let n = 0
    for (let kill = 0; kill < kills; kill += 1) {
      const leader = await eventually(() => operators.find(isLeading), { message: 'a leader', timeoutMs: 30_000 })
      const edits: Promise<void>[] = []
      for (let left = 1 + dice(4); left > 0; left -= 1) edits.push(edit((n += 1)))
      // Before, while or after the last of them is published, as the dice fall.
      await Promise.all(edits.slice(0, dice(edits.length + 1)))
      await leader.kill()
      await Promise.all(edits)
      operators[operators.indexOf(leader)] = await startOperator(cluster, `operator-${kill + 2}`)
    }
    await edit((n += 1))
    const last = `edit-${n}`
    const object = await eventually(
      async () => {
        await gateway.ack()
        const found = await getJson(cluster, 'infpol', { namespace: team, name: `policy-${n % 3}` })
        const { status, metadata } = found
        const isProgrammed = status?.conditions?.some(({ type, status: is }) => type === 'Programmed' && is === 'True')
        return isProgrammed && status?.observedGeneration === metadata.generation && found
      },
      { message: `${last} to be Programmed`, timeoutMs: 60_000, intervalMs: 250 },
    )
    expect(object.status?.enforced).toBe('1/1')
    for (const name of ['policy-0', 'policy-1', 'policy-2']) {
      const { status, metadata } = await getJson(cluster, 'infpol', { namespace: team, name })
      expect(status?.observedGeneration).toBe(metadata.generation)
    }

    const counted = witness.sequences.map((text) => text.split('.').map(Number))
    const grows = counted.every(([epoch = 0, sequence = 0], i) => {
      const [beforeEpoch = 0, before = 0] = counted[i - 1] ?? []
      return epoch > beforeEpoch || (epoch === beforeEpoch && sequence > before)
    })
    expect(grows).toBe(true)
    expect(counted.length).toBeGreaterThan(kills / 2)
    expect(new Set(counted.map(([epoch]) => epoch)).size).toBe(1)

    const reigns = witness.holders.filter((holder, i) => holder !== witness.holders[i - 1] && holder !== '')
    expect(reigns.length).toBeGreaterThan(kills)
    // Nobody leads again after another has: each holder is one unbroken run of renewals.
    expect(new Set(reigns).size).toBe(reigns.length)
  })

  test('a SIGTERM hands over at once, because the lease is released', { timeout: 60_000 }, async () => {
    await using first = await startOperator(cluster, 'operator-first', { PORTCULLIS_LEASE_SECONDS: '30' })
    await eventually(() => isLeading(first), { message: 'a leader', timeoutMs: 60_000 })
    await using second = await startOperator(cluster, 'operator-second', { PORTCULLIS_LEASE_SECONDS: '30' })
    await eventually(() => second.log.some((line) => line.includes('operator started')), { message: 'a standby' })
    const exit = new Promise<number | null>((resolve) => first.child.once('exit', resolve))
    first.child.kill('SIGTERM')
    expect(await exit).toBe(0)
    await eventually(() => isLeading(second), { message: 'the standby to lead', timeoutMs: 15_000 })
  })
})
