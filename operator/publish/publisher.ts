// The story of a publication: gather what there is, plan the bundle, write keys, credentials, slots and index, then find out what is wrong
// with each policy. One key, one worker: a change that comes meanwhile runs it again. At once when idle, at most four times a second.
import type { Clock } from '../../kube/clock.ts'
import { isKubeError } from '../../kube/errors.ts'
import type { ResourceStore } from '../../kube/store.ts'
import { bundleConfigMapName } from '../../policy/bundle-config-map.ts'
import { encodeBundle } from '../../policy/bundle-wire.ts'
import type { BundleParts } from '../../policy/bundle-wire.ts'
import type { Bundle } from '../../policy/bundle.ts'
import type { Hash } from '../../policy/digest.ts'
import { toCanonicalJson } from '../../policy/digest.ts'
import type { Settings } from '../../policy/settings.ts'
import { emptySettings } from '../../policy/settings.ts'
import { listDictionaries, maxDictionaries, toTermsKey } from '../inference-policy/references.ts'
import { listReferences } from '../model-connection/references.ts'
import type { Reference } from '../references.ts'
import type { Outcome } from '../runtime/outcome.ts'
import { done } from '../runtime/outcome.ts'
import type { OperatorTelemetry } from '../telemetry.ts'
import type { Published } from './config-maps.ts'
import { readPublished, writeBundle } from './config-maps.ts'
import type { StoredCredentials } from './credentials.ts'
import { planCredentials, readCredentials, writeCredentials } from './credentials.ts'
import type { JudgeCache, JudgeDeps } from './judge.ts'
import { emptyCache, judgePolicies } from './judge.ts'
import type { Plan, World } from './plan.ts'
import { planBundle } from './plan.ts'
import type { Publication } from './publication.ts'
import { toEntryKey } from './publication.ts'
import type { ReferenceReader } from './reference-reader.ts'
import type { Sequence } from './sequence.ts'
import { isOvertaken, nextSequence } from './sequence.ts'
import type { TenantKeySecret } from './tenant-keys.ts'

/** What is in the caches; references are read by the publisher, which knows who names them. */
export type Gathered = Omit<World, 'stateOf' | 'storedSlots' | 'publishedTerms' | 'settings' | 'hash'> & {
  /** Undefined: what stands there is invalid, so the last valid ones stay. */
  readonly settings: Settings | undefined
}

export interface PublisherDeps extends Pick<JudgeDeps, 'makeCompiler' | 'breathe'> {
  readonly store: Pick<ResourceStore, 'get' | 'create' | 'replace'>
  readonly namespace: string
  readonly clock: Clock
  readonly hash: Hash
  /** `lastValid`: for the addresses that depend on settings. */
  readonly gather: (lastValid: Settings) => Promise<Gathered>
  readonly references: ReferenceReader
  readonly tenantKeys: Pick<TenantKeySecret, 'ensure'>
  readonly acked: () => readonly Sequence[]
  readonly publication: Publication
  readonly telemetry: Pick<OperatorTelemetry, 'published' | 'publishFailed'>
  /** Of the index as the cache has it: newer than what this process wrote means that somebody else did. */
  readonly cachedIndexVersion: () => string | undefined
  /** There is a revision to hold acks against. */
  readonly onPublished: () => void
  /** Verdicts are there, or have changed. */
  readonly onJudged: () => void
}

interface Planned {
  readonly plan: Plan
  readonly world: World
  readonly fingerprints: ReadonlyMap<string, string>
}

interface Stored {
  readonly bundle: Published
  readonly credentials: StoredCredentials
}

const minIntervalMs = 250
const firstReadMs = 2_000
/** Old slots stay until every gateway has moved on, but not for ever: a gateway that hangs must not keep a revoked credential. */
const keepUnusedMs = 600_000
/** At tenant keys that people have to repair. */
const lookAgainMs = 15_000

export class Publisher {
  readonly #deps: PublisherDeps
  #stored: Stored | undefined
  #settings: Settings | undefined
  #cache: JudgeCache = emptyCache
  #publishedMs = Number.NEGATIVE_INFINITY
  /** Since when the gateways could have moved on, as far as this process knows. */
  #currentSinceMs: number
  #judged = ''
  #lacksKeys = false

  constructor(deps: PublisherDeps) {
    this.#deps = deps
    this.#currentSinceMs = deps.clock.monotonicMs()
  }

