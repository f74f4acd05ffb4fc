// The part of a kubelet that gateways as processes need: it mounts the bundle and the credentials for each of them, asks each
// whether it is ready, and publishes the answers as the endpoints of the gateway Service. While the API server is away, mounts and
// endpoints stay as they are.
import { CoreV1Api } from '@kubernetes/client-node'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { allSlotNames, bundleConfigMapName } from '../../policy/bundle-config-map.ts'
import { ignoreStatus } from './api-errors.ts'
import type { Cluster } from './cluster.ts'
import type { PodReference } from './identities.ts'
import { toFiles } from './mount.ts'
import type { Projection } from './projection.ts'
import { writeProjection } from './projection.ts'

export interface Tenant {
  readonly pod: PodReference
  readonly port: number
  readonly adminOrigin: string
  readonly bundleFolder: string
  readonly credentialsFolder: string
}

const namespace = 'portcullis'
const service = 'portcullis-gateway'
const credentialsName = 'portcullis-credentials'
const volumes = [bundleConfigMapName, ...allSlotNames()]
const probeEveryMs = 100
const probeTimeoutMs = 1000
/** A real one takes up to a minute; every probe would be a load on the API server that nobody has. */
const mountEveryMs = 1000

export class Kubelet implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #core: CoreV1Api
  readonly #tenants = new Map<string, Tenant>()
  readonly #ready = new Map<string, boolean>()
  readonly #cutOff = new Set<string>()
  readonly #stop = new AbortController()
  #published = ''
  #mountedMs = Number.NEGATIVE_INFINITY
  #running: Promise<void> = Promise.resolve()
  #mounting: Promise<void> = Promise.resolve()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    this.#core = cluster.client().makeApiClient(CoreV1Api)
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Resolves with everything mounted: a container starts only then. */
  async admit(tenant: Tenant): Promise<void> {
    this.#tenants.set(tenant.pod.name, tenant)
    await this.#mount()
  }

  evict({ name }: Pick<PodReference, 'name'>): void {
    this.#tenants.delete(name)
    this.#ready.delete(name)
  }

  /** The node of this pod is cut off: what was last known of it stays published, whatever becomes of the process. */
  cutOff({ name }: Pick<PodReference, 'name'>): void {
    this.#cutOff.add(name)
  }

  reconnect({ name }: Pick<PodReference, 'name'>): void {
    this.#cutOff.delete(name)
  }

  isReady({ name }: Pick<PodReference, 'name'>): boolean {
    return this.#ready.get(name) === true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      await Promise.all([...this.#tenants.values()].map(async (tenant) => this.#probe(tenant)))
      // The API server may be away, on purpose: the next round tries again.
      await this.#publish().catch(() => (this.#published = ''))
      if (performance.now() - this.#mountedMs > mountEveryMs) await this.#mount().catch(() => {})
      await delay(probeEveryMs, undefined, { signal }).catch(() => {})
    }
  }

  async #probe({ pod, adminOrigin }: Tenant): Promise<void> {
    if (this.#cutOff.has(pod.name)) return
    const reply = await fetch(`${adminOrigin}/readyz`, { signal: AbortSignal.timeout(probeTimeoutMs) }).catch(() => {})
    await reply?.body?.cancel()
    if (this.#tenants.has(pod.name)) this.#ready.set(pod.name, reply?.ok === true)
  }

  async #publish(): Promise<void> {
    const endpoints = [...this.#tenants.values()].map(({ pod, port }) => ({ pod, port, ready: this.isReady(pod) }))
    const next = JSON.stringify(endpoints)
    if (next === this.#published) return
    await this.#cluster.applyEndpointSlice({ namespace, service, endpoints })
    this.#published = next
  }

  /** A folder has one writer at a time. */
  async #mount(): Promise<void> {
    const turn = this.#mounting.then(async () => this.#mountNow())
    this.#mounting = turn.catch(() => {})
    await turn
  }

  async #mountNow(): Promise<void> {
    this.#mountedMs = performance.now()
    const { items } = await this.#core.listNamespacedConfigMap({ namespace })
    const secret = await this.#core.readNamespacedSecret({ namespace, name: credentialsName }).catch(ignoreStatus(404))
    const credentials = toSecretFiles(secret?.data ?? {})
    for (const { bundleFolder, credentialsFolder } of this.#tenants.values()) {
      await writeProjection(credentialsFolder, credentials, new Date())
      for (const name of volumes) {
        const files = toFiles(items, { configMaps: [{ name }] })
        await writeProjection(path.join(bundleFolder, name), files, new Date())
      }
    }
  }
}

function toSecretFiles(data: Readonly<Record<string, string>>): Projection {
  return new Map(Object.entries(data).map(([key, base64]) => [key, Buffer.from(base64, 'base64')]))
}
