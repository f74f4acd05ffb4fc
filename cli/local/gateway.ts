// The gateway's side of the local store: the published bundle and the Secrets beside it come in, the acknowledgement goes out, as in a
// cluster. Only the start-up settings differ.
import type { Gateway } from '../../gateway/build.ts'
import { AckLease } from '../../gateway/bundle/ack.ts'
import { WatchedBundle } from '../../gateway/bundle/watched.ts'
import type { Config } from '../../gateway/config.ts'
import type { FeedDeps } from '../../kube/feed.ts'
import type { ResourceStore } from '../../kube/store.ts'
import { toRevisionText } from '../../policy/bundle.ts'
import { loopback } from '../loopback-server.ts'
import { localGateway } from './store.ts'

export const drainMs = 2_000

export function toLocalConfig(port: number): Config {
  return {
    host: loopback,
    port,
    adminHost: loopback,
    adminPort: 0,
    bundleFolder: undefined,
    credentialsFolder: undefined,
    stateFolder: undefined,
    recordsFile: undefined,
    kubernetes: undefined,
    // The one place beside a sidecar where models are on this machine; no file in the folder can say so.
    allowLoopback: true,
    maxHeaderBytes: 65_536,
    drainMs,
    logLevel: 'info',
  }
}

export interface FollowerParts {
  readonly feed: FeedDeps
  readonly store: ResourceStore
  readonly gateway: Gateway
  readonly namespace: string
}

export interface Follower {
  readonly start: (signal: AbortSignal) => Promise<void>
  /** Enforces something, and knows the credentials and keys for it. */
  readonly isReady: () => boolean
  /** Calls back with every revision that comes into force. */
  readonly onRevision: (listener: (revision: string) => void) => void
}

export function buildFollower({ feed, store, gateway, namespace }: FollowerParts): Follower {
  const { enforcement, credentials, tenantKeys } = gateway
  const { clock, random, log } = feed
  const bundle = new WatchedBundle({
    ...feed,
    store,
    namespace,
    offer: async (offer) => enforcement.offer(offer),
    onRefused: (reason) => log.error({ reason }, 'the published bundle cannot be read'),
  })
  const secrets = [credentials.follow(feed, namespace), tenantKeys.follow(feed, namespace)]
  const onFailure = (error: unknown): void =>
    log.error({ cause: error instanceof Error ? error.name : 'unknown' }, 'the acknowledgement could not be written')
  const ack = new AckLease(
    { store, clock, random, state: () => enforcement.state, onFailure },
    { namespace, name: localGateway.podName, uid: localGateway.podName },
  )
  enforcement.onChange(() => ack.hurry())
  return {
    start: async (signal) => {
      await Promise.all([bundle, ...secrets, ack].map(async (part) => part.start(signal)))
    },
    isReady: () => enforcement.enforced !== undefined && secrets.every(({ isSynced }) => isSynced),
    onRevision: (listener) =>
      enforcement.onChange(({ enforced }) => enforced && listener(toRevisionText(enforced.revision))),
  }
}