  async publish(signal: AbortSignal): Promise<Outcome> {
    const waitMs = this.#publishedMs + minIntervalMs - this.#deps.clock.monotonicMs()
    if (waitMs > 0) return { type: 'requeueAfter', ms: waitMs }
    if (this.#isForeign()) this.#stored = undefined
    let trouble: unknown
    try {
      const stored = (this.#stored ??= await this.#recover(signal))
      const world = await this.#gather(stored, signal)
      const plan = planBundle(world)
      const fingerprints = toFingerprints(plan.bundle, this.#deps.hash)
      await this.#write(stored, { plan, world, fingerprints }, signal).catch((error: unknown) => (trouble = error))
      // Also when nothing could be written: people should learn of their mistakes all the same.
      await this.#judge(plan, fingerprints)
    } catch (error) {
      trouble ??= error
    }
    if (trouble !== undefined) return this.#toOutcome(trouble)
    return this.#lacksKeys ? { type: 'requeueAfter', ms: lookAgainMs } : done
  }

  /** Deleted or changed by somebody else; a cache that is merely behind shows a lower version. */
  #isForeign(): boolean {
    if (this.#stored === undefined) return false
    const ours = this.#stored.bundle.versions.get(bundleConfigMapName)
    const cached = this.#deps.cachedIndexVersion()
    return cached === undefined ? ours !== undefined : ours === undefined || toNumber(cached) > toNumber(ours)
  }

  async #recover(signal: AbortSignal): Promise<Stored> {
    const bundle = await readPublished(this.#deps, signal)
    const credentials = await readCredentials(this.#deps, signal)
    if (bundle.index !== undefined && bundle.bundle !== undefined && this.#deps.publication.revision === undefined) {
      const fingerprints = toFingerprints(bundle.bundle, this.#deps.hash)
      this.#deps.publication.inherit({
        revision: bundle.index.revision,
        fingerprints,
        nowMs: this.#deps.clock.monotonicMs(),
      })
    }
    return { bundle, credentials }
  }

  async #gather(stored: Stored, signal: AbortSignal): Promise<World> {
    const lastValid = this.#settings ?? stored.bundle.bundle?.settings ?? emptySettings
    const gathered = await this.#deps.gather(lastValid)
    const settings = gathered.settings ?? lastValid
    this.#settings = settings
    await this.#deps.references.follow(listAll(gathered), firstReadMs, signal)
    const storedSlots = new Set(Object.keys(stored.credentials.slots))
    const publishedTerms = (reference: Reference): readonly string[] | undefined =>
      findTerms(stored.bundle.bundle, reference)
    const { stateOf } = this.#deps.references
    return { ...gathered, settings, stateOf, storedSlots, publishedTerms, hash: this.#deps.hash }
  }

  async #write(stored: Stored, { plan, world, fingerprints }: Planned, signal: AbortSignal): Promise<void> {
    const { publication, clock, acked, hash, tenantKeys } = this.#deps
    const tenants = new Set(plan.bundle.connections.map(({ ref }) => ref.namespace))
    this.#lacksKeys = !(await tenantKeys.ensure(tenants, signal))
    const parts = encodeBundle(plan.bundle, hash)
    const current = stored.bundle.index?.revision
    const isPublished =
      current?.digest === parts.digest && stored.bundle.bundle !== undefined && !isOvertaken(current, acked())
    const credentials = await this.#writeCredentials(stored, plan, { world, isPublished })
    this.#stored = { ...stored, credentials }
    if (!isPublished) await this.#writeIndex(this.#stored, plan.bundle, parts)
    const revision = this.#stored.bundle.index?.revision
    if (revision !== undefined) publication.publish({ revision, fingerprints, nowMs: clock.monotonicMs() })
    this.#deps.onPublished()
  }

  async #writeIndex(stored: Stored, bundle: Bundle, parts: BundleParts): Promise<void> {
    const sequence = nextSequence(stored.bundle.sequence, this.#deps.acked())
    const revision = { ...sequence, digest: parts.digest }
    const written = await writeBundle(this.#deps, stored.bundle, { parts, revision, bundle })
    this.#stored = { ...stored, bundle: written }
    this.#publishedMs = this.#deps.clock.monotonicMs()
    this.#currentSinceMs = this.#publishedMs
    this.#deps.telemetry.published(revision, bundle)
  }

  async #writeCredentials(
    stored: Stored,
    plan: Plan,
    { world, isPublished }: { readonly world: World; readonly isPublished: boolean },
  ): Promise<StoredCredentials> {
    const values = new Map<string, string>()
    for (const connection of world.connections) {
      const id = `${connection.metadata.namespace ?? ''}/${connection.metadata.name}`
      const slot = plan.connections.get(id)?.entry.credential?.slot
      const value = this.#valueOf(listReferences(connection.metadata.namespace ?? '', connection.spec))
      if (slot !== undefined && value !== undefined) values.set(slot, value)
    }
    const slots = new Set(plan.bundle.connections.flatMap(({ credential }) => credential?.slot ?? []))
    const isOver = this.#deps.clock.monotonicMs() - this.#currentSinceMs > keepUnusedMs
    const keepUnused = !isPublished || !(this.#deps.publication.isComplete() || isOver)
    const next = planCredentials(stored.credentials.slots, { slots, values, keepUnused })
    return writeCredentials(this.#deps, stored.credentials, next)
  }

  #valueOf(references: readonly Reference[]): string | undefined {
    const credential = references.find(({ purpose }) => purpose === 'Credential')
    return credential === undefined ? undefined : this.#deps.references.valueOf(credential)
  }

  async #judge(plan: Plan, fingerprints: ReadonlyMap<string, string>): Promise<void> {
    const { publication, clock, namespace } = this.#deps
    const deps = { ...this.#deps, nowMs: clock.monotonicMs }
    const { verdicts, cache } = await judgePolicies(deps, plan, namespace, this.#cache)
    this.#cache = cache
    publication.judge({ plan, policies: verdicts, fingerprints })
    const judged = toCanonicalJson([publication.revision, [...verdicts], toVerdicts(plan), [...plan.policyCounts]])
    if (judged === this.#judged) return
    this.#judged = judged
    this.#deps.onJudged()
  }

  /** Whatever was refused: read again what is stored, because somebody may have written it. */
  #toOutcome(error: unknown): Outcome {
    this.#stored = undefined
    // Left to the controller: this process leads no longer, or there is a mistake in it.
    if (!(error instanceof RangeError) && !isKubeError(error)) throw error
    // A first write that lost a race is no trouble; everything else is worth telling.
    if (!isKubeError(error, 'Conflict', 'AlreadyExists', 'Aborted')) {
      this.#deps.publication.fail(error.message)
      this.#deps.telemetry.publishFailed(error.message)
      this.#deps.onJudged()
    }
    return { type: 'retry', reason: error.message, ...(error instanceof RangeError ? { afterMs: 30_000 } : {}) }
  }
}

/** Versions of one resource are numbers that grow. */
function toNumber(version: string): bigint {
  return /^\d{1,30}$/u.test(version) ? BigInt(version) : 0n
}

function toVerdicts({ connections }: Plan): readonly unknown[] {
  return [...connections].map(([id, { verdict }]) => [id, verdict])
}

function listAll({ connections, policies }: Gathered): readonly Reference[] {
  return [
    ...connections.flatMap(({ metadata, spec }) => listReferences(metadata.namespace ?? '', spec)),
    ...policies.flatMap(({ metadata, spec }) =>
      listDictionaries(metadata.namespace ?? '', spec).slice(0, maxDictionaries),
    ),
  ]
}

/** Whichever policy of that namespace names it, they all had the same. */
function findTerms(bundle: Bundle | undefined, reference: Reference): readonly string[] | undefined {
  const key = toTermsKey(reference)
  const named = bundle?.policies.find(
    ({ ref, dictionaries }) => ref.namespace === reference.namespace && dictionaries?.[key] !== undefined,
  )
  return named?.dictionaries?.[key]
}

function toFingerprints(bundle: Bundle, hash: Hash): ReadonlyMap<string, string> {
  const print = (entry: unknown): string => hash(toCanonicalJson(entry))
  return new Map([
    ...bundle.connections.map((entry) => [toEntryKey('ModelConnection', toId(entry)), print(entry)] as const),
    ...bundle.policies.map((entry) => [toEntryKey('InferencePolicy', toId(entry)), print(entry)] as const),
  ])
}

function toId({ ref }: { readonly ref: { readonly namespace: string; readonly name: string } }): string {
  return `${ref.namespace}/${ref.name}`
}
