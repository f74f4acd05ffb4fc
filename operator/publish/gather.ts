// Reads everything that a plan is made of out of the caches, with the two things that are not in one: the Service of the API server,
// and settings that may be wrong.
import type { Clock } from '../../kube/clock.ts'
import { isKubeError } from '../../kube/errors.ts'
import type { ConfigMap } from '../../kube/resource.ts'
import type { ResourceStore } from '../../kube/store.ts'
import type { Problem } from '../../policy/problem.ts'
import type { Settings } from '../../policy/settings.ts'
import type { Service } from '../objects.ts'
import { services } from '../objects.ts'
import type { Caches } from './caches.ts'
import { toNetwork } from './network.ts'
import type { Gathered } from './publisher.ts'
import type { ReadSettings } from './settings-source.ts'
import { readSettings, settingsConfigMapName } from './settings-source.ts'

export interface GatherDeps {
  readonly store: Pick<ResourceStore, 'get'>
  readonly clock: Clock
  readonly caches: Caches
  /** Called when what is wrong with the settings has changed; empty: they are valid again. */
  readonly onSettings: (problems: readonly Problem[], configMap: ConfigMap | undefined) => void
}

export type GatherOptions = Pick<Gathered, 'namespace' | 'reader' | 'clusterDomain' | 'allowLoopback'>

const serviceKnownForMs = 300_000

export class Gatherer {
  readonly #deps: GatherDeps
  readonly #options: GatherOptions
  #service: Service | undefined
  #serviceReadMs = Number.NEGATIVE_INFINITY
  #read: { readonly from: ConfigMap | undefined; readonly settings: ReadSettings } | undefined

  constructor(deps: GatherDeps, options: GatherOptions) {
    this.#deps = deps
    this.#options = options
  }

  async gather(lastValid: Settings): Promise<Gathered> {
    const { caches } = this.#deps
    const read = this.#readSettings()
    const settings = 'settings' in read ? read.settings : undefined
    await this.#readService()
    const apiServer = { service: this.#service, slices: caches.apiServerSlices?.list() ?? [] }
    return {
      ...this.#options,
      settings,
      network: toNetwork(apiServer, settings ?? lastValid),
      connections: caches.connections.list(),
      policies: caches.policies.list(),
    }
  }

  #readSettings(): ReadSettings {
    const from = this.#deps.caches.settings.get(this.#options.namespace, settingsConfigMapName)
    if (this.#read !== undefined && this.#read.from === from) return this.#read.settings
    const settings = readSettings(from)
    this.#read = { from, settings }
    this.#deps.onSettings('problems' in settings ? settings.problems : [], from)
    return settings
  }

  /** Its address never changes while a cluster lives; it is read again now and then all the same. */
  async #readService(): Promise<void> {
    const { store, clock, caches } = this.#deps
    if (caches.apiServerSlices === undefined) return
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#serviceReadMs < serviceKnownForMs) return
    try {
      this.#service = await store.get(services, { namespace: 'default', name: 'kubernetes' })
      this.#serviceReadMs = nowMs
    } catch (error) {
      // Once known, an old answer is better than no publication; the first time there is none to fall back on.
      if (this.#service === undefined || !isKubeError(error)) throw error
    }
  }
}
