// Which change wakes which work: objects and settings the publisher, acks and endpoints the rollout, verdicts and rollouts the
// statuses. Every wake-up is a key in a queue; what has changed is looked up when the key's turn comes.
import type { Workshop } from './build.ts'
import { reconcilePolicy } from './inference-policy/reconcile.ts'
import { reconcileConnection } from './model-connection/reconcile.ts'
import { sourceOf } from './objects.ts'
import type { InferencePolicy, ModelConnection } from './objects.ts'
import { Acks } from './publish/acks.ts'
import { Gatherer } from './publish/gather.ts'
import { Publication } from './publish/publication.ts'
import { Publisher } from './publish/publisher.ts'
import { ReferenceReader } from './publish/reference-reader.ts'
import { RolloutWatch } from './publish/rollout-watch.ts'
import { TenantKeySecret } from './publish/tenant-keys.ts'
import type { StopSignals } from './runtime/controller.ts'
import { Controller } from './runtime/controller.ts'
import { EventRecorder } from './runtime/events.ts'
import type { Outcome } from './runtime/outcome.ts'
import { WorkQueue } from './runtime/queue.ts'
import { StatusWriter } from './runtime/status-writer.ts'
import { toStories } from './stories.ts'
import { bundleConfigMapName } from '../policy/bundle-config-map.ts'
import { toProblemText } from '../policy/problem.ts'

export interface ControllerSet {
  readonly run: (signals: StopSignals) => Promise<void>
}

type QueueName = 'publish' | 'rollout' | 'connections' | 'policies'
type Queues = Readonly<Record<QueueName, WorkQueue>>

const fieldManager = 'portcullis-operator'
const bundleKey = 'bundle'
/** The API server may forbid things while it starts; five minutes of silence would be too long an answer to that. */
const stalledMs = 15_000

export function buildControllers(shop: Workshop): ControllerSet {
  const queues: Queues = {
    publish: new WorkQueue(shop, { name: 'publish' }),
    rollout: new WorkQueue(shop, { name: 'rollout' }),
    connections: new WorkQueue(shop, { name: 'connections' }),
    policies: new WorkQueue(shop, { name: 'policies' }),
  }
  const { caches } = shop
  const enqueueStatuses = (): void => {
    for (const id of caches.connections.keys()) queues.connections.add(id)
    for (const id of caches.policies.keys()) queues.policies.add(id)
  }
  const publication = new Publication()
  const acks = new Acks(caches.leases, shop.clock)
  const recorder = new EventRecorder(shop, { controller: 'portcullis.dev/operator', instance: shop.options.podName })
  const references = new ReferenceReader({
    ...shop,
    onChange: () => queues.publish.add(bundleKey),
    intervalMs: shop.options.referenceMs ?? 15_000,
  })
  const publisher = buildPublisher(shop, { queues, publication, acks, recorder, references, enqueueStatuses })
  const rollout = new RolloutWatch({
    clock: shop.clock,
    slices: () => caches.gatewaySlices.list(),
    acks,
    publication,
    onChange: enqueueStatuses,
    onPublisherNeeded: () => queues.publish.add(bundleKey),
    measure: (replicas) => shop.telemetry.replicas(replicas, publication.revision),
  })
  const writer = new StatusWriter(shop, fieldManager)
  const tellChanges = (...change: Parameters<typeof toStories>): void => {
    for (const story of toStories(...change)) recorder.record(story)
  }
  const statuses = { clock: shop.clock, publication, writer, tellChanges }
  const controllers = listControllers(shop, queues, {
    publish: async (signal) => publisher.publish(signal),
    rollout: async () => rollout.follow(),
    connection: async (id) => reconcileConnection({ ...statuses, get: (key) => caches.connections.getKey(key) }, id),
    policy: async (id) => reconcilePolicy({ ...statuses, get: (key) => caches.policies.getKey(key) }, id),
  })
  return {
    run: async (signals) => {
      const unhook = hookUp(shop, queues, acks)
      const background = AbortSignal.any([signals.stop, signals.abort])
      try {
        await Promise.all([
          ...controllers.map(async (controller) => controller.run(signals)),
          references.run(background),
          recorder.run(background),
        ])
      } finally {
        unhook()
      }
    },
  }
}

interface Work {
  readonly publish: (signal: AbortSignal) => Promise<Outcome>
  readonly rollout: () => Promise<Outcome>
  readonly connection: (id: string) => Promise<Outcome>
  readonly policy: (id: string) => Promise<Outcome>
}

function onlyBundle(): readonly string[] {
  return [bundleKey]
}

