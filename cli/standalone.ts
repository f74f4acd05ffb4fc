// Operator and gateway in one process over a folder of YAML. Both are the parts that a cluster runs; only the store below them is
// another one, and they meet in it as they do in a cluster: the operator publishes, the gateway watches and acknowledges.
import { readFile } from 'node:fs/promises'
import type { DestinationStream, Logger } from 'pino'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import type { Gateway, Running } from '../gateway/build.ts'
import { buildGateway } from '../gateway/build.ts'
import { AckLease } from '../gateway/bundle/ack.ts'
import { WatchedBundle } from '../gateway/bundle/watched.ts'
import type { Config } from '../gateway/config.ts'
import type { Clock } from '../kube/clock.ts'
import { sleep } from '../kube/clock.ts'
import type { FeedDeps } from '../kube/feed.ts'
import type { FolderProblem } from '../kube/manifests.ts'
import { configMaps, endpointSlices, secrets } from '../kube/resource.ts'
import type { ResourceStore } from '../kube/store.ts'
import type { FolderStore } from '../kube/store-folder.ts'
import { openFolder } from '../kube/store-folder.ts'
import type { KubeMetrics, Log } from '../kube/telemetry.ts'
import { makeKubeMetrics } from '../kube/telemetry.ts'
import type { Operator } from '../operator/build.ts'
import { buildOperator } from '../operator/build.ts'
import { inferencePolicies, modelConnections, services } from '../operator/objects.ts'
import { toRevisionText } from '../policy/bundle.ts'
import type { Refusal } from './admission.ts'
import { withAdmission } from './admission.ts'
import type { Development } from './development-store.ts'
import { settingsName, toFirstSettings, withDevelopment } from './development-store.ts'
import { CliError } from './errors.ts'
import { assertAdmitted, assertReadable, assertSettings } from './folder.ts'
import { loopback } from './loopback-server.ts'
import type { CheckObject } from './schema.ts'
import { compileCrd } from './schema.ts'

export interface StandaloneDeps {
  readonly clock: Clock
  readonly random: () => number
}

export interface StandaloneOptions {
  readonly folder: string
  /** 0: any free one. */
  readonly port: number
  readonly development: Development
  /** Everything wrong with the folder, whenever that changes; empty when healed. */
  readonly onProblem: (problems: readonly FolderProblem[]) => void
  /** An object that its kind does not allow, once for each version of it. */
  readonly onRefusal: (refusal: Refusal) => void
  /** Gives up starting. */
  readonly signal: AbortSignal
  /** Lines of JSON as both write them in a cluster. */
  readonly logTo: DestinationStream
}

export interface Standalone extends AsyncDisposable {
  readonly origin: string
  readonly adminOrigin: string
  readonly feed: FeedDeps
  /** Calls back with every revision that comes into force. */
  readonly onRevision: (listener: (revision: string) => void) => void
}

const podName = 'standalone'
const gatewayService = 'portcullis-gateway'
const drainMs = 2_000
/** How often Secrets are read again; in memory that costs nothing. */
const referenceMs = 1_000
const readyTimeoutMs = 20_000
const fieldManager = 'portcullis-cli'

export async function startStandalone(deps: StandaloneDeps, options: StandaloneOptions): Promise<Standalone> {
  const { development, signal } = options
  const life = new AbortController()
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, options.logTo)
  const registry = new Registry()
  const files = await openReadable(deps, options)
  const store = withDevelopment(await admitAll(files.store, options), development)
  const parts: Parts = { ...deps, store, log, registry, kubeMetrics: makeKubeMetrics(registry), development }
  const feed: FeedDeps = { ...deps, store, log: quiet, metrics: parts.kubeMetrics }
  await placeGateway(store, development)
  const { namespace } = development
  await assertSettings(options.folder, await store.get(configMaps, { namespace, name: settingsName }))
  const gateway = buildGateway({ ...parts, config: toConfig(options.port) })
  const running = await gateway.start(life.signal)
  const follower = buildFollower({ ...parts, feed, gateway })
  const operator = buildLocalOperator(parts)
  const background = [files.follow(life.signal), follower.start(life.signal), operator.start(life.signal)]
  const stop = async (): Promise<void> => {
    life.abort()
    await Promise.all([running.stopped, ...background])
  }
  try {
    await waitUntilReady(deps, follower.isReady, signal)
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
  readonly development: Development
}

