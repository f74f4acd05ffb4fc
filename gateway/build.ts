// The only place that knows the concrete parts of a gateway. Nothing runs until `start`; everything ends with its signal, in order:
// stop being ready, let calls finish, then close what they used.
import { createHash, randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sleep } from '../kube/clock.ts'
import { makeCompiler } from '../policy/expression.ts'
import type { Identity } from '../policy/model.ts'
import type { Snapshot } from '../policy/snapshot.ts'
import { buildAdminServer } from './admin.ts'
import { Enforcement } from './bundle/enforcement.ts'
import { readLastGood, writeLastGood } from './bundle/last-good.ts'
import type { MountedDeps } from './bundle/mounted.ts'
import { watchMounted } from './bundle/mounted.ts'
import type { Cluster } from './cluster.ts'
import { buildCluster } from './cluster.ts'
import type { Config } from './config.ts'
import type { CredentialStore } from './credential-store.ts'
import { makeCredentialStore } from './credential-store.ts'
import { GatewayError } from './errors.ts'
import { JsonLinesSink } from './evidence/json-lines.ts'
import { CallsInFlight, drain } from './drain.ts'
import type { Deps } from './handle.ts'
import { handle } from './handle.ts'
import { makeFetchKeys } from './identity/fetch-keys.ts'
import { buildIdentify } from './identity/identify.ts'
import { makeUsernameCompiler } from './identity/username.ts'
import type { Limits } from './limits/build.ts'
import { buildReserve } from './limits/build.ts'
import { makeConnectRedis } from './limits/redis-connection.ts'
import { buildHttpServer, defaultTimes } from './listen/http.ts'
import { buildMasking } from './masking/build.ts'
import type { TenantKeyStore } from './masking/tenant-keys.ts'
import { makeTenantKeyStore } from './masking/tenant-keys.ts'
import type { GatewayParts } from './parts.ts'
import { Protocols } from './protocols/find.ts'
import { Readiness } from './readiness.ts'
import type { GatewayTelemetry } from './telemetry.ts'
import { makeTelemetry, toCause, toSafeFields } from './telemetry.ts'
import { buildCountTokens } from './tokens/count-input.ts'
import { buildCountOutput } from './tokens/count-output.ts'
import { Tokenizers } from './tokens/tokenizers.ts'
import type { Upstreams } from './upstream/forward.ts'
import { buildForward, buildUpstreams } from './upstream/forward.ts'
import type { OpaqueRoad } from './upstream/opaque.ts'
import { buildOpaqueRoad } from './upstream/opaque.ts'
import { resolveName } from './upstream/resolve.ts'

export interface Gateway {
  readonly enforcement: Enforcement
  readonly credentials: CredentialStore
  readonly tenantKeys: TenantKeyStore
  /**
   * Resolves when it listens; `stopped` when everything has ended after the signal. `hurry` cuts the calls that are waited for.
   * Rejects when it cannot listen, and leaves nothing running.
   */
  readonly start: (signal: AbortSignal, hurry?: AbortSignal) => Promise<Running>
}

export interface Running {
  readonly port: number
  readonly adminPort: number
  readonly stopped: Promise<void>
}

const maxQueuedRecordBytes = 64 * 1024 * 1024
const recordRetryMs = 1_000

export function buildGateway(parts: GatewayParts): Gateway {
  const { config, clock, registry } = parts
  const telemetry = makeTelemetry(registry, parts.log, () => clock.date().getTime())
  const credentials = makeCredentialStore()
  const tenantKeys = makeTenantKeyStore()
  const enforcement = buildEnforcement(parts, telemetry)
  const readiness = new Readiness(enforcement, clock)
  const records = buildRecords(config, telemetry)
  const upstreams = buildGatewayUpstreams(parts, { telemetry, credentials, enforcement })
  const limits = buildLimits(parts, telemetry)
  const toDeps = (opaque: OpaqueRoad, life: AbortSignal): Deps =>
    buildDeps({ parts, telemetry, enforcement, records, upstreams, limits, tenantKeys, opaque, life })
  const cluster = parts.kube && buildCluster(parts, parts.kube, { enforcement, secrets: [credentials, tenantKeys] })
  if (cluster !== undefined) readiness.follow(cluster.published)
  const stores = { credentials, tenantKeys }
  const built = { parts, toDeps, upstreams, limits, readiness, enforcement, ...stores, records, telemetry, cluster }
  return { enforcement, ...stores, start: async (signal, hurry) => start(built, signal, hurry) }
}

