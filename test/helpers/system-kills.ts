// Operators killed with SIGKILL at random points of a series of edits, and what must be true of everything they wrote. The order of
// events is the cluster's own: resource versions come from one counter for all objects.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { OperatorProcess } from '../../hack/cluster/processes.ts'
import type { ConfigMap, KubeObject, Lease, Resource } from '../../kube/resource.ts'
import { configMaps, leases } from '../../kube/resource.ts'
import { inferencePolicies } from '../../operator/objects.ts'
import { allow, denyPrompt, makePolicyObject } from './system-objects.ts'
import type { System } from './system.ts'

export interface KillOptions {
  readonly kills: number
  readonly seed: number
}

export interface History {
  /** Every version of the index, in order. */
  readonly published: readonly Version<ConfigMap>[]
  /** Every version of the leader's Lease, in order. */
  readonly reigns: readonly Version<Lease>[]
  /** Who wrote the version of the index that follows this one, by pod: from the audit log. */
  readonly writers: ReadonlyMap<number, string>
  /** The word that the last edit denies. */
  readonly lastWord: string
}

export interface Version<T> {
  readonly version: number
  readonly object: T
}

const policyId = 'team-a/chat'
const maxPauseMs = 400

/** Two operators stand by all the time; whoever is killed is followed by a new pod, as a Deployment would make it. */
export async function editWhileKilling(system: System, { kills, seed }: KillOptions): Promise<History> {
  const random = makeRandom(seed)
  const watching = new AbortController()
  const published = await follow(system, configMaps, 'portcullis-bundle', watching.signal)
  const reigns = await follow(system, leases, 'portcullis-operator', watching.signal)
  const running: OperatorProcess[] = [system.operator, await system.startOperator(`operator-${seed}-standby`)]
  let edits = 0
  const edit = async (): Promise<void> => {
    edits += 1
    const { metadata, spec } = makePolicyObject(policyId, [allow, denyPrompt(toWord(edits), 'no')])
    await system.store.apply(inferencePolicies, { metadata, spec }, { fieldManager: 'test', force: true })
  }
  for (let kill = 1; kill <= kills; kill += 1) {
    await edit()
    const before = published.at(-1)?.version ?? 0
    // Between nothing and some publications later; and never before somebody leads again, or most kills would hit nobody.
    await delay(random() * maxPauseMs)
    await edit()
    const leader = running.find(({ child }) => toPod(reigns.at(-1)?.object) === child.name)
    const victim = random() < 0.8 ? leader : running.find((one) => one !== leader)
    if (victim === undefined) throw new Error('neither of two operators leads')
    await victim.child.kill9()
    running.splice(running.indexOf(victim), 1, await system.startOperator(`operator-${seed}-${kill}`))
    await edit()
    await system.until(() => (published.at(-1)?.version ?? 0) > before, `a publication after kill ${kill}`)
    await system.until(
      () => running.some(({ child }) => toPod(reigns.at(-1)?.object) === child.name),
      `a living leader after kill ${kill}`,
    )
  }
  await edit()
  await system.waitProgrammed(inferencePolicies, policyId)
  watching.abort()
  return { published, reigns, writers: await readWriters(system), lastWord: toWord(edits) }
}

export function toSequence({ data }: ConfigMap): readonly [epoch: number, n: number] {
  return [Number(data?.['epoch']), Number(data?.['sequence'])]
}

/** Holders are named `pod_random`. */
export function toPod(lease: Lease | undefined): string {
  return lease?.spec?.holderIdentity?.split('_')[0] ?? ''
}

function toWord(edit: number): string {
  return `secret-number-${edit}.`
}

/** Grows with every version of one object from now on. */
async function follow<T extends KubeObject>(
  { store }: System,
  resource: Resource<T>,
  name: string,
  signal: AbortSignal,
): Promise<Version<T>[]> {
  const seen: Version<T>[] = []
  const first = await store.list(resource, { namespace: 'portcullis', fields: { 'metadata.name': name } })
  for (const object of first.items) seen.push({ version: Number(object.metadata.resourceVersion), object })
  const { resourceVersion } = first
  const selection = { namespace: 'portcullis', fields: { 'metadata.name': name } }
  const read = async (): Promise<void> => {
    for await (const event of store.watch(resource, { ...selection, resourceVersion, timeoutSeconds: 3600, signal })) {
      if (event.type === 'Bookmark') continue
      seen.push({ version: Number(event.object.metadata.resourceVersion), object: event.object })
    }
  }
  // A watch that breaks leaves a gap; whoever reads the history would take it for the whole.
  void read().catch((error: unknown) => {
    if (!signal.aborted) seen.length = 0
    return error
  })
  return seen
}

/** Updates carry the version they are made from, so the audit log says who made the next one. */
async function readWriters({ cluster }: System): Promise<ReadonlyMap<number, string>> {
  const text = await readFile(path.join(cluster.address.folder, 'logs', 'audit.log'), 'utf8')
  const writers = new Map<number, string>()
  for (const line of text.split('\n')) {
    if (!line.includes('"portcullis-bundle"') || !line.includes('"verb":"update"')) continue
    const { user, objectRef, responseStatus }: AuditEvent = JSON.parse(line)
    if (objectRef.name !== 'portcullis-bundle' || responseStatus?.code !== 200) continue
    writers.set(Number(objectRef.resourceVersion), user.extra?.['authentication.kubernetes.io/pod-name']?.[0] ?? '')
  }
  return writers
}

interface AuditEvent {
  readonly user: { readonly extra?: Readonly<Record<string, readonly string[]>> }
  readonly objectRef: { readonly name?: string; readonly resourceVersion?: string }
  readonly responseStatus?: { readonly code?: number }
}

/** mulberry32: small, and the same on every machine. */
function makeRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