function listControllers(shop: Workshop, queues: Queues, work: Work): readonly Controller[] {
  const { caches } = shop
  return [
    control(shop, queues.publish, { keys: onlyBundle, reconcile: async (_, signal) => work.publish(signal) }),
    control(shop, queues.rollout, { keys: onlyBundle, reconcile: work.rollout }),
    control(shop, queues.connections, { keys: () => caches.connections.keys(), reconcile: work.connection }),
    control(shop, queues.policies, { keys: () => caches.policies.keys(), reconcile: work.policy }),
  ]
}

interface PublisherParts {
  readonly queues: Queues
  readonly publication: Publication
  readonly acks: Acks
  readonly recorder: EventRecorder
  readonly references: ReferenceReader
  readonly enqueueStatuses: () => void
}

function buildPublisher(shop: Workshop, parts: PublisherParts): Publisher {
  const { queues, publication, acks, recorder, references, enqueueStatuses } = parts
  const { namespace, serviceAccount, clusterDomain, allowLoopback } = shop.options
  const onSettings: ConstructorParameters<typeof Gatherer>[0]['onSettings'] = (problems, configMap) => {
    shop.telemetry.settings(problems)
    const [first] = problems
    if (first === undefined || configMap === undefined) return
    const note = `${toProblemText(first)} (${problems.length} in all); the last valid settings stay in force`
    recorder.record({ regarding: configMap, type: 'Warning', reason: 'InvalidSettings', action: 'Validate', note })
  }
  const gatherer = new Gatherer(
    { ...shop, onSettings },
    { namespace, clusterDomain, allowLoopback, reader: { namespace, serviceAccount } },
  )
  const tenantKeys = new TenantKeySecret({
    ...shop,
    namespace,
    onTrouble: (troubles, secret) => {
      shop.telemetry.tenantKeys(troubles)
      const [note] = troubles
      if (note === undefined || secret === undefined) return
      recorder.record({ regarding: secret, type: 'Warning', reason: 'InvalidTenantKey', action: 'Validate', note })
    },
  })
  return new Publisher({
    ...shop,
    namespace,
    tenantKeys,
    gather: async (lastValid) => gatherer.gather(lastValid),
    references,
    acked: () => acks.sequences(),
    publication,
    cachedIndexVersion: () => shop.caches.index.get(namespace, bundleConfigMapName)?.metadata.resourceVersion,
    onPublished: () => queues.rollout.add(bundleKey),
    onJudged: enqueueStatuses,
  })
}

interface Task {
  readonly keys: () => Iterable<string>
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Outcome>
}

function control(shop: Workshop, queue: WorkQueue, task: Task): Controller {
  const resyncMs = queue.name === 'publish' ? 300_000 : 36_000_000
  return new Controller({ ...shop, queue, ...task }, { name: queue.name, resyncMs, stalledMs })
}

/** Returns how to end it. */
function hookUp({ caches }: Workshop, queues: Queues, acks: Acks): () => void {
  for (const lease of caches.leases.list()) acks.see(lease)
  const publish = (): void => queues.publish.add(bundleKey)
  const rollout = (): void => queues.rollout.add(bundleKey)
  const onLease = (key: string): void => {
    const lease = caches.leases.getKey(key)
    if (lease === undefined) acks.forget(key)
    else acks.see(lease)
    rollout()
  }
  const ends = [
    caches.connections.onChange(onObject(caches.connections, queues.connections, publish)),
    caches.policies.onChange(onObject(caches.policies, queues.policies, publish)),
    caches.settings.onChange(publish),
    caches.index.onChange(publish),
    caches.apiServerSlices?.onChange(publish),
    caches.leases.onChange(onLease),
    caches.gatewaySlices.onChange(rollout),
  ]
  return () => {
    for (const end of ends) end?.()
  }
}

interface ObjectCache {
  getKey(key: string): ModelConnection | InferencePolicy | undefined
}

/** A status changes an object as well, most often by our own hand: only what a bundle is made of is worth a new one. */
function onObject(cache: ObjectCache, statuses: WorkQueue, publish: () => void): (key: string) => void {
  const seen = new Map<string, string>()
  return (key) => {
    const object = cache.getKey(key)
    const print = object === undefined ? undefined : toPrint(object)
    if (seen.get(key) !== print || print === undefined) publish()
    if (print === undefined) seen.delete(key)
    else seen.set(key, print)
    statuses.add(key)
  }
}

function toPrint(object: ModelConnection | InferencePolicy): string {
  const { uid, generation, labels } = object.metadata
  return JSON.stringify([uid, generation, labels, sourceOf(object)])
}
