// Puts the operator together over any resource store: a cluster's, or a folder's. Caches run always, so that a standby knows
// everything when it is elected; whatever writes runs only while this process leads.
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Registry } from 'prom-client'
import type { Clock } from '../kube/clock.ts'
import type { FeedDeps } from '../kube/feed.ts'
import type { ResourceStore } from '../kube/store.ts'
import type { KubeMetrics, Log } from '../kube/telemetry.ts'
import { makeCompiler } from '../policy/expression.ts'
import type { Caches } from './publish/caches.ts'
import { buildCaches } from './publish/caches.ts'
import type { ControllerSet } from './controllers.ts'
import { buildControllers } from './controllers.ts'
import { fenceStore } from './fence.ts'
import type { HealthDeps } from './runtime/health.ts'
import type { Leadership } from './runtime/leader.ts'
import { Leader } from './runtime/leader.ts'
import type { RuntimeMetrics } from './runtime/metrics.ts'
import { makeRuntimeMetrics } from './runtime/metrics.ts'
import { shutdown } from './runtime/shutdown.ts'
import type { OperatorTelemetry } from './telemetry.ts'
import { makeOperatorTelemetry } from './telemetry.ts'

export interface OperatorParts {
  readonly store: ResourceStore
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly registry: Registry
  readonly kubeMetrics: KubeMetrics
}

export interface OperatorOptions {
  readonly namespace: string
  readonly podName: string
  readonly serviceAccount: string
  readonly gatewayService: string
  readonly clusterDomain: string
  readonly allowLoopback: boolean
  readonly drainMs: number
  /** How often each referenced Secret is read again; absent: every 15 s. */
  readonly referenceMs?: number
  /** Absent: this process is the only one, as with a folder. */
  readonly election?: { readonly leaseMs: number }
  /** False where no API server stands behind the store. */
  readonly hasApiServer: boolean
}

/** `lost`: another process leads; this one must end, because it may still hold old beliefs. */
export type Ending = 'stopped' | 'lost'

export interface Operator {
  readonly start: (signal: AbortSignal) => Promise<Ending>
  readonly health: Omit<HealthDeps, 'loopLagMs'>
}

/** Everything that the controllers are made of. */
export interface Workshop extends OperatorParts {
  readonly options: OperatorOptions
  readonly caches: Caches
  readonly metrics: RuntimeMetrics
  readonly telemetry: OperatorTelemetry
  readonly hash: (text: string) => string
  /** Of a tenant. */
  readonly newKey: () => Uint8Array
  readonly makeCompiler: typeof makeCompiler
  readonly breathe: () => Promise<void>
}

export const leaderLeaseName = 'portcullis-operator'

export function buildOperator(parts: OperatorParts, options: OperatorOptions): Operator {
  const feed: FeedDeps = { ...parts, metrics: parts.kubeMetrics }
  const workshop: Workshop = {
    ...parts,
    options,
    caches: buildCaches(feed, options),
    metrics: makeRuntimeMetrics(parts.registry),
    telemetry: makeOperatorTelemetry(parts.registry, parts.log),
    hash: (text) => `sha256:${createHash('sha256').update(text).digest('hex')}`,
    newKey: () => randomBytes(32),
    makeCompiler,
    breathe: async () => setImmediate(),
  }
  const life = new Life(workshop)
  return { start: async (signal) => life.run(signal), health: life.health }
}

class Life {
  readonly #workshop: Workshop
  readonly #leader: Leader | undefined
  #isStopping = false

  constructor(workshop: Workshop) {
    this.#workshop = workshop
    const { namespace, podName, election } = workshop.options
    const identity = `${podName}_${randomUUID().slice(0, 8)}`
    const times = election && {
      leaseMs: election.leaseMs,
      renewMs: (election.leaseMs * 2) / 3,
      retryMs: election.leaseMs / 7.5,
    }
    this.#leader = times && new Leader(workshop, { namespace, name: leaderLeaseName, identity, ...times })
  }

  get health(): Omit<HealthDeps, 'loopLagMs'> {
    const leader = this.#leader
    return {
      caches: () => this.#workshop.caches.all,
      isStopping: () => this.#isStopping,
      ...(leader === undefined ? {} : { leader: () => leader.state }),
    }
  }

  async run(signal: AbortSignal): Promise<Ending> {
    const caching = new AbortController()
    const electing = new AbortController()
    const feeds = this.#workshop.caches.all.map(async (cache) => cache.start(caching.signal))
    const election = this.#leader?.run(electing.signal)
    const leadership = this.#leader === undefined ? alone : await untilAborted(this.#leader.elected, signal)
    const working = leadership === undefined ? idle : this.#lead(leadership, signal)
    const lost = leadership?.lost ?? signal
    await untilAborted(
      new Promise<void>((resolve) => lost.addEventListener('abort', () => resolve(), { once: true })),
      signal,
    )
    const isLost = leadership?.lost.aborted === true
    this.#isStopping = true
    await shutdown(
      this.#workshop,
      {
        markNotReady: () => {},
        stopReflectors: async () => {
          caching.abort()
          await Promise.all(feeds)
        },
        drain: async (abandon) => working.stop(abandon),
        releaseLease: async () => {
          electing.abort()
          await election
        },
        closeClient: async () => {},
      },
      { drainMs: this.#workshop.options.drainMs, stepMs: 3_000 },
    )
    return isLost ? 'lost' : 'stopped'
  }

  #lead(leadership: Leadership, signal: AbortSignal): Work {
    const store = fenceStore(this.#workshop.store, leadership.isHeld)
    const controllers = buildControllers({ ...this.#workshop, store })
    const abandoning = new AbortController()
    const abort = AbortSignal.any([leadership.lost, abandoning.signal])
    const stop = AbortSignal.any([signal, leadership.lost])
    const running = startWhenSynced(this.#workshop.caches, controllers, { stop, abort })
    return {
      stop: async (abandon) => {
        abandon.addEventListener('abort', () => abandoning.abort(), { once: true })
        await running
      },
    }
  }
}

interface Work {
  readonly stop: (abandon: AbortSignal) => Promise<void>
}

const idle: Work = { stop: async () => {} }

/** Where nobody else can write, nothing has to be won or can be lost. */
const alone: Leadership = {
  fence: { transitions: 0, holder: '' },
  lost: new AbortController().signal,
  isHeld: () => true,
}

async function startWhenSynced(
  caches: Caches,
  controllers: ControllerSet,
  signals: { readonly stop: AbortSignal; readonly abort: AbortSignal },
): Promise<void> {
  const synced = Promise.all(caches.all.map(async (cache) => cache.synced)).then(() => true)
  if ((await untilAborted(synced, signals.stop)) === true) await controllers.run(signals)
}

/** Undefined when the signal came first. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return undefined
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>()
  const end = (): void => resolve(undefined)
  signal.addEventListener('abort', end, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', end)
  }
}