function buildEnforcement({ config, clock, log }: GatewayParts, telemetry: GatewayTelemetry): Enforcement {
  return new Enforcement({
    hash: (text) => `sha256:${createHash('sha256').update(text).digest('hex')}`,
    makeCompiler,
    breathe,
    elapsedMs: clock.monotonicMs,
    keep: async (offer) => {
      if (config.stateFolder === undefined) return
      await writeLastGood(config.stateFolder, offer).catch((error: unknown) => {
        log.warn(toSafeFields({ cause: toCause(error) }), 'the last good bundle could not be kept')
      })
    },
    onChange: telemetry.enforcing,
  })
}

const breathe = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

type UpstreamParts = Pick<Built, 'telemetry' | 'credentials' | 'enforcement'>

function buildGatewayUpstreams({ config, random }: GatewayParts, built: UpstreamParts): Upstreams {
  return buildUpstreams({
    network: () => built.enforcement.enforced?.snapshot.bundle.network ?? { apiServer: [], clusterRanges: [] },
    allowLoopback: config.allowLoopback,
    credentials: built.credentials,
    resolve: resolveName,
    random,
    onEndpointFailure: ({ connection, endpoint, error }) => built.telemetry.endpointFailed(connection, endpoint, error),
  })
}

function buildLimits({ config, clock, random }: GatewayParts, telemetry: GatewayTelemetry): Limits {
  const { limitsRedis } = config
  const connectRedis = limitsRedis && makeConnectRedis(limitsRedis)
  return buildReserve({ clock, random, newId: randomUUID, connectRedis, ...telemetry.limits })
}

type DepsParts = Pick<
  Built,
  'parts' | 'telemetry' | 'enforcement' | 'records' | 'upstreams' | 'limits' | 'tenantKeys'
> & {
  readonly opaque: OpaqueRoad
  readonly life: AbortSignal
}

function buildDeps(built: DepsParts): Deps {
  const { parts, telemetry, enforcement, records, upstreams, limits, opaque, life } = built
  const { config, clock } = parts
  const { makeScan, mask, prepare: prepareMasks } = buildMasking(built.tenantKeys, breathe)
  const { identify, prepare } = buildIdentify({
    clock,
    fetchKeys: makeFetchKeys(parts.kube === undefined ? {} : { apiServer: parts.kube.client.credentials }),
    compileUsername: makeUsernameCompiler(makeCompiler()),
    // A fetch that outlives the gateway finds an issuer that is gone, or nobody to tell.
    onKeys: (event) => {
      if (!life.aborted) telemetry.keys(event)
    },
  })
  const tokenizers = new Tokenizers(telemetry.tokenizerFailed)
  enforcement.onChange(({ enforced }) => {
    if (enforced === undefined) return
    void prepare(enforced.snapshot.settings)
    upstreams.lines.retain(enforced.snapshot.connections.values())
    void tokenizers.load(toTokenizerNames(enforced.snapshot))
    void prepareMasks(enforced.snapshot, life)
  })
  return {
    session: {
      newId: randomUUID,
      nowMs: () => clock.date().getTime(),
      elapsedMs: clock.monotonicMs,
      digestCaller: makeCallerDigest(),
      gateway: config.kubernetes?.podName ?? 'standalone',
    },
    enforced: () => enforcement.enforced,
    protocols: new Protocols(),
    identify,
    countTokens: buildCountTokens(tokenizers),
    makeCountOutput: buildCountOutput(tokenizers),
    makeScan,
    mask,
    reserve: limits.reserve,
    assertRecordable: () => {
      if (records?.isWritable === false) {
        throw new GatewayError('record_unwritable', 'This call cannot be recorded now, so it is not forwarded.')
      }
    },
    forward: buildForward(upstreams),
    forwardOpaque: opaque.forward,
    close: (session, error) => {
      telemetry.inFlight(-1)
      const record = session.toRecord()
      records?.append(record)
      telemetry.called(record, error)
    },
  }
}

interface Built {
  readonly parts: GatewayParts
  readonly toDeps: (opaque: OpaqueRoad, life: AbortSignal) => Deps
  readonly upstreams: Upstreams
  readonly limits: Limits
  readonly readiness: Readiness
  readonly enforcement: Enforcement
  readonly credentials: CredentialStore
  readonly tenantKeys: TenantKeyStore
  readonly records: JsonLinesSink | undefined
  readonly telemetry: GatewayTelemetry
  readonly cluster: Cluster | undefined
}

