// The fast road: a watch on the index tells within milliseconds that there is a newer bundle; the slots it names are then read by
// name. Only the index is watched, because a watch with RBAC by resourceNames takes one name each.
import type { Clock } from '../../kube/clock.ts'
import { sleep } from '../../kube/clock.ts'
import type { FeedDeps } from '../../kube/feed.ts'
import { Reflector } from '../../kube/reflector.ts'
import type { ConfigMap } from '../../kube/resource.ts'
import { configMaps } from '../../kube/resource.ts'
import type { ResourceStore } from '../../kube/store.ts'
import type { BundleIndex, StoredConfigMap } from '../../policy/bundle-config-map.ts'
import { bundleConfigMapName, fromApi, parseIndex, readParts } from '../../policy/bundle-config-map.ts'
import type { Revision } from '../../policy/bundle.ts'
import type { Offer } from './enforcement.ts'
import { gunzipText } from './gunzip.ts'

export interface WatchedDeps extends FeedDeps {
  readonly store: ResourceStore
  readonly clock: Clock
  readonly namespace: string
  readonly offer: (offer: Offer) => Promise<void>
  /** `sequence` where that much could be read. */
  readonly onRefused: (reason: string, sequence: Pick<Revision, 'epoch' | 'n'> | undefined) => void
}

const retryMs = 250

export class WatchedBundle {
  readonly reflector: Reflector<ConfigMap>
  readonly #deps: WatchedDeps
  #published: Revision | undefined
  #wake: () => void = () => {}
  #isDirty = false

  constructor(deps: WatchedDeps) {
    this.#deps = deps
    this.reflector = new Reflector(deps, {
      resource: configMaps,
      namespaces: [deps.namespace],
      fields: { 'metadata.name': bundleConfigMapName },
    })
    this.reflector.onChange(() => {
      this.#isDirty = true
      this.#wake()
    })
  }

  /** What the API server says is published; undefined until it was heard, or while there is nothing. */
  get published(): Revision | undefined {
    return this.#published
  }

  async start(signal: AbortSignal): Promise<void> {
    await Promise.all([this.reflector.start(signal), this.#follow(signal)])
  }

  async #follow(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake(), { once: true })
    while (!signal.aborted) {
      if (!this.#isDirty) await new Promise<void>((resolve) => (this.#wake = resolve))
      if (signal.aborted) return
      this.#isDirty = false
      const settled = await this.#readOnce(signal)
      if (settled) continue
      this.#isDirty = true
      await sleep(this.#deps.clock, retryMs, signal)
    }
  }

  /** False: the slots were not readable, or not yet the ones the index names. */
  async #readOnce(signal: AbortSignal): Promise<boolean> {
    const object = this.reflector.get(this.#deps.namespace, bundleConfigMapName)
    if (object === undefined) return true
    const stored = fromApi(object)
    if (stored === undefined) return this.#refuse('the index is damaged', undefined)
    const parsed = parseIndex(stored)
    if ('refused' in parsed) return this.#refuse(parsed.refused, parsed.sequence)
    this.#published = parsed.index.revision
    const slots = await this.#readSlots(parsed.index, stored, signal)
    if (slots === undefined) return false
    const read = readParts(parsed.index, stored, { gunzip: gunzipText, slot: (name) => slots.get(name) })
    if ('waitFor' in read) return false
    if ('refused' in read) return this.#refuse(read.refused, parsed.index.revision)
    await this.#deps.offer({ revision: parsed.index.revision, parts: read.parts })
    return true
  }

  #refuse(...refusal: Parameters<WatchedDeps['onRefused']>): true {
    this.#deps.onRefused(...refusal)
    return true
  }

  async #readSlots(
    index: BundleIndex,
    stored: StoredConfigMap,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, StoredConfigMap> | undefined> {
    const wanted = readParts(index, stored, { gunzip: () => '', slot: () => undefined })
    const names = 'waitFor' in wanted ? wanted.waitFor : []
    try {
      const found = await Promise.all(names.map((name) => readSlot(this.#deps, name, signal)))
      return new Map(found.filter((slot) => slot !== undefined))
    } catch (error) {
      this.#deps.log.warn(
        { error: error instanceof Error ? error.name : 'unknown' },
        'slots of the bundle cannot be read',
      )
      return undefined
    }
  }
}

async function readSlot(
  deps: WatchedDeps,
  name: string,
  signal: AbortSignal,
): Promise<readonly [string, StoredConfigMap] | undefined> {
  const object = await deps.store.get(configMaps, { namespace: deps.namespace, name }, { signal })
  const stored = object && fromApi(object)
  return stored && [name, stored]
}