function buildLocalOperator(parts: Parts): Operator {
  return buildOperator(parts, {
    namespace: parts.development.namespace,
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

/** Starting needs a folder without mistakes; later ones are reported, and what was good before stays. */
async function openReadable({ clock }: StandaloneDeps, { folder, onProblem }: StandaloneOptions): Promise<FolderStore> {
  const resources = [modelConnections, inferencePolicies, configMaps, secrets, services]
  let report = (problems: readonly FolderProblem[]): void => {
    assertReadable(folder, problems)
    onProblem(problems)
  }
  const files = await openFolder(clock, { folder, resources, onProblem: (problems) => report(problems) })
  report = onProblem
  return files
}

async function admitAll(files: ResourceStore, { folder, onRefusal }: StandaloneOptions): Promise<ResourceStore> {
  const refusals: Refusal[] = []
  let report = (refusal: Refusal): unknown => refusals.push(refusal)
  const store = withAdmission(files, { checks: await readChecks(), onRefusal: (refusal) => report(refusal) })
  await store.list(modelConnections)
  await store.list(inferencePolicies)
  await assertAdmitted(folder, refusals)
  report = onRefusal
  return store
}

async function readChecks(): Promise<Readonly<Record<string, CheckObject>>> {
  return {
    ModelConnection: await readCheck('modelconnections'),
    InferencePolicy: await readCheck('inferencepolicies'),
  }
}

async function readCheck(name: string): Promise<CheckObject> {
  return compileCrd(await readFile(new URL(`../crds/${name}.yaml`, import.meta.url), 'utf8'))
}

function toConfig(port: number): Config {
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

/** What a cluster would have made: settings to start from, and the endpoint that makes this gateway one that serves. */
async function placeGateway(store: ResourceStore, development: Development): Promise<void> {
  const { namespace } = development
  const settings = await store.get(configMaps, { namespace, name: settingsName })
  if (settings === undefined) await store.create(configMaps, toFirstSettings(development))
  const labels = { 'kubernetes.io/service-name': gatewayService }
  const slice = {
    metadata: { namespace, name: `${gatewayService}-${podName}`, labels },
    addressType: 'IPv4',
    endpoints: [
      { addresses: [loopback], conditions: { ready: true }, targetRef: { kind: 'Pod', namespace, name: podName } },
    ],
  }
  await store.apply(endpointSlices, slice, { fieldManager })
}

interface FollowerParts extends Parts {
  readonly feed: FeedDeps
  readonly gateway: Gateway
}

interface Follower {
  readonly start: (signal: AbortSignal) => Promise<void>
  readonly isReady: () => boolean
  readonly onRevision: Standalone['onRevision']
}

/** The gateway's side of the store: the published bundle and the credentials come in, the ack goes out. */
function buildFollower({ store, feed, gateway, clock, random, development }: FollowerParts): Follower {
  const { enforcement, credentials } = gateway
  const { namespace } = development
  const bundle = new WatchedBundle({
    ...feed,
    store,
    namespace,
    offer: async (offer) => enforcement.offer(offer),
    onRefused: (reason) => {
      throw new Error(`the published bundle cannot be read: ${reason}`)
    },
  })
  const secret = credentials.follow(feed, namespace)
  const state = (): Gateway['enforcement']['state'] => enforcement.state
  const ack = new AckLease(
    { store, clock, random, state, onFailure: () => {} },
    { namespace, name: podName, uid: podName },
  )
  enforcement.onChange(() => ack.hurry())
  return {
    start: async (signal) => {
      await Promise.all([bundle.start(signal), secret.start(signal), ack.start(signal)])
    },
    isReady: () => enforcement.enforced !== undefined && secret.isSynced,
    onRevision: (listener) =>
      enforcement.onChange(({ enforced }) => enforced && listener(toRevisionText(enforced.revision))),
  }
}

async function waitUntilReady({ clock }: StandaloneDeps, isReady: () => boolean, signal: AbortSignal): Promise<void> {
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

/** In memory nothing is lost and nothing retried, so what kube/ would report here is of no use to anybody. */
const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