async function start(built: Built, signal: AbortSignal, hurry = new AbortController().signal): Promise<Running> {
  const { parts, readiness, enforcement, telemetry } = built
  const { config, clock } = parts
  if (config.stateFolder !== undefined) {
    const kept = await readLastGood(config.stateFolder)
    if (kept !== undefined) await enforcement.offer(kept)
  }
  await built.records?.open()
  const life = new AbortController()
  const background = startBackground(built, life.signal)
  const opaque = await buildOpaqueRoad(built.upstreams)
  const deps = built.toDeps(opaque, life.signal)
  const calls = new CallsInFlight()
  const server = buildHttpServer(
    { ...defaultTimes, maxHeaderBytes: config.maxHeaderBytes, draining: () => readiness.isDraining },
    async (exchange) => {
      telemetry.inFlight(1)
      await calls.follow(handle(deps, exchange))
    },
  )
  const admin = buildAdminServer({
    registry: parts.registry,
    live: () => ({ ok: true, lines: ['the event loop answers'] }),
    ready: () => readiness.check(),
  })
  const stop = async (drainMs: number): Promise<void> => {
    readiness.drain()
    await drain({ server, calls, clock, drainMs, hurry })
    life.abort()
    await background
    await opaque.close()
    await built.upstreams.lines.close()
    await built.records?.close()
    admin.closeAllConnections()
    await new Promise((resolve) => admin.close(resolve))
  }
  try {
    await server.listen({ host: config.host, port: config.port }).catch(toListenError('PORTCULLIS_PORT', config.port))
    await listenAdmin(admin, config).catch(toListenError('PORTCULLIS_ADMIN_PORT', config.adminPort))
  } catch (error) {
    await stop(0)
    throw error
  }
  const stopped = stopAfter(signal, async () => stop(config.drainMs))
  return { port: toPort(server.server.address()), adminPort: toPort(admin.address()), stopped }
}

/** Everything that goes on beside the calls, until the signal. */
async function startBackground(built: Built, signal: AbortSignal): Promise<void> {
  const { parts, enforcement, credentials, tenantKeys, limits, cluster } = built
  const { config, clock, log } = parts
  const background: Promise<unknown>[] = [retryRecords(built, signal), limits.start(signal)]
  if (config.bundleFolder !== undefined) {
    const offer = enforcement.offer.bind(enforcement)
    const onRefused: MountedDeps['onRefused'] = (reason, sequence) => {
      log.error(toSafeFields({ reason }), 'the mounted bundle cannot be read')
      if (sequence !== undefined) enforcement.refuse(sequence, reason)
    }
    background.push(watchMounted({ clock, offer, onRefused }, config.bundleFolder, signal))
  }
  if (config.credentialsFolder !== undefined) {
    background.push(credentials.watchMounted(clock, config.credentialsFolder, signal))
  }
  if (config.tenantKeysFolder !== undefined) {
    background.push(tenantKeys.watchMounted(clock, config.tenantKeysFolder, signal))
  }
  if (cluster !== undefined) background.push(cluster.start(signal))
  await Promise.all(background)
}

/** Says which setting to look at; its message is fit for logs. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}

function toListenError(setting: string, port: number): (cause: unknown) => never {
  return (cause) => {
    throw new ListenError(`port ${port} (${setting}) cannot be listened on: ${toCause(cause)}`, { cause })
  }
}

function listenAdmin(admin: Server, config: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    admin.once('error', reject)
    admin.listen(config.adminPort, config.adminHost, resolve)
  })
}

async function stopAfter(signal: AbortSignal, stop: () => Promise<void>): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  await stop()
}

async function retryRecords({ records, parts }: Built, signal: AbortSignal): Promise<void> {
  if (records === undefined) return
  while (!signal.aborted) {
    await sleep(parts.clock, recordRetryMs, signal)
    records.retry()
  }
}

function buildRecords(config: Config, telemetry: GatewayTelemetry): JsonLinesSink | undefined {
  if (config.recordsFile === undefined) return undefined
  return new JsonLinesSink({
    file: config.recordsFile,
    maxQueuedBytes: maxQueuedRecordBytes,
    onFailure: telemetry.recordsFailed,
    onRecovery: telemetry.recordsRecovered,
    onLoss: telemetry.recordsLost,
  })
}

function toTokenizerNames({ connections }: Snapshot): ReadonlySet<string> {
  return new Set([...connections.values()].flatMap(({ tokenizers }) => [...tokenizers.values()]))
}

/** The same caller is the same value in every record, and nobody's name. Identities live as long as their token is cached. */
function makeCallerDigest(): (identity: Identity) => string {
  const known = new WeakMap<Identity, string>()
  return (identity) => {
    const found = known.get(identity)
    if (found !== undefined) return found
    const text = `${identity.issuer}\n${identity.subject}`
    const digest = createHash('sha256').update(text).digest('hex').slice(0, 32)
    known.set(identity, digest)
    return digest
  }
}

function toPort(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0
}
