// Operator and gateway in one process over a folder of YAML. Both are the parts that a cluster runs; only the store below them is
// another one, and they meet in it as they do in a cluster: the operator publishes, the gateway watches and acknowledges.
import type { DestinationStream, Logger } from 'pino'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import type { Running } from '../gateway/build.ts'
import { buildGateway } from '../gateway/build.ts'
import type { Clock } from '../kube/clock.ts'
import { sleep } from '../kube/clock.ts'
import type { FeedDeps } from '../kube/feed.ts'
import type { ResourceStore } from '../kube/store.ts'
import type { KubeMetrics } from '../kube/telemetry.ts'
import { makeKubeMetrics } from '../kube/telemetry.ts'
import type { Operator } from '../operator/build.ts'
import { buildOperator } from '../operator/build.ts'
import { CliError } from './errors.ts'
import type { Follower } from './local/gateway.ts'
import { buildFollower, drainMs, toLocalConfig } from './local/gateway.ts'
import type { LocalStoreOptions } from './local/store.ts'
import { localGateway, openLocalStore } from './local/store.ts'
import { loopback } from './loopback-server.ts'
import { toListenCode, toPortError } from './port.ts'

export interface StandaloneDeps {
  readonly clock: Clock
  readonly random: () => number
}

export interface StandaloneOptions extends LocalStoreOptions {
  /** 0: any free one. */
  readonly port: number
  /** Gives up starting; what runs is ended by disposing it. */
  readonly signal: AbortSignal
  /** Lines of JSON as both write them in a cluster. */
  readonly logTo: DestinationStream
}

export interface Standalone extends AsyncDisposable {
  readonly origin: string
  readonly adminOrigin: string
  /** To follow objects and their status. */
  readonly feed: FeedDeps
  readonly onRevision: Follower['onRevision']
}

const readyTimeoutMs = 20_000
/** How often Secrets are read again; in memory that costs nothing. */
const referenceMs = 1_000

/** Resolves when the gateway judges by what the folder says. */
export async function startStandalone(deps: StandaloneDeps, options: StandaloneOptions): Promise<Standalone> {
  const { namespace } = options.development
  const { store, follow } = await openLocalStore(deps.clock, options)
  const parts = toParts(deps, store, options.logTo)
  const feed: FeedDeps = { ...parts, metrics: parts.kubeMetrics }
  const life = new AbortController()
  const gateway = buildGateway({ ...parts, config: toLocalConfig(options.port) })
  const follower = buildFollower({ feed, store, gateway, namespace })
  const running = await gateway.start(life.signal).catch((error: unknown) => {
    // The port was free a moment ago.
    const code = toListenCode(error)
    throw code === undefined ? error : toPortError(options.port, code)
  })
  const background = [follow, follower.start, buildLocalOperator(parts, namespace).start].map(async (run) =>
    run(life.signal),
  )
  const stop = async (): Promise<void> => {
    life.abort()
    await Promise.all([running.stopped, ...background])
  }
  try {
    await waitUntilReady(deps.clock, follower.isReady, options.signal)
  } catch (error) {
    await stop()
    throw error
  }
  return { ...toAddresses(running), feed, onRevision: follower.onRevision, [Symbol.asyncDispose]: stop }
}

interface Parts extends StandaloneDeps {
  readonly store: ResourceStore
  readonly log: Logger
  readonly registry: Registry
  readonly kubeMetrics: KubeMetrics
}

function toParts(deps: StandaloneDeps, store: ResourceStore, logTo: DestinationStream): Parts {
  const registry = new Registry()
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, logTo)
  return { ...deps, store, log, registry, kubeMetrics: makeKubeMetrics(registry) }
}

function buildLocalOperator(parts: Parts, namespace: string): Operator {
  const { podName, service: gatewayService } = localGateway
  return buildOperator(parts, {
    namespace,
    podName,
    serviceAccount: 'operator',
    gatewayService,
    clusterDomain: 'cluster.local',
    allowLoopback: true,
    drainMs,
    hasApiServer: false,
    referenceMs,
  })
}

async function waitUntilReady(clock: Clock, isReady: () => boolean, signal: AbortSignal): Promise<void> {
  const deadlineMs = clock.monotonicMs() + readyTimeoutMs
  while (!isReady() && !signal.aborted) {
    if (clock.monotonicMs() >= deadlineMs) {
      throw new CliError('not_ready', `the gateway had nothing to judge by after ${readyTimeoutMs / 1000} s`, {
        advice: ['this is a mistake of Portcullis itself; please report it with the folder that shows it'],
      })
    }
    await sleep(clock, 10, signal)
  }
}

function toAddresses({ port, adminPort }: Running): Pick<Standalone, 'origin' | 'adminOrigin'> {
  return { origin: `http://${loopback}:${port}`, adminOrigin: `http://${loopback}:${adminPort}` }
}
