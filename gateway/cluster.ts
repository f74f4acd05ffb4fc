// What a gateway has to do with its cluster: follow the published bundle and the Secrets beside it, and say what it enforces. All of it
// may be away for hours without a call noticing.
import type { Logger } from 'pino'
import type { FeedDeps } from '../kube/feed.ts'
import { makeKubernetesStore } from '../kube/store-kubernetes.ts'
import type { Log } from '../kube/telemetry.ts'
import { AckLease } from './bundle/ack.ts'
import type { Enforcement } from './bundle/enforcement.ts'
import { WatchedBundle } from './bundle/watched.ts'
import type { GatewayParts } from './parts.ts'
import type { Published } from './readiness.ts'
import type { SecretStore } from './secret-store.ts'
import { toCause, toSafeFields } from './telemetry.ts'

export interface Cluster {
  readonly published: Published
  readonly start: (signal: AbortSignal) => Promise<void>
}

type KubeParts = NonNullable<GatewayParts['kube']>

interface Fed {
  readonly enforcement: Enforcement
  readonly secrets: readonly Pick<SecretStore<unknown>, 'follow'>[]
}

export function buildCluster(parts: GatewayParts, kube: KubeParts, { enforcement, secrets }: Fed): Cluster {
  const { config, clock, random } = parts
  if (config.kubernetes === undefined) throw new Error('a cluster needs its settings')
  const { namespace, podName, podUid } = config.kubernetes
  const log = toKubeLog(parts.log)
  const store = makeKubernetesStore(kube.client.transport)
  const feed: FeedDeps = { store, clock, random, log, metrics: kube.metrics }
  const bundle = new WatchedBundle({
    ...feed,
    store,
    namespace,
    offer: (offer) => enforcement.offer(offer),
    onRefused: (reason, sequence) => {
      log.error({ reason }, 'the published bundle cannot be read')
      if (sequence !== undefined) enforcement.refuse(sequence, reason)
    },
  })
  const followed = secrets.map((secret) => secret.follow(feed, namespace))
  const ack = new AckLease(
    {
      store,
      clock,
      random,
      state: () => enforcement.state,
      onFailure: (error) => log.warn({ error }, 'the ack could not be written'),
    },
    { namespace, name: podName, uid: podUid },
  )
  enforcement.onChange(() => ack.hurry())
  return {
    published: { revision: () => bundle.published, isHeard: () => bundle.reflector.isSynced },
    start: async (signal) => {
      await Promise.all([bundle, ...followed, ack].map(async (part) => part.start(signal)))
    },
  }
}

/** kube/ reports error objects; only their kind and code may be logged. */
export function toKubeLog(log: Logger): Log {
  const write =
    (level: keyof Log) =>
    (fields: object, message: string): void => {
      const safe = Object.entries(fields).map(([name, value]) => [name, toScalar(value)] as const)
      log[level](toSafeFields(Object.fromEntries(safe)), message)
    }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

function toScalar(value: unknown): string | number | boolean | undefined {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  return value === undefined ? undefined : toCause(value)
}
